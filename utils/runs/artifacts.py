"""The files and the record of a supervised run."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.base.atomic_files import replacing
from utils.base.named_arrays import each, listed, read
from utils.datasets.catalog import REAL
from utils.datasets.splits import Splits
from utils.datasets.tables.columns import coded
from utils.runs import predictions
from utils.training.results import Evaluation, Fitted, Progress

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

FIGURE_DPI = 150


rows_of = read
"""Some rows of an array or of named arrays, in memory."""


def labels(splits: Splits, threshold: float | None = None) -> dict[str, Any]:
    """The meaning of inputs and outputs, the range of each input column in training, and the threshold."""
    return {
        "features": list(splits.features),
        "categories": {name: list(levels) for name, levels in splits.categories.items()},
        "trained_between": _ranges(splits) if splits.features else {},
        "target": splits.target,
        "unit": splits.unit,
        "class_names": list(splits.class_names),
        "threshold": threshold,
        "input_shape": each(lambda array: list(array.shape[1:]), splits.train.inputs),
        "input_dtype": each(
            lambda array: "string" if array.dtype.kind in "OU" else array.dtype.name, splits.train.inputs
        ),
        "centre": splits.centre,
    }


def _ranges(splits: Splits) -> dict[str, list[float]]:
    values = coded(splits.train.inputs, splits.features, splits.categories)
    low, high = values.min(axis=0), values.max(axis=0)
    return {
        name: [float(low[i]), float(high[i])] for i, name in enumerate(splits.features) if name not in splits.categories
    }


def write_history(path: Path, progress: Progress) -> None:
    """One row per epoch, with the name of its phase where there are several."""
    rows: list[dict[str, Any]] = [dict(row) for row in progress.history]
    if len(progress.phases) > 1:
        names = [name for name, epochs in progress.phases.items() for _ in range(epochs)]
        rows = [{"phase": name, **row} for name, row in zip(names, rows, strict=True)]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def save_figures(folder: Path, fitted: Fitted, evaluation: Evaluation) -> dict[str, str]:
    """Draw the lab's figures into the folder, see `write_figures`."""
    return write_figures(folder, fitted.lab.figures(fitted, evaluation), fitted.splits.source.kind)


def write_figures(folder: Path, figures: Mapping[str, Figure], kind: str) -> dict[str, str]:
    """Write figures into the folder; those of data that are not real are labelled. Captions by file name."""
    folder.mkdir(exist_ok=True)
    captions = {}
    for name, figure in figures.items():
        mark(figure, kind)
        figure.savefig(folder / f"{name}.png", dpi=FIGURE_DPI, bbox_inches="tight" if kind != REAL else None)
        captions[f"{name}.png"] = str(figure.get_label())
    return captions


def mark(figure: Figure, kind: str) -> None:
    """Write above a figure that its data are not real; the saved image must be cropped to what is drawn."""
    if kind != REAL:  # above, where no title is, however long
        figure.text(0.995, 1.0, f"{kind} data", ha="right", va="bottom", fontsize=9, color="#D55E00")


def layer_table(model: keras.Model, depth: int = 0) -> list[dict[str, Any]]:
    """The layers of a model as `summary` lists them, each before those of the model that it is.

    Returns:
        `name`, `kind` (its class), `shape` of the output, `parameters`, and `depth`: in how many models it is nested.
    """
    import keras

    rows: list[dict[str, Any]] = []
    for layer in model.layers:
        shape = ", ".join(map(_shape, keras.tree.flatten(layer.output))) if hasattr(layer, "output") else ""
        about = {"name": layer.name, "kind": type(layer).__name__, "shape": shape}
        rows.append({**about, "parameters": layer.count_params(), "depth": depth})
        if hasattr(layer, "layers"):
            rows += layer_table(layer, depth + 1)
    return rows


def _shape(tensor: Any) -> str:
    """`(rows, 28, any)`; a size that the model leaves open is any."""
    rows, *sizes = ("any" if size is None else str(size) for size in tensor.shape)
    return f"({', '.join(['rows' if rows == 'any' else rows, *sizes])})"


def leakage(evaluation: Evaluation) -> list[str]:
    """A warning where groups of the test split are also in training or validation."""
    rows = evaluation.audit["test_rows_of_trained_groups"]
    if not rows:
        return []
    tested = len(listed(evaluation.predictions["test"])[0])
    return [f"this split leaks: {rows / tested:.0%} of the test rows have their group in training or validation"]


def record(fitted: Fitted, evaluation: Evaluation, **facts: Any) -> dict[str, Any]:
    """The lab's part of `run.json`; see `Lab.run`."""
    splits, lab = fitted.splits, fitted.lab
    return {
        "data": {
            "rows": {name: len(part) for name, part in splits.parts().items()},
            "test_digest": predictions.digest_of_rows(splits.test, splits.source),
        },
        "metrics": {name: evaluation.metrics[name] for name in ("test", "validation", "train")},
        "units": {name: metric.unit_of(splits.unit) for name, metric in fitted.metrics.items()},
        "baselines": evaluation.baselines,
        "audit": evaluation.audit,
        "classes": list(splits.class_names),
        "threshold": evaluation.threshold,
        "details": evaluation.details,
        "remarks": list(lab.remarks(evaluation.details)),
        "kept_epoch": fitted.kept_epoch,
        "epochs_run": len(fitted.progress.history),
        "phases": fitted.progress.phases,
        "resumed_at": fitted.progress.resumed_at,
        "layers": layer_table(fitted.model),
        "parameters": int(sum(np.prod(weight.shape) for weight in fitted.model.trainable_weights)),
        **facts,
    }
