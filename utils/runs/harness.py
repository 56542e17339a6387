"""Fit, evaluate and save a supervised lab. A notebook calls the three functions; the command line composes them.

Example (with the `lab` of a lab's package):
    config = lab.preset("course")
    splits = lab.splits(config)
    fitted = harness.fit(lab, config, splits)
    evaluation = harness.evaluate(fitted)
    run = harness.save(fitted, evaluation)
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.base.atomic_files import write_json
from utils.base.config import SMOKE_PRESET
from utils.datasets.audit import audit
from utils.datasets.splits import Split, Splits
from utils.export.formats import save_model
from utils.export.parity import FreshProcess, parity_rows
from utils.export.predictor import predictor
from utils.metrics.metric import Measured, Metric, difference, score
from utils.runs import artifacts, predictions
from utils.runs.completion import complete
from utils.runs.hooks import SupervisedHooks
from utils.runs.lab import Request
from utils.runs.record import LABELS, Run
from utils.runs.run_folder import RunFolder, request_of
from utils.training.results import Evaluation, Fitted, Predicts, Report, reporter, silent, usual_report

if TYPE_CHECKING:
    import keras


def fit(
    lab: SupervisedHooks,
    settings: Any,
    splits: Splits,
    *,
    preset: str = "course",
    folder: Path | None = None,
    on_epoch: Report | None = None,
) -> Fitted:
    """Build the lab's network and train it; early stopping and the choice of the epoch use only validation.

    Args:
        lab: what to build.
        settings: the hyperparameters; `settings.seed` determines weights, shuffling and dropout, bit by bit on the same
            machine with the same number of threads.
        splits: the data.
        preset: the name that the run is recorded under.
        folder: for the training state after each epoch, to resume from.
        on_epoch: called after each epoch; a `Reporter` also hears of the stages and of batches. In a notebook it
            defaults to a learning curve that grows.

    Raises:
        CallerError: the loss is not finite.
        MemoryError: the network does not fit in memory.
    """
    start = time.perf_counter()
    report = usual_report() if on_epoch is None else reporter(on_epoch)
    model, progress = lab.train(settings, splits, folder, report)
    earlier = sum(row["seconds"] for row in progress.history[: progress.resumed_at])
    seconds = {"load": splits.load_seconds, "fit": earlier + time.perf_counter() - start}
    report.stage("")
    assembled = lab.assemble(settings, splits, model)
    return Fitted(lab, settings, preset, splits, assembled, model, progress, seconds)


def evaluate(fitted: Fitted, report: Report = silent, *, slow_baselines: bool = True) -> Evaluation:
    """Evaluate the model on every split, and the lab's baselines on the test split.

    Intervals are bootstrap 95 % intervals, by group where the data have groups.

    Args:
        fitted: from `fit`.
        report: a `Reporter` is told of the stage.
        slow_baselines: whether baselines that take long are evaluated, too; with the preset `quick` they never are.
    """
    start = time.perf_counter()
    reporter(report).stage("evaluate")
    lab, splits = fitted.lab, fitted.splits
    live = predictor(fitted.model)
    predicted = {name: _measured(fitted, live, name) for name in splits.parts()}
    threshold = lab.threshold(fitted.config, splits.validation.targets, predicted["validation"])
    metrics = {name: metric.at(threshold) for name, metric in fitted.metrics.items()}
    scores = {name: score(metrics, part.targets, predicted[name], part.groups) for name, part in splits.parts().items()}
    guesses = baselines(lab, fitted.config, splits, fitted.preset, slow=slow_baselines)
    compared = baseline_scores(lab, splits, guesses)
    details = lab.details(splits, predicted["test"], threshold) | lab.inspect(fitted)
    paired = {name: guesses[name] for name in lab.paired if name in guesses}
    if paired:
        details["minus_baseline"] = _minus(metrics, splits.test, predicted["test"], paired)
    seconds = {"evaluate": time.perf_counter() - start}
    return Evaluation(predicted, scores, compared, audit(splits), details, threshold, seconds)


def _minus(metrics: Mapping[str, Metric], test: Split, prediction: Any, guesses: Mapping[str, Any]) -> dict[str, Any]:
    """The model's metrics minus those of baselines on the same rows, with paired bootstrap intervals."""
    ours = Measured(test.targets, prediction, test.groups)
    return {
        name: difference((metrics, Measured(test.targets, guess, test.groups)), (metrics, ours), paired=True)
        for name, guess in guesses.items()
    }


def baselines(lab: SupervisedHooks, config: Any, splits: Splits, preset: str, *, slow: bool = True) -> dict[str, Any]:
    """Test predictions of the lab's baselines, by name; see `evaluate` for `slow`."""
    further = lab.slow_baselines(config, splits) if slow and preset != SMOKE_PRESET else {}
    return {**lab.baselines(config, splits), **further}


def baseline_scores(lab: SupervisedHooks, splits: Splits, guesses: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The lab's metrics of the test predictions of `baselines`, by name of the baseline."""
    metrics = lab.metrics_on(splits.source.name)
    return {
        baseline: {name: metric.function(splits.test.targets, guess) for name, metric in metrics.items()}
        for baseline, guess in guesses.items()
    }


def _measured(fitted: Fitted, live: Predicts, name: str) -> Any:
    """What the metrics of a split use. The test split goes through the very model that is saved."""
    lab, part = fitted.lab, fitted.splits.parts()[name]
    known = None if name == "test" else lab.known(fitted.config, fitted.splits, fitted.trained, part)
    return lab.measure(live, part.inputs, part.targets) if known is None else known


def save(fitted: Fitted, evaluation: Evaluation, out: Path | None = None, *, overwrite: bool = False) -> Run:
    """Write the run: record, history, the model in three formats, figures and card; completely or not at all.

    Args:
        fitted: from `fit`.
        evaluation: from `evaluate`.
        out: the run's folder; defaults to a new one under `models/<lab>/`.
        overwrite: whether an existing run may be replaced.

    Raises:
        CallerError: the folder is taken or cannot be written.
        CheckError: a reloaded model differs from the trained one.
    """
    lab = fitted.lab
    folder = RunFolder.new(lab.name, fitted.config.seed) if out is None else RunFolder(out)
    request = Request(fitted.preset, fitted.config, fitted.splits)
    partial = folder.begin(request_of(lab.name, fitted.preset, fitted.config, fitted.splits), overwrite=overwrite)
    return complete(lab, request, write(fitted, evaluation, partial), folder)


def write(
    fitted: Fitted,
    evaluation: Evaluation,
    folder: Path,
    report: Report = silent,
    process: FreshProcess | None = None,
) -> dict[str, Any]:
    """Write the files of a run into an existing folder, reload the formats in a fresh process, and return the record.

    Args:
        fitted: from `fit`.
        evaluation: from `evaluate`.
        folder: of the run.
        report: a `Reporter` is told of the stages.
        process: one that has been entered before; defaults to a new one.

    Raises:
        CheckError: a reloaded model predicts or measures something else than the trained one.
    """
    start, stage = time.perf_counter(), reporter(report).stage
    lab, test = fitted.lab, fitted.splits.test
    rows = parity_rows(test)
    checked_by = FreshProcess() if process is None else nullcontext(process)
    with checked_by as checking, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stage("save")
        save_model(fitted.model, folder, lab.endpoints(fitted.model))
        artifacts.write_history(folder / "history.csv", fitted.progress)
        write_json(folder / LABELS, artifacts.labels(fitted.splits, evaluation.threshold))
        predictions.save(folder, Measured(test.targets, evaluation.predictions["test"], test.groups))
        stage("figures")
        captions = artifacts.save_figures(folder / "figures", fitted, evaluation)
        stage("check exports")
        parity = checking.check(
            folder,
            artifacts.rows_of(test.inputs, rows),
            artifacts.rows_of(test.targets, rows),
            artifacts.rows_of(evaluation.predictions["test"], rows),
            {name: metric.at(evaluation.threshold) for name, metric in fitted.metrics.items()},
            lab.measure,
        )
    seconds = {**fitted.seconds, **evaluation.seconds, "save": time.perf_counter() - start}
    seconds["total"] = sum(seconds.values())
    notes = artifacts.leakage(evaluation) + sorted(
        {str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)}
    )
    drawn = {"figures": list(captions), "captions": captions}
    return artifacts.record(fitted, evaluation, parity=parity, seconds=seconds, warnings=notes, **drawn)


def trainable_parameters(model: keras.Model) -> int:
    """Number of trainable parameters."""
    return int(sum(np.prod(weight.shape) for weight in model.trainable_weights))
