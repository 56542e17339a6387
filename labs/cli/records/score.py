"""`python -m labs score`: predictions of any source, evaluated as medicine evaluates a test."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from utils.base import text_tables
from utils.base.atomic_files import sha256, staged, write_json
from utils.base.config import STRICT
from utils.base.console import say, show, wrapped
from utils.base.errors import CallerError
from utils.base.paths import printable
from utils.metrics import classification, two_classes
from utils.metrics.prediction_files import Predicted, read
from utils.metrics.prediction_scores import evaluated, mean_auc
from utils.runs import run_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from utils.figures.thresholds import Curve

RECORD, SCHEMA = "score.json", 1
LONGEST = 24
"""Largest number of characters of a name in the title of a figure."""
DRAWN = 10_000_000
"""Number of rows that are drawn in total for the band of a ROC curve."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Score:
    """Evaluate predictions of any source: ROC curves, type 1 and type 2 errors, confusion matrix, with intervals."""

    predictions: Positional[Path]
    """A CSV file: an id, and probabilities per class or task (or of the positive class), or the predicted class."""
    truth: Path
    """A CSV file with the same ids: one column of classes, or a column of 0 and 1 per class or task."""
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Probability from which a row is predicted positive, for two classes or for tasks; defaults to 0.5."""
    positive: str | None = None
    """The class to be found, of two; defaults to the one whose name does not mean healthy."""
    id: str | None = None
    """The column of the ids in both files; defaults to `id` in any case, else to the first column."""
    tasks: bool = False
    """Take the columns of 0 and 1 as separate tasks, even if every row has exactly one 1."""
    scores: bool = False
    """The predictions are any numbers, the larger the more probable: only the AUC and the ROC curve are computed."""
    out: Path | None = None
    """A new folder for the figures, the animated threshold and score.json."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print the evaluation, and save it with its figures if a folder was given."""
        if self.scores and self.threshold is not None:
            raise CallerError(
                "--scores and --threshold exclude each other", "a threshold is compared with probabilities"
            )
        out = self._checked_out()
        found = read(
            self.predictions,
            self.truth,
            key=self.id,
            positive=self.positive,
            tasks=self.tasks,
            scores=self.scores,
        )
        threshold = self._threshold(found)
        results = [evaluated(each, threshold) for each in found]
        record = self._record(found, results, threshold)
        if out is not None:
            with staged(out) as folder:
                record["files"] = save_figures(found, results, threshold, folder, self.truth.name)
                write_json(folder / RECORD, record)
        show(json.dumps(record, indent=2) if self.json else as_text(found, record))
        if out is None:
            say("note: --out FOLDER saves the ROC curves, the confusion matrix and the moving threshold as images")
        elif not self.json:
            show(f"\nfigures and {RECORD}: {printable(str(out))}")
        return 0

    def _checked_out(self) -> Path | None:
        if self.out is None:
            return None
        out = run_folder.named(self.out)
        if (out.exists() and not out.is_dir()) or run_folder.is_not_empty(out):
            raise CallerError(f"--out {out}: it exists and is not an empty folder", "give the name of a new folder")
        return out

    def _threshold(self, found: Sequence[Predicted]) -> float | None:
        """The threshold of two classes, None where there is none.

        Raises:
            CallerError: one is given, but no probabilities of two classes.
        """
        first = found[0]
        if len(first.class_names) == 2 and first.kind == "probabilities":
            return two_classes.HALF if self.threshold is None else self.threshold
        if self.threshold is not None:
            why = "classes" if first.kind == "classes" else f"probabilities of {len(first.class_names)} classes"
            raise CallerError(
                f"--threshold {self.threshold:g}: the predictions are {why}",
                "leave it out; of several classes the most probable one is predicted",
            )
        return None

    def _record(
        self, found: Sequence[Predicted], results: Sequence[Mapping[str, Any]], threshold: float | None
    ) -> dict[str, Any]:
        record: dict[str, Any] = {
            "schema": SCHEMA,
            "predictions": {"file": printable(str(self.predictions)), "digest": sha256(self.predictions)},
            "truth": {"file": printable(str(self.truth)), "digest": sha256(self.truth)},
            "rows": len(found[0].truth),
            "threshold": threshold,
            "tasks": list(results),
        }
        if len(found) > 1:
            record["mean"] = mean_auc(found)
        return record


def as_text(found: Sequence[Predicted], record: Mapping[str, Any]) -> str:
    """The evaluation as tables, which fit the terminal."""
    parts = []
    for each, result in zip(found, record["tasks"], strict=True):
        names = result["class_names"]
        title = f"{each.task}: " if each.task else ""
        kind = f"{len(names)} classes" if len(names) > 2 else f"positive class {names[1]}"
        at = "" if record["threshold"] is None else f", threshold {record['threshold']:g}"
        head = wrapped(f"{title}{record['rows']:,} rows, {kind}{at}")
        rows = [[name, text_tables.interval(value)] for name, value in result["metrics"].items()]
        tables = [head, text_tables.table(["metric", "value, 95 % interval"], rows)]
        if "errors" in result:
            tables += [_errors_table(result["errors"]), _confusion_table(result)]
        parts.append("\n\n".join(tables))
    if record.get("mean"):
        area = text_tables.interval(record["mean"]["auc"])
        parts.append(wrapped(f"mean of the {len(found)} tasks: AUC {area}"))
    return "\n\n\n".join(parts)


def _errors_table(named: Mapping[str, Any]) -> str:
    rows = [
        [
            *([name] if len(named) > 1 else []),
            *(
                f"{each['count']:,} of {each['of']:,}" + ("" if each["rate"] is None else f" ({each['rate']:.1%})")
                for each in (found["type_1"], found["type_2"])
            ),
        ]
        for name, found in named.items()
    ]
    kinds = ["type 1 errors: false positives", "type 2 errors: false negatives"]
    return text_tables.table([*(["class"] if len(named) > 1 else []), *kinds], rows)


def _confusion_table(result: Mapping[str, Any]) -> str:
    names = result["class_names"]
    rows = [
        [name, *(f"{count:,} ({share:.1%})" for count, share in zip(counts, shares, strict=True))]
        for name, counts, shares in zip(names, result["confusion"], result["row_proportions"], strict=True)
    ]
    return text_tables.table(["true class", *(f"predicted {name}" for name in names)], rows)


def save_figures(
    found: Sequence[Predicted],
    results: Sequence[Mapping[str, Any]],
    threshold: float | None,
    folder: Path,
    source: str,
) -> list[str]:
    """Save the figures of all tasks; the names of the files."""
    from utils.figures.thresholds import moving_threshold

    files = []
    for number, (each, result) in enumerate(zip(found, results, strict=True), 1):
        prefix = f"{number}-{re.sub(r'[^A-Za-z0-9_-]+', '_', each.task)}-" if len(found) > 1 else ""
        title = printable(", ".join(map(_short, filter(None, (each.task, source)))))
        for name, figure in _figures(each, result, threshold, title).items():
            figure.savefig(folder / f"{prefix}{name}.png", dpi=150)
            files.append(f"{prefix}{name}.png")
        if len(each.class_names) == 2 and each.kind == "probabilities":
            files.append(f"{prefix}threshold.png")
            made = moving_threshold(each.truth, each.prediction, each.class_names, title=title)
            (folder / files[-1]).write_bytes(made)
    return files


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _figures(found: Predicted, result: Mapping[str, Any], threshold: float | None, title: str) -> dict[str, Figure]:
    from utils.figures import plots
    from utils.figures.thresholds import Point, roc_conventions

    figures: dict[str, Figure] = {}
    two, values = len(found.class_names) == 2, result["metrics"]
    if found.kind != "classes":
        points = []
        if threshold is not None:
            rate = 1 - values["specificity"]["value"]
            points = [Point(rate, values["sensitivity"]["value"], f"threshold {threshold:g}")]
        head = f"ROC curve{'' if two else 's, each class against the rest'}, {title}"
        figures["roc"] = roc_conventions(
            _curves(found), points, title=f"{head}\n{'' if two else 'mean '}AUC {text_tables.interval(values['auc'])}"
        )
    if "confusion" in result:
        note = f"accuracy {text_tables.interval(values['accuracy'])}"
        figures["confusion"] = plots.confusion_matrix(
            result["confusion"],
            found.class_names,
            note=note if threshold is None else f"threshold {threshold:g}\n{note}",
            rows=title,
            cells=plots.ERROR_TYPES if two else (),
        )
    return figures


def _curves(found: Predicted) -> list[Curve]:
    """The ROC curve of two classes with its band, or that of each class that has rows against the rest."""
    from utils.figures.thresholds import Curve

    if len(found.class_names) == 2:
        resamples = int(np.clip(DRAWN // len(found.truth), 50, 500))
        band = two_classes.roc_band(found.truth, found.prediction, resamples=resamples)
        return [Curve.of(found.truth, found.prediction[:, 1], "predictions", band)]
    curves = []
    for number, name in enumerate(found.class_names):
        mine, values = (found.truth == number).astype(int), found.prediction[:, number]
        if mine.any():
            area = classification.auc(mine, np.stack([-values, values], axis=1))
            curves.append(Curve.of(mine, values, f"{name}: AUC {text_tables.number(area)}"))
    return curves
