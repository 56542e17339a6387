"""Choose on validation the settings in which a `course` preset differs from its course, and measure the course's own.

    python -m benchmarks.course_settings LAB [--trials DIR]

Each value of the setting is trained with several seeds, with the lab's default data and the other settings of `course`.
The value with the lowest validation loss of its worst seed is chosen. Test metrics are recorded for the page; they
choose nothing.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

import labs
from benchmarks.pages.results import record
from labs.cli import options
from labs.cli.gate.baseline import default_data
from labs.cli.gate.progress import progress
from labs.cli.main import status_of
from utils.base.errors import CallerError
from utils.gate.parallel import outcomes
from utils.gate.trial import Outcome, Trial

THREE, SIX, TEN = 3, 6, 10
LOSS = "log_loss"


@dataclass(frozen=True)
class Setting:
    """A hyperparameter in which `course` differs from the course.

    Attributes:
        name: of the hyperparameter.
        course: the course's own value.
        seeds: by candidate, the number of seeds, counted from 1; more for the course's own value if it fails on some.
    """

    name: str
    course: float
    seeds: Mapping[float, int]


SETTINGS = {
    "pneumonia": Setting("learning_rate", 5e-3, {1e-3: SIX, 2e-3: SIX, 3e-3: SIX, 5e-3: TEN}),
    "galaxy": Setting("epochs", 8, {8: THREE, 16: THREE, 32: THREE, 48: THREE}),
}


def measured(lab: str, setting: Setting, folder: Path) -> dict[str, Any]:
    """The validation and test metrics of each candidate, and the chosen one."""
    module, data = labs.lab_module(lab), default_data(lab)
    trials = {
        value: [Trial(module, "course", seed, data, {setting.name: value}) for seed in range(1, seeds + 1)]
        for value, seeds in setting.seeds.items()
    }
    came = iter(outcomes([trial for some in trials.values() for trial in some], folder, on_done=progress))
    found = {value: summary([next(came) for _ in some]) for value, some in trials.items()}
    fewest = min(setting.seeds.values())
    chosen = min(found, key=lambda value: max(found[value]["validation"][LOSS][:fewest]))
    return {
        "setting": setting.name,
        "course": setting.course,
        "data": data,
        "chosen": chosen,
        "values": {f"{value:g}": figures for value, figures in found.items()},
    }


def summary(came: Sequence[Outcome]) -> dict[str, Any]:
    """The metrics of the seeds of one candidate, and the median duration of its training."""
    tests = [{name.removeprefix("test "): value for name, value in each["measures"].items()} for each in came]
    metrics = list(came[0]["validation"])
    return {
        "seeds": len(came),
        "validation": {name: [each["validation"][name] for each in came] for name in metrics},
        "test": {name: [each[name] for each in tests] for name in metrics},
        "fit_seconds": statistics.median(each["seconds"] for each in came),
    }


@dataclass(frozen=True)
class Choose:
    """Choose on validation the setting in which `course` differs from the course."""

    lab: Positional[str]
    """Name of the lab."""
    trials: Path | None = None
    """Keep the trainings in this folder, all of one state of the code; those in it are not repeated."""

    def execute(self) -> int:
        """Measure and record.

        Raises:
            CallerError: an unknown lab.
        """
        if self.lab not in SETTINGS:
            raise CallerError(f"there is no setting of the lab {self.lab}", f"choose from: {', '.join(SETTINGS)}")
        with ExitStack() as stack:
            folder = self.trials or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            record(f"course_{self.lab}", measured(self.lab, SETTINGS[self.lab], folder))
        return 0


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Choose, sys.argv[1:], "python -m benchmarks.course_settings")))
