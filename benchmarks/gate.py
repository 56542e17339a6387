"""What the gate catches: every sabotage in every lab that it can befall, and how often clean seeds set it off.

    python -m benchmarks.gate                             all, recorded for the documents
    python -m benchmarks.gate --trials DIR                the same, its trainings kept in a folder and continued there
    python -m benchmarks.gate shuffled_labels regression  one, as `python -m labs verify` would tell it

Each lab is trained with its preset quick and three fresh seeds, as `verify` does, with the sabotage in it. False alarms
are counted on the bands' own seeds: three at random are taken for fresh ones and held against the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import labs
from benchmarks.pages.results import record
from benchmarks.sabotages import CATALOGUE
from labs.cli.gate.verify import FIRST_FRESH, at_a_glance, judge
from utils.gate import bands, verdicts
from utils.gate.bands import Band
from utils.gate.verdicts import Verdict, explain

SEEDS = range(FIRST_FRESH, FIRST_FRESH + 3)
DRAWS = 4_000
"""Of clean seeds: of 200, as few as are usual, the share of false alarms is known to one percent only."""


def quick_bands() -> tuple[list[Band], float]:
    """Of every lab, the band of its preset quick; the chance of a false alarm of one measure, as `verify` has it."""
    known = [band for name in labs.NAMES for band in bands.read_bands(bands.bands_folder(), name)]
    return [band for band in known if band.preset == "quick"], verdicts.error_of_each(known)


def sabotaged(name: str, chosen: Sequence[Band], error: float, folder: Path | None) -> list[Verdict]:
    """The verdicts on labs with one sabotage in them; trainings in the folder are not done again."""
    return judge(chosen, SEEDS, error, altered=f"benchmarks.sabotages:{name}", folder=folder)


def false_alarms(chosen: Sequence[Band], error: float) -> int:
    """Of DRAWS draws, in how many a measure of any lab is red though nothing has moved."""
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(DRAWS):
        alarms += any(not all(held.holds for held in drawn(band, random, error)) for band in chosen)
    return alarms


def drawn(band: Band, random: np.random.Generator, error: float) -> list[verdicts.Comparison]:
    """Some of a band's seeds held against the others."""
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
    """Every sabotage of the catalogue, and the false alarms."""
    chosen, error = quick_bands()
    found: dict[str, dict[str, Any]] = {}
    for name, where in CATALOGUE.items():
        judged = sabotaged(name, [band for band in chosen if band.lab in where], error, folder)
        found[name] = {
            each.band.lab: {
                "caught": not each.holds,
                "moved": [held.measure for held in each.moved],
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


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("sabotage", nargs="?", choices=CATALOGUE)
    reader.add_argument("lab", nargs="?", choices=labs.NAMES)
    reader.add_argument("--trials", type=Path, help="folder of trainings that are kept, all of one state of the code")
    asked = reader.parse_args()
    if asked.sabotage is None:
        record("gate", measure(asked.trials))
        return
    chosen, error = quick_bands()
    where = (asked.lab,) if asked.lab else CATALOGUE[asked.sabotage]
    befallen = [band for band in chosen if band.lab in where]
    judged = sabotaged(asked.sabotage, befallen, error, asked.trials)
    print(at_a_glance(judged))
    sys.exit(0 if all(each.holds for each in judged) else 1)


if __name__ == "__main__":
    main()
