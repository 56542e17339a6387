"""Supervised labs: load, build, fit, evaluate, save, in the way that most labs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from utils.export.formats import open_model
from utils.export.parity import FreshProcess
from utils.metrics.metric import Measured
from utils.runs import harness
from utils.runs.hooks import SupervisedHooks
from utils.runs.lab import JUDGED_SPLITS, Outcome, Request
from utils.runs.record import Run
from utils.training.results import Batch, Evaluation, Fitted, Relay, Report, Row


class SupervisedLab(SupervisedHooks):
    """A lab that trains a network on the rows of splits; see `SupervisedHooks` for what it has to define."""

    def run(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        """Fit, evaluate and write the files of the run; see `Lab.run`."""
        with FreshProcess() as process:
            early = _Forerunner(report, process)
            fitted = harness.fit(
                self, request.config, request.data, preset=request.preset, folder=folder, on_epoch=early
            )
            evaluation = harness.evaluate(fitted, early)
            return harness.write(fitted, evaluation, folder, report, process)

    def trial(self, config: Any) -> Outcome:
        """Fit and evaluate without saving; measures are all metrics on test and training rows, and the losses."""
        splits = self.splits(config)
        # Features of a backbone are cached when a network is built: they must not count as training time.
        self.build(config, splits)
        fitted = harness.fit(self, config, splits)
        return _outcome(self, fitted, harness.evaluate(fitted, slow_baselines=False))

    def measured(self, run: Run, data: Any) -> Measured:
        """The saved model on the rows of `data.test`."""
        test = data.test
        return Measured(test.targets, self.measure(open_model(run.folder), test.inputs, test.targets), test.groups)

    def predict(self, run: Run, inputs: Any) -> Any:
        """Predictions of the saved model."""
        return self.predict_rows(open_model(run.folder), inputs)


SOON, LONG = 5.0, 60.0
"""Seconds: about how long a new process takes to import Keras, and a training beside which it does not wait."""


class _Forerunner(Relay):
    """Starts the process that checks the exports early, so that it imports Keras on another core beside the training.

    While it waits it needs 400 MB. If the training takes long, it is ended, and started again shortly before the end.
    """

    def __init__(self, report: Report, process: FreshProcess) -> None:
        super().__init__(report)
        self._process = process

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:
        self._expect(seconds_left)
        self._report(row, epochs, seconds_left)

    def batch(self, position: Batch) -> None:
        self._expect(position.seconds_left)
        self._report.batch(position)

    def stage(self, name: str) -> None:
        if name in ("build", "evaluate"):
            self._process.start()
        self._report.stage(name)

    def _expect(self, seconds_left: float) -> None:
        if seconds_left <= SOON:
            self._process.start()
        elif seconds_left > LONG:
            self._process.stop()


def _outcome(lab: SupervisedLab, fitted: Fitted, evaluation: Evaluation) -> Outcome:
    first = next(iter(lab.metrics))
    ends = {"first": fitted.progress.history[0], "last": fitted.progress.history[-1]}
    losses = {f"{when} {name}": row[name] for when, row in ends.items() for name in ("loss", "val_loss")}
    metrics = {
        f"{split} {name}": score["value"]
        for split in JUDGED_SPLITS
        for name, score in evaluation.metrics[split].items()
    }
    directions = {f"{split} {name}": metric.better for split in JUDGED_SPLITS for name, metric in lab.metrics.items()}
    return Outcome(
        source=fitted.splits.source,
        unit=lab.metrics[first].unit_of(fitted.splits.unit),
        measures=metrics | losses,
        better={**directions, **dict.fromkeys(losses, "lower")},
        validation={name: score["value"] for name, score in evaluation.metrics["validation"].items()},
        facts=_facts(fitted, evaluation),
        seconds=fitted.seconds["fit"],
        baselines=evaluation.baselines,
        audit=evaluation.audit,
    )


def _facts(fitted: Fitted, evaluation: Evaluation) -> dict[str, Any]:
    """What all seeds have in common."""
    audit = evaluation.audit
    return {
        "data digest": fitted.splits.source.digest,
        **{f"{name} rows": len(part) for name, part in fitted.splits.parts().items()},
        "duplicates across splits": audit["duplicates_across_splits"],
        "groups across splits": audit["groups_across_splits"],
        "majority": audit["majority"],
        "trainable parameters": harness.trainable_parameters(fitted.model),
    }
