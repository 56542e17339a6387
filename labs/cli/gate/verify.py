"""`python -m labs verify`: train again and compare the metrics with their bands."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tyro.conf import Positional

import labs
from labs.cli.gate.progress import check_counts, progress
from utils.base import text_tables
from utils.base.console import say, show, wrapped
from utils.base.errors import CallerError, CheckError
from utils.datasets import catalog, locate
from utils.gate import bands, verdicts
from utils.gate.bands import Band
from utils.gate.parallel import outcomes
from utils.gate.trial import Trial
from utils.gate.verdicts import Verdict

FIRST_FRESH = 1001
"""First of the seeds of `verify`; those of the bands are counted from 1."""


@dataclass(frozen=True)
class Verify:
    """Train labs with new seeds and compare their metrics, durations and memory with their bands."""

    labs: Positional[tuple[str, ...]] = ()
    """Names of labs; defaults to all."""
    preset: tuple[str, ...] = ()
    """Only bands of these presets."""
    data: tuple[str, ...] = ()
    """Only bands on these data sets; defaults to all whose data are available."""
    seeds: int = 3
    """Number of new seeds per preset."""
    first_seed: int = FIRST_FRESH
    """The first of these seeds."""
    workers: int | None = None
    """Number of trainings at a time, each on one thread; defaults to the number of cores."""
    address: str | None = None
    """Address of a Ray cluster; defaults to this machine."""
    bands: Path = field(default_factory=bands.bands_folder)
    """The folder of the bands."""
    junit: Path | None = None
    """Also write the verdict to this file, as JUnit XML."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print the verdict; status 1 if anything moved."""
        check_counts(seeds=self.seeds, workers=self.workers)
        if not 0 <= self.first_seed < 2**32 - self.seeds:
            raise CallerError(f"--first-seed: {self.first_seed}", "give a number from 0 to 4,294,957,295")
        if self.junit is not None and not self.junit.absolute().parent.is_dir():
            raise CallerError(f"--junit {self.junit}: there is no such folder", "create it, or give another name")
        known = [
            band for name in dict.fromkeys([*labs.NAMES, *self.labs]) for band in bands.read_bands(self.bands, name)
        ]
        chosen = self._chosen(known)
        found = judge(
            chosen,
            range(self.first_seed, self.first_seed + self.seeds),
            verdicts.error_of_each(known),
            workers=self.workers,
            address=self.address,
        )
        if self.junit is not None:
            verdicts.write_junit(self.junit, found)
        show(json.dumps([as_json(each) for each in found], indent=2) if self.json else at_a_glance(found))
        red = [each for each in found if not each.holds]
        if red:
            raise CheckError(
                f"{', '.join(each.band.name for each in red)}: outside the bands",
                "; ".join(sentence for each in red for sentence in verdicts.explain(each)),
            )
        return 0

    def _chosen(self, known: Sequence[Band]) -> list[Band]:
        """The requested bands whose data are available."""
        for name in self.labs:
            labs.find_definition(name)
        asked = [
            band
            for band in known
            if (not self.labs or band.lab in self.labs)
            and (not self.preset or band.preset in self.preset)
            and (not self.data or band.data in self.data)
        ]
        here = []
        for band in asked:
            entry = catalog.catalogue().get(band.data)  # a lab elsewhere may have data of its own
            state = "" if entry is None else locate.state(entry)
            if state == locate.TO_FETCH:
                say(f"skipped: {band.name}, its data are not available (python -m labs data fetch {band.data})")
            elif entry is not None and locate.lacks_package(entry):
                say(f"skipped: {band.name}, its data are not available ({state})")
            else:
                here.append(band)
        if not here:
            raise CallerError("there are no bands to compare with", "python -m labs baseline --help")
        return here


def judge(
    chosen: Sequence[Band],
    seeds: Sequence[int],
    error: float,
    *,
    altered: str = "",
    folder: Path | None = None,
    workers: int | None = None,
    address: str | None = None,
) -> list[Verdict]:
    """Train each band's preset with new seeds and compare the outcomes with the band.

    Args:
        chosen: bands; of those that differ only in the device, the one of the device that trained is used.
        seeds: of the trials.
        error: chance of a false alarm of one measure.
        altered: see `Trial`.
        folder: where outcomes are kept, so that finished trainings are not repeated; None keeps nothing.
        workers: number of trials at a time.
        address: of a Ray cluster.
    """
    by_trials: dict[tuple[str, str, str], dict[str, Band]] = {}
    for band in chosen:
        by_trials.setdefault((band.lab, band.preset, band.data), {})[band.device] = band
    trials = {
        (lab, preset, data): [Trial(labs.lab_module(lab), preset, seed, data, altered=altered) for seed in seeds]
        for lab, preset, data in by_trials
    }
    with tempfile.TemporaryDirectory() as temporary:
        every = [trial for some in trials.values() for trial in some]
        kept = folder or Path(temporary)
        came = iter(outcomes(every, kept, workers=workers, address=address, on_done=progress))
    found = []
    for which, some in trials.items():
        mine = [next(came) for _ in some]
        device = next((outcome["device"] for outcome in mine if "error" not in outcome), "")
        of_device = by_trials[which]
        found.append(verdicts.verdict(of_device.get(device) or next(iter(of_device.values())), mine, error))
    return found


def at_a_glance(found: Sequence[Verdict]) -> str:
    """One line per band with the metric by which its lab is judged, then one line per measure that moved."""
    rows, moved = [], []
    for each in found:
        first = next(iter(each.held), None)
        rows.append(
            [
                each.band.name,
                f"{len(each.seeds)}",
                first.measure if first else "",
                text_tables.number(first.mean) if first else "all failed",
                f"{text_tables.number(first.low)} to {text_tables.number(first.high)}" if first else "",
                f"{len(each.held) - len(each.moved)} of {len(each.held)}",
                f"{each.seconds:.0f}",
                "ok" if each.holds else "MOVED",
            ]
        )
        moved += [
            [
                each.band.name,
                held.measure,
                text_tables.number(held.mean),
                f"{held.low:.4g} to {held.high:.4g}",
                held.moved,
            ]
            for held in each.moved
        ]
    header = ["lab, preset, data", "seeds", "metric", "mean", "interval", "inside", "fit s", ""]
    lines = [text_tables.table(header, rows, left=(2, 7))]
    if moved:
        lines += ["", text_tables.table(["moved", "measure", "mean", "interval", ""], moved, left=(1, 4), keys=2)]
    for each in found:
        lines += [wrapped(f"\n{each.band.name}: {sentence}") for sentence in verdicts.explain(each)]
    return "\n".join(lines)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON types."""
    return {
        "lab": verdict.band.lab,
        "preset": verdict.band.preset,
        "data": verdict.band.data,
        "seeds": list(verdict.seeds),
        "holds": verdict.holds,
        "measures": [{**asdict(held), "holds": held.holds} for held in verdict.held],
        "differences": [each._asdict() for each in verdict.differences],
        "failed": list(verdict.failed),
        "explanation": verdicts.explain(verdict),
        "seconds": verdict.seconds,
    }
