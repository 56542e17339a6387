"""The one way through: fit, evaluate, save. A notebook calls the three; a lab's command line composes them.

Example (with the `lab` of a lab's package):
    config = lab.preset("course")
    splits = lab.splits(config)
    fitted = harness.fit(lab, config, splits)
    evaluation = harness.evaluate(fitted)
    run = harness.save(fitted, evaluation)
"""

from __future__ import annotations

import csv
import shlex
import time
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from utils.base import config, machine
from utils.base.atomic_files import replacing, write_json
from utils.base.config import Config
from utils.datasets import catalog
from utils.datasets.splits import Split, Splits, audit
from utils.export.formats import save_model
from utils.export.parity import FreshProcess
from utils.export.predictor import predictor
from utils.metrics.metric import score
from utils.runs import run_folder
from utils.runs.card import model_card
from utils.runs.lab import Lab
from utils.runs.record import SCHEMA, Run, digests
from utils.training.batches import Batches, batches
from utils.training.phases import silent, train_phases
from utils.training.results import Evaluation, Fitted, Phase, Predicts, Progress, Report

if TYPE_CHECKING:
    import keras

FIGURE_DPI = 150
PARITY_BYTES = 16_000_000


def fit(
    lab: Lab,
    settings: Config,
    splits: Splits,
    *,
    preset: str = "course",
    folder: Path | None = None,
    out: Path | None = None,
    on_epoch: Report = silent,
) -> Fitted:
    """Build the lab's network and train it; early stopping and the choice of the epoch use validation alone.

    Args:
        lab: what to build.
        settings: its hyperparameters; `settings.seed` decides weights, shuffling and dropout, bit by bit on the same
            machine with the same number of threads.
        splits: the data.
        preset: the name that the run is recorded under.
        folder: a partial folder to keep the state in after each epoch, and to resume from.
        out: the final name of that folder.
        on_epoch: called after each epoch.

    Raises:
        CallerError: the loss is no longer a finite number.
        MemoryError: the network does not fit.
    """
    start = time.perf_counter()
    model, progress = train_phases(phases_of(lab, settings, splits), settings, splits, folder, on_epoch)
    earlier = sum(row["seconds"] for row in progress.history[: progress.resumed_at])
    seconds = {"load": splits.load_seconds, "fit": earlier + time.perf_counter() - start}
    assembled = lab.assemble(settings, splits, model)
    return Fitted(lab, settings, preset, splits, assembled, model, progress, seconds, folder, out)


def phases_of(lab: Lab, settings: Config, splits: Splits) -> list[Phase]:
    """The phases of a lab's training, the first built from nothing."""
    first = Phase(
        lab.phase,
        settings.epochs,
        lambda config, splits, _: lab.build(config, splits),
        lab.compile,
        lab.batches or partial(rows_in_batches, lab),
    )
    return [first, *lab.further(settings, splits)]


def rows_in_batches(lab: Lab, settings: Config, splits: Splits) -> tuple[Batches, Batches]:
    """Training and validation batches of a lab that trains on the rows of its splits."""
    training = batches(splits.train, settings.batch_size, settings.seed, lab.transform(settings))
    return training, batches(splits.validation, 256)


def evaluate(fitted: Fitted) -> Evaluation:
    """Measure the model on every split, and the lab's baselines on test.

    Intervals are bootstrap 95 %, by group where the data have groups.
    """
    start = time.perf_counter()
    lab, splits = fitted.lab, fitted.splits
    live = predictor(fitted.model)
    predictions = {name: _predicted(fitted, live, name) for name in splits.parts()}
    threshold = lab.threshold(fitted.config, splits.validation.targets, predictions["validation"])
    metrics = {name: metric.at(threshold) for name, metric in lab.metrics.items()}
    scores = {
        name: score(metrics, part.targets, predictions[name], part.groups) for name, part in splits.parts().items()
    }
    baselines = {
        baseline: {name: metric.function(splits.test.targets, guess) for name, metric in lab.metrics.items()}
        for baseline, guess in lab.baselines(fitted.config, splits).items()
    }
    details = lab.details(splits, predictions["test"], threshold) | lab.inspect(fitted)
    seconds = {"evaluate": time.perf_counter() - start}
    return Evaluation(predictions, scores, baselines, audit(splits), details, threshold, seconds)


def _predicted(fitted: Fitted, live: Predicts, name: str) -> NDArray[Any]:
    """What is measured of a split. Test goes through the very model that is saved."""
    lab, part = fitted.lab, fitted.splits.parts()[name]
    known = None if name == "test" else lab.known(fitted.config, fitted.splits, fitted.trained, part)
    return lab.measure(live, part.inputs, part.targets) if known is None else known


def save(fitted: Fitted, evaluation: Evaluation, out: Path | None = None, *, overwrite: bool = False) -> Run:
    """Write the run: record, history, the model in three forms, figures, card; whole or not at all.

    The three forms are reloaded in a fresh process, and must predict and measure what the live model does.

    Args:
        fitted: from `fit`.
        evaluation: from `evaluate`.
        out: the run's folder; a new one under `models/<lab>/` where none is given.
        overwrite: whether a run that is there may be replaced.

    Raises:
        CallerError: the folder is taken or cannot be written.
        CheckError: a reloaded model differs.
    """
    start = time.perf_counter()
    final = out or fitted.out or run_folder.new_folder(fitted.lab.name, fitted.config.seed)
    folder = fitted.folder or run_folder.begin(
        final, run_folder.request(fitted.lab.name, fitted.preset, fitted.config, fitted.splits), overwrite=overwrite
    )
    test = fitted.splits.test
    held = _parity_rows(test)
    with FreshProcess() as process, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        save_model(fitted.model, folder, fitted.lab.endpoints(fitted.model))
        _write_history(folder / "history.csv", fitted.progress)
        write_json(folder / "labels.json", labels(fitted.splits, evaluation.threshold))
        figures = _save_figures(folder / "figures", fitted, evaluation)
        parity = process.check(
            folder,
            test.inputs[held],
            test.targets[held],
            evaluation.predictions["test"][held],
            {name: metric.at(evaluation.threshold) for name, metric in fitted.lab.metrics.items()},
            fitted.lab.measure,
        )
    seconds = {**fitted.seconds, **evaluation.seconds, "save": time.perf_counter() - start}
    seconds["total"] = sum(seconds.values())
    notes = _warnings(evaluation) + sorted(
        {str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)}
    )
    record = _record(fitted, evaluation, parity=parity, seconds=seconds, warnings=notes)
    card = model_card(record, fitted.lab.title, _about(fitted.splits), figures, fitted.lab.caution)
    (folder / "README.md").write_text(card, encoding="utf-8")
    record["files"] = digests(folder)
    write_json(folder / run_folder.RECORD, record)
    run_folder.finish(folder, final)
    return Run(final, record)


def _parity_rows(test: Split) -> slice | NDArray[np.intp]:
    """Rows that every form is held to the live model on: all, or of large pictures as many as PARITY_BYTES hold."""
    rows = max(2, PARITY_BYTES // max(1, test.inputs[:1].nbytes))
    return slice(None) if rows >= len(test) else np.linspace(0, len(test) - 1, rows).astype(np.intp)


def command_of(lab: Lab, preset: str, settings: Config) -> str:
    """The command that gives this run again: the preset, and every field that differs from it."""
    words = ["python", "-m", f"labs.{lab.name}", "--preset", preset]
    usual = lab.preset(preset, settings.data, folder=settings.data_dir is not None)
    usual = config.to_json(usual) | {"data": Config.data}
    for name, value in config.to_json(settings).items():
        option = name.replace("_", "-")
        if isinstance(value, bool) and value != usual[name]:
            words.append(f"--{option}" if value else f"--no-{option}")
        elif value != usual[name]:
            words += [f"--{option}", *map(str, value if isinstance(value, tuple) else [value])]
    return shlex.join(words)


def trainable_parameters(model: keras.Model) -> int:
    """How many numbers training changes."""
    return int(sum(np.prod(weight.shape) for weight in model.trainable_weights))


def labels(splits: Splits, threshold: float | None = None) -> dict[str, Any]:
    """What the model's inputs and outputs mean, the range of each input column in training, and the threshold."""
    ranges = {}
    if splits.features:
        rows = splits.train.inputs[:]
        low, high = rows.min(axis=0), rows.max(axis=0)
        ranges = {
            name: [float(low[i]), float(high[i])]
            for i, name in enumerate(splits.features)
            if name not in splits.categories
        }
    return {
        "features": list(splits.features),
        "categories": {name: list(levels) for name, levels in splits.categories.items()},
        "trained_between": ranges,
        "target": splits.target,
        "unit": splits.unit,
        "class_names": list(splits.class_names),
        "threshold": threshold,
        "input_shape": list(splits.train.inputs.shape[1:]),
        "centre": splits.centre,
    }


def _about(splits: Splits) -> dict[str, str]:
    facts = ("title", "licence", "citation", "homepage")
    entry = catalog.catalogue().get(splits.source.name)
    if entry is None:
        return {"title": f"your folder {splits.source.name}", **dict.fromkeys(facts[1:], "")}
    return {name: getattr(entry, name) for name in facts}


def _write_history(path: Path, progress: Progress) -> None:
    """A row an epoch, with the name of its phase where there is more than one."""
    rows: list[dict[str, Any]] = [dict(row) for row in progress.history]
    if len(progress.phases) > 1:
        names = [name for name, epochs in progress.phases.items() for _ in range(epochs)]
        rows = [{"phase": name, **row} for name, row in zip(names, rows, strict=True)]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _save_figures(folder: Path, fitted: Fitted, evaluation: Evaluation) -> list[str]:
    folder.mkdir(exist_ok=True)
    names = []
    for name, figure in fitted.lab.figures(fitted, evaluation).items():
        simulated = fitted.splits.source.simulated
        if simulated:  # above the picture, where no title is, however long; the sheet grows by it
            figure.text(0.995, 1.0, "SIMULATED data", ha="right", va="bottom", fontsize=9, color="#D55E00")
        figure.savefig(folder / f"{name}.png", dpi=FIGURE_DPI, bbox_inches="tight" if simulated else None)
        names.append(f"{name}.png")
    return names


def _warnings(evaluation: Evaluation) -> list[str]:
    rows = evaluation.audit["test_rows_of_trained_groups"]
    if not rows:
        return []
    share = rows / len(evaluation.predictions["test"])
    return [f"this split leaks: {share:.0%} of the test rows have their group in training or validation"]


def _record(fitted: Fitted, evaluation: Evaluation, **facts: Any) -> dict[str, Any]:
    splits = fitted.splits
    model = fitted.model
    return {
        "schema": SCHEMA,
        "lab": fitted.lab.name,
        "preset": fitted.preset,
        "command": command_of(fitted.lab, fitted.preset, fitted.config),
        "seed": fitted.config.seed,
        "config": config.to_json(fitted.config),
        "data": {
            "name": splits.source.name,
            "found": splits.source.found,
            "simulated": splits.source.simulated,
            "digest": splits.source.digest,
            "rows": {name: len(part) for name, part in splits.parts().items()},
        },
        "metrics": {name: evaluation.metrics[name] for name in ("test", "validation", "train")},
        "units": {name: metric.unit_of(splits.unit) for name, metric in fitted.lab.metrics.items()},
        "baselines": evaluation.baselines,
        "audit": evaluation.audit,
        "classes": list(splits.class_names),
        "threshold": evaluation.threshold,
        "details": evaluation.details,
        "remarks": list(fitted.lab.remarks(evaluation.details)),
        "kept_epoch": fitted.kept_epoch,
        "epochs_run": len(fitted.progress.history),
        "phases": fitted.progress.phases,
        "resumed_at": fitted.progress.resumed_at,
        "parameters": trainable_parameters(model),
        **facts,
        "peak_mb": machine.peak_megabytes(),
        "versions": machine.versions(),
        "device": machine.device(),
        "git": machine.commit(),
    }
