"""Choose on validation the settings in which a `course` preset differs from its course, and measure the course's own.

    python -m benchmarks.course_settings LAB [--trials DIR]

Each candidate is trained with several seeds, with the lab's default data and the other settings of `course`. The one
with the lowest validation loss of its worst seed is chosen. Test metrics are recorded for the lab's page; they choose
nothing.
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

THREE, TWENTY = 3, 20
LOSS = "log_loss"


@dataclass(frozen=True)
class Candidate:
    """A setting that is tried: what differs from the lab's `course`, and the number of seeds, counted from 1."""

    changes: Mapping[str, Any]
    seeds: int


def rate(value: float, seeds: int, *, redraw: bool) -> Candidate:
    """A learning rate, with or without initial weights that leave no unit dead."""
    return Candidate({"learning_rate": value, "redraw": redraw}, seeds)


def epochs(number: int, *, mirrored: bool) -> Candidate:
    """A number of epochs, with or without images mirrored at random."""
    flips = ("horizontal_flip", "vertical_flip")
    return Candidate({"epochs": number, **dict.fromkeys(flips, mirrored)}, THREE)


CANDIDATES: dict[str, dict[str, Candidate]] = {
    "pneumonia": {
        **{f"{value:g}": rate(value, TWENTY, redraw=False) for value in (5e-3, 2e-3)},
        **{f"{value:g}, redrawn": rate(value, TWENTY, redraw=True) for value in (1e-3, 1.5e-3, 2e-3)},
    },
    "galaxy": {
        **{f"{number} epochs": epochs(number, mirrored=False) for number in (8, 16, 32)},
        **{f"{number} epochs, mirrored images": epochs(number, mirrored=True) for number in (8, 16, 32)},
    },
}
"""By lab, the course's own setting first."""


def measured(lab: str, folder: Path) -> dict[str, Any]:
    """The validation and test metrics of each candidate, and the chosen one."""
    module, data = labs.lab_module(lab), default_data(lab)
    trials = {
        name: [Trial(module, "course", seed, data, candidate.changes) for seed in range(1, candidate.seeds + 1)]
        for name, candidate in CANDIDATES[lab].items()
    }
    came = iter(outcomes([trial for some in trials.values() for trial in some], folder, on_done=progress))
    found = {name: summary([next(came) for _ in some]) for name, some in trials.items()}
    fewest = min(candidate.seeds for candidate in CANDIDATES[lab].values())
    return {
        "data": data,
        "course": next(iter(found)),
        "chosen": min(found, key=lambda name: max(found[name]["validation"][LOSS][:fewest])),
        "candidates": found,
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
        if self.lab not in CANDIDATES:
            raise CallerError(f"the lab {self.lab} has no candidates", f"choose from: {', '.join(CANDIDATES)}")
        with ExitStack() as stack:
            folder = self.trials or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            record(f"course_{self.lab}", measured(self.lab, folder))
        return 0


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Choose, sys.argv[1:], "python -m benchmarks.course_settings")))
