"""Supervised labs: load, build, fit, evaluate, save, in the way that most labs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from utils.export.formats import FORMATS, load_model, open_model
from utils.export.parity import FreshProcess
from utils.export.subject import Subject
from utils.metrics.metric import Measured
from utils.runs import harness
from utils.runs.hooks import SupervisedHooks
from utils.runs.lab import JUDGED_SPLITS, Outcome, Request
from utils.runs.record import Run
from utils.training.results import Evaluation, Fitted, Report


class SupervisedLab(SupervisedHooks):
    """A lab that trains a network on the rows of splits; see `SupervisedHooks` for what it has to define."""

    def run(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        """Fit, evaluate and write the files of the run; see `Lab.run`."""
        fitted = harness.fit(self, request.config, request.data, preset=request.preset, folder=folder, on_epoch=report)
        with FreshProcess() as process:  # imports Keras on another core beside the evaluation
            return harness.write(fitted, harness.evaluate(fitted, report), folder, report, process)

    def trial(self, config: Any) -> Outcome:
        """Fit and evaluate without saving; measures are all metrics on test and training rows, and the losses."""
        splits = self.splits(config)
        # Features of a backbone are cached when a network is built: they must not count as training time.
        self.build(config, splits)
        fitted = harness.fit(self, config, splits)
        return _outcome(fitted, harness.evaluate(fitted, slow_baselines=False))

    def measured(self, run: Run, data: Any) -> Measured:
        """The saved model on the rows of `data.test`."""
        test = data.test
        return Measured(
            test.targets, self.measure(open_model(run.path(FORMATS["keras"])), test.inputs, test.targets), test.groups
        )

    def subject(self, run: Run, data: Any) -> Subject:
        """The saved model, and the rows of the splits."""
        model = load_model(run.path(FORMATS["keras"]))
        return Subject(
            model=model,
            test=data.test,
            training=data.train,
            measure=self.measure,
            metrics=self.metrics_of(run),
            recorded=run.record["metrics"]["test"],
            stepped=self.stepped(model),
            tokenized=self.tokenized(model),
            endpoints=self.endpoints(model),
            centre=run.labels.get("centre", 1.0),
        )

    def predict(self, run: Run, inputs: Any) -> Any:
        """Predictions of the saved model."""
        return self.predict_rows(open_model(run.path(FORMATS["keras"])), inputs)


def _outcome(fitted: Fitted, evaluation: Evaluation) -> Outcome:
    known = fitted.metrics
    first = next(iter(known))
    ends = {"first": fitted.progress.history[0], "last": fitted.progress.history[-1]}
    losses = {f"{when} {name}": row[name] for when, row in ends.items() for name in ("loss", "val_loss")}
    metrics = {
        f"{split} {name}": score["value"]
        for split in JUDGED_SPLITS
        for name, score in evaluation.metrics[split].items()
    }
    directions = {f"{split} {name}": metric.better for split in JUDGED_SPLITS for name, metric in known.items()}
    return Outcome(
        source=fitted.splits.source,
        unit=known[first].unit_of(fitted.splits.unit),
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
