"""Measure which defects `python -m labs verify` detects, and how often it raises a false alarm.

    python -m benchmarks.gate                             measure and record all defects
    python -m benchmarks.gate --trials DIR                the same; finished trainings in DIR are not repeated
    python -m benchmarks.gate shuffled_labels regression  print the verdict on one defect in one lab

Each defect is put into each lab that it applies to. The lab is trained with the preset `quick` and three new seeds, as
`verify` does. False alarms are counted with the seeds of the bands: three random seeds are compared with the others.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tyro.conf import Positional

import labs
from benchmarks.pages.results import record
from benchmarks.sabotages import CATALOGUE
from labs.cli import options
from labs.cli.gate.verify import FIRST_FRESH, at_a_glance, judge
from labs.cli.main import status_of
from utils.base.console import show
from utils.base.errors import CallerError
from utils.gate import bands, verdicts
from utils.gate.bands import Band
from utils.gate.verdicts import Verdict, explain

SEEDS = range(FIRST_FRESH, FIRST_FRESH + 3)
DRAWS = 4_000
"""Number of random draws of seeds; 200 draws would give the rate of false alarms only to within one percent."""


def quick_bands() -> tuple[list[Band], float]:
    """The bands of the preset `quick`, and the probability of a false alarm per measure that `verify` uses."""
    known = [band for name in labs.NAMES for band in bands.read_bands(bands.bands_folder(), name)]
    return [band for band in known if band.preset == "quick"], verdicts.error_of_each(known)


def sabotaged(name: str, chosen: Sequence[Band], error: float, folder: Path | None) -> list[Verdict]:
    """The verdicts on labs with one defect. Trainings with an outcome in the folder are not repeated."""
    return judge(chosen, SEEDS, error, altered=f"benchmarks.sabotages:{name}", folder=folder)


def false_alarms(chosen: Sequence[Band], error: float) -> int:
    """The number of draws in which a measure of any lab is outside its interval although nothing has changed."""
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(DRAWS):
        alarms += any(not all(one.holds for one in drawn(band, random, error)) for band in chosen)
    return alarms


def drawn(band: Band, random: np.random.Generator, error: float) -> list[verdicts.Comparison]:
    """Compare three random seeds of a band with the other seeds."""
    order = random.permutation(len(band.seeds))
    fresh, kept = order[: len(SEEDS)], order[len(SEEDS) :]

    def of(values: Sequence[float], rows: Any) -> tuple[float, ...]:
        return tuple(values[row] for row in rows)

    rest = replace(
        band,
        seeds=tuple(band.seeds[row] for row in kept),
        measures={name: of(values, kept) for name, values in band.measures.items()},
        turns=of(band.turns, kept),
        peak_mb=of(band.peak_mb, kept),
    )
    outcomes = [
        {
            "measures": {name: values[row] for name, values in band.measures.items()},
            "seconds": band.turns[row],
            "pace": 1.0,
            "peak_mb": band.peak_mb[row],
        }
        for row in fresh
    ]
    return verdicts.compare(rest, outcomes, error)


def measure(folder: Path | None) -> dict[str, Any]:
    """The verdicts on every defect of the catalogue, and the number of false alarms."""
    chosen, error = quick_bands()
    found: dict[str, dict[str, Any]] = {}
    for name, where in CATALOGUE.items():
        judged = sabotaged(name, [band for band in chosen if band.lab in where], error, folder)
        found[name] = {
            each.band.lab: {
                "caught": not each.holds,
                "moved": [one.measure for one in each.moved],
                "changed": [difference.name for difference in each.changed],
                "failed": len(each.failed),
                "explanation": explain(each),
            }
            for each in judged
        }
    every = [each["caught"] for by_lab in found.values() for each in by_lab.values()]
    return {
        "seeds": len(SEEDS),
        "sabotages": found,
        "tried": len(every),
        "caught": sum(every),
        "draws": DRAWS,
        "false_alarms": false_alarms(chosen, error),
        "measures": sum(len(verdicts.compared_measures(band)) for band in chosen),
    }


@dataclass(frozen=True)
class Gate:
    """Measure which defects `python -m labs verify` detects, and how often it raises a false alarm."""

    sabotage: Positional[str | None] = None
    """Print the verdict on this defect only; defaults to measuring and recording all."""
    lab: Positional[str | None] = None
    """Only this lab; defaults to all labs that the defect applies to."""
    trials: Path | None = None
    """Keep the trainings in this folder, all of one state of the code; those in it are not repeated."""

    def execute(self) -> int:
        """Record the measurement, or print a verdict; status 1 if it does not hold.

        Raises:
            CallerError: an unknown defect or lab.
        """
        for name, known in ((self.sabotage, CATALOGUE), (self.lab, labs.NAMES)):
            if name is not None and name not in known:
                raise CallerError(f"unknown name {name}", f"choose from: {', '.join(known)}")
        if self.sabotage is None:
            record("gate", measure(self.trials))
            return 0
        chosen, error = quick_bands()
        applicable = (self.lab,) if self.lab else CATALOGUE[self.sabotage]
        judged = sabotaged(self.sabotage, [band for band in chosen if band.lab in applicable], error, self.trials)
        show(at_a_glance(judged))
        return 0 if all(each.holds for each in judged) else 1


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Gate, sys.argv[1:], "python -m benchmarks.gate")))
