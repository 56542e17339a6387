"""One training of a lab as a value that can be sent to another process or machine, and its outcome as JSON."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from utils.base import config, machine
from utils.base.config import Definition
from utils.base.errors import CallerError, CheckError, LabsError

if TYPE_CHECKING:
    from utils.runs.lab import Lab

from utils.base.machine import limit_threads, pace

Outcome = dict[str, Any]
"""The outcome of a trial as JSON; see `run`."""


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        lab: the module whose `lab` is trained, such as `labs.regression.lab`.
        preset: of the hyperparameters.
        seed: of weights, shuffling and dropout.
        data: the data set; `auto` may be another one on another machine.
        changes: hyperparameters that differ from the preset's, as JSON values.
        altered: a function, `module:name`, that returns the lab to train instead of this one; empty for none.
    """

    lab: str
    preset: str
    seed: int
    data: str = "auto"
    changes: Mapping[str, Any] = field(default_factory=dict)
    altered: str = ""

    @property
    def key(self) -> str:
        """A name that identifies the trial."""
        asked = json.dumps(asdict(self), sort_keys=True)
        return f"s{self.seed}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"

    @property
    def where(self) -> str:
        """Lab and seed, for messages."""
        return f"{self.lab} with seed {self.seed}"

    def settings(self, definition: Definition) -> Any:
        """The config of this trial.

        Raises:
            CallerError: there is no such preset or field, or a field does not accept the value.
        """
        usual = config.to_json(definition.preset(self.preset, self.data))
        unknown = [name for name in self.changes if name not in usual]
        if unknown:
            raise CallerError(
                f"{unknown[0]}: the lab {definition.name} has no such hyperparameter",
                f"{definition.program} --help lists them",
            )
        try:
            return config.from_json(definition.config, json.dumps({**usual, **self.changes, "seed": self.seed}))
        except ValidationError as error:
            raise config.config_error(error, definition.program) from error


def defect(trial: Trial, said: str) -> CheckError:
    """A trial raised an exception."""
    return CheckError(f"{trial.where}: {said}", "please report this as a bug; finished trials are kept")


def lost(trial: Trial, times: int) -> CheckError:
    """The process of a trial, or its machine, was lost repeatedly."""
    return CheckError(
        f"{trial.where}: its process was lost {times} times",
        "the machine may need more memory or fewer workers; finished trials are kept",
    )


def find(trial: Trial) -> Lab:
    """The lab that a trial trains."""
    lab: Lab = importlib.import_module(trial.lab).lab
    if trial.altered:
        module, name = trial.altered.split(":")
        lab = getattr(importlib.import_module(module), name)(lab)
    return lab


def run(trial: Trial, threads: int = 1) -> Outcome:
    """Train and evaluate in this process, which should be a new one: its peak memory is the trial's.

    Args:
        trial: what to train.
        threads: of TensorFlow and OpenCV; a training is bit-identical only with the same number.

    Returns:
        `trial`; after a failure `error` and `hint`; otherwise `threads`, `lab`, `data` (name), `simulated`, `kind`,
        `unit`, `measures`, `better`, `validation`, `facts`, `baselines`, `audit` (see `utils.runs.lab.Outcome`),
        `config`, `seconds` (of the training), `pace` (seconds of a fixed loop, measured before and after), `peak_mb`,
        `versions`, `device`, `git`.
    """
    from utils.base.keras_import import import_keras

    import_keras()
    limit_threads(threads)
    try:
        lab = find(trial)
        settings = trial.settings(lab.definition)
        before = pace()
        outcome = lab.trial(settings)
        after = pace()
    except LabsError as error:
        return {"trial": asdict(trial), "error": error.message, "hint": error.hint}
    except MemoryError:
        return {"trial": asdict(trial), "error": "it does not fit in memory", "hint": "use a smaller network or batch"}
    return {
        "trial": asdict(trial),
        "threads": threads,
        "lab": lab.name,
        "data": outcome.source.name,
        "simulated": outcome.source.simulated,
        "kind": outcome.source.kind,
        "unit": outcome.unit,
        "measures": dict(outcome.measures),
        "validation": dict(outcome.validation),
        "better": dict(outcome.better),
        "facts": dict(outcome.facts),
        "baselines": dict(outcome.baselines),
        "audit": dict(outcome.audit),
        "config": {
            name: value for name, value in config.to_json(settings).items() if name not in ("seed", "data", "data_dir")
        },
        "seconds": outcome.seconds,
        "pace": (before + after) / 2,
        "peak_mb": machine.peak_megabytes(),
        "versions": machine.versions(),
        "device": machine.device()["kind"],
        "git": machine.commit(),
    }
