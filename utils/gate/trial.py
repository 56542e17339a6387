"""One training of a lab as a value: what is asked for, and what came of it; small enough to send to another machine."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from utils.base import config, machine
from utils.base.errors import CallerError, LabsError

if TYPE_CHECKING:
    from utils.runs.lab import Lab
    from utils.training.results import Evaluation, Fitted

from utils.base.machine import limit_threads, pace

Outcome = dict[str, Any]
"""What came of a trial, as JSON has it; see `run`."""
SPLITS = ("test", "train")
"""On whose rows the metrics are measures."""


@dataclass(frozen=True)
class Trial:
    """One training to be done.

    Attributes:
        lab: the module whose `lab` is trained, `labs.regression.lab`.
        preset: its hyperparameters.
        seed: of weights, shuffling and dropout.
        data: the data set; `auto` may mean another one on another machine.
        changes: hyperparameters that differ from the preset's, as JSON has them.
        altered: a function, `module:name`, from the lab to the one that is trained in its stead; none where empty.
    """

    lab: str
    preset: str
    seed: int
    data: str = "auto"
    changes: Mapping[str, Any] = field(default_factory=dict)
    altered: str = ""

    @property
    def key(self) -> str:
        """A name that no other trial has."""
        asked = json.dumps(asdict(self), sort_keys=True)
        return f"s{self.seed}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"

    def settings(self, lab: Lab) -> Any:
        """The lab's config for this trial.

        Raises:
            CallerError: there is no such preset or field, or a value that the field does not take.
        """
        usual = config.to_json(lab.preset(self.preset, self.data))
        unknown = [name for name in self.changes if name not in usual]
        if unknown:
            raise CallerError(f"{unknown[0]}: the lab {lab.name} has no such hyperparameter", "--help lists them")
        try:
            return config.from_json(lab.config, json.dumps({**usual, **self.changes, "seed": self.seed}))
        except ValidationError as error:
            raise config.config_error(error, f"python -m labs.{lab.name}") from error


def find(trial: Trial) -> Lab:
    """The lab that a trial trains."""
    lab: Lab = importlib.import_module(trial.lab).lab
    if trial.altered:
        module, name = trial.altered.split(":")
        lab = getattr(importlib.import_module(module), name)(lab)
    return lab


def run(trial: Trial, threads: int = 1) -> Outcome:
    """Train and measure in this process, which should be a fresh one: its peak memory is the trial's.

    Args:
        trial: what to do.
        threads: of TensorFlow and of the pictures' warping; a training is bit-identical only with the same number.

    Returns:
        `trial`, and where it ended well `lab`, `data` (name), `simulated`, `unit` (of the metric that the lab is judged
        by), `measures` (name to number: each metric on test and on training rows, the losses of the first and the last
        epoch), `better` (name to the direction), `validation` (metrics there),
        `facts` (what no seed changes), `config`, `seconds` (of fit), `pace` (seconds of a fixed loop beside it),
        `peak_mb`, `versions`, `device`, `git`; else `error` and `hint`.
    """
    from utils.base.keras_import import import_keras

    import_keras()
    limit_threads(threads)
    from utils.runs import harness

    try:
        lab = find(trial)
        settings = trial.settings(lab)
        splits = lab.splits(settings)
        # What is kept on disk (features of a backbone) is made before the clock runs: else a machine's first trial
        # would take many times as long as the next.
        lab.build(settings, splits)

        before = pace()
        fitted = harness.fit(lab, settings, splits, preset=trial.preset)
        outcome = _outcome(fitted, harness.evaluate(fitted))
        outcome["pace"] = (before + pace()) / 2
    except LabsError as error:
        return {"trial": asdict(trial), "error": error.message, "hint": error.hint}
    except MemoryError:
        return {"trial": asdict(trial), "error": "it does not fit in memory", "hint": "give a smaller network or batch"}
    return {"trial": asdict(trial), "threads": threads, **outcome}


def _outcome(fitted: Fitted, evaluation: Evaluation) -> Outcome:
    lab = fitted.lab
    first = next(iter(lab.metrics))
    history = fitted.progress.history
    ends = {"first": history[0], "last": history[-1]}
    losses = {f"{when} {name}": row[name] for when, row in ends.items() for name in ("loss", "val_loss")}
    return {
        "lab": lab.name,
        "data": fitted.splits.source.name,
        "simulated": fitted.splits.source.simulated,
        "unit": lab.metrics[first].unit_of(fitted.splits.unit),
        "measures": {
            **{
                f"{split} {name}": score["value"]
                for split in SPLITS
                for name, score in evaluation.metrics[split].items()
            },
            **losses,
        },
        "validation": {name: score["value"] for name, score in evaluation.metrics["validation"].items()},
        "better": {
            **{f"{split} {name}": metric.better for split in SPLITS for name, metric in lab.metrics.items()},
            **dict.fromkeys(losses, "lower"),
        },
        "facts": facts(fitted, evaluation),
        "config": {
            name: value
            for name, value in config.to_json(fitted.config).items()
            if name not in ("seed", "data", "data_dir")
        },
        "seconds": fitted.seconds["fit"],
        "peak_mb": machine.peak_megabytes(),
        "versions": machine.versions(),
        "device": machine.device()["kind"],
        "git": machine.commit(),
    }


def facts(fitted: Fitted, evaluation: Evaluation) -> dict[str, Any]:
    """What every seed has in common: digest and rows of the data, what the audit found, trainable parameters."""
    from utils.runs.harness import trainable_parameters

    splits, audit = fitted.splits, evaluation.audit
    return {
        "data digest": splits.source.digest,
        **{f"{name} rows": len(part) for name, part in splits.parts().items()},
        "duplicates across splits": audit["duplicates_across_splits"],
        "groups across splits": audit["groups_across_splits"],
        "majority": audit["majority"],
        "trainable parameters": trainable_parameters(fitted.model),
    }
