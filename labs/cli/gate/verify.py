"""`python -m labs verify`: trained metrics held against their bands."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tyro.conf import Positional

import labs
from labs.cli.gate.progress import progress
from utils.base import text_tables
from utils.base.console import say, show
from utils.base.errors import CallerError, CheckError
from utils.datasets import catalog, locate
from utils.gate import bands, verdicts
from utils.gate.bands import Band
from utils.gate.parallel import outcomes
from utils.gate.trial import Trial
from utils.gate.verdicts import Verdict

FIRST_FRESH = 1001
"""Seeds of a verdict, so that they are none of a band's, which are counted from 1."""


@dataclass(frozen=True)
class Verify:
    """Train labs with fresh seeds and hold their metrics, seconds and memory against their bands."""

    labs: Positional[tuple[str, ...]] = ()
    """Names of labs; all where none is given."""
    preset: tuple[str, ...] = ()
    """Only the bands of these presets."""
    data: tuple[str, ...] = ()
    """Only the bands on these data sets; else all whose data are here."""
    seeds: int = 3
    """Fresh seeds of each preset."""
    first_seed: int = FIRST_FRESH
    """The first of them; they count up from it."""
    workers: int | None = None
    """Trainings at a time, each on one thread; all cores where not given."""
    address: str | None = None
    """Of a Ray cluster that trains; else this machine does."""
    bands: Path = field(default_factory=bands.bands_folder)
    """The folder of the bands."""
    junit: Path | None = None
    """Write the verdict to this file too, as JUnit XML."""
    json: bool = False
    """Print the machine's form."""

    def execute(self) -> int:
        """Print the verdict; status 1 where anything moved."""
        if self.seeds < 1:
            raise CallerError(f"--seeds: {self.seeds}", "give at least 1")
        if self.junit is not None and not self.junit.absolute().parent.is_dir():
            raise CallerError(f"--junit {self.junit}: there is no such folder", "make it, or give another name")
        known = [band for name in labs.NAMES for band in bands.read_bands(self.bands, name)]
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
        show(json.dumps([machine_form(each) for each in found], indent=2) if self.json else at_a_glance(found))
        red = [each for each in found if not each.holds]
        if red:
            raise CheckError(
                f"{', '.join(each.band.name for each in red)}: not what the bands hold",
                "; ".join(sentence for each in red for sentence in verdicts.explain(each)),
            )
        return 0

    def _chosen(self, known: Sequence[Band]) -> list[Band]:
        """The bands that were asked for and whose data are here."""
        for name in self.labs:
            labs.find_lab(name)
        asked = [
            band
            for band in known
            if (not self.labs or band.lab in self.labs)
            and (not self.preset or band.preset in self.preset)
            and (not self.data or band.data in self.data)
        ]
        here = []
        for band in asked:
            entry = catalog.find(band.data)
            state = locate.state(entry)
            if state == locate.TO_FETCH:
                say(f"skipped: {band.name}, its data are not here (python -m labs data fetch {band.data})")
            elif locate.lacks_package(entry):
                say(f"skipped: {band.name}, its data are not here ({state})")
            else:
                here.append(band)
        if not here:
            raise CallerError("there is no band to hold anything against", "python -m labs baseline --help")
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
    """Train fresh seeds of each band's preset and hold them against it.

    Args:
        chosen: bands; of those that differ only in the device, the one of the device that trained is held to.
        seeds: of the trials.
        error: chance of a false alarm of one measure.
        altered: see `Trial`.
        folder: where outcomes are kept, so that trainings that are there are not done again; nowhere where None.
        workers: trials at a time.
        address: of a Ray cluster.
    """
    by_trials: dict[tuple[str, str, str], dict[str, Band]] = {}
    for band in chosen:
        by_trials.setdefault((band.lab, band.preset, band.data), {})[band.device] = band
    trials = {
        (lab, preset, data): [Trial(f"labs.{lab}.lab", preset, seed, data, altered=altered) for seed in seeds]
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
    """A line a band with what its lab is judged by, then a line for each measure that moved."""
    rows, moved = [], []
    for each in found:
        first = next(iter(each.held), None)
        rows.append(
            [
                each.band.name,
                f"{len(each.seeds)}",
                first.measure if first else "",
                text_tables.number(first.mean) if first else "none ended",
                f"{text_tables.number(first.low)} to {text_tables.number(first.high)}" if first else "",
                f"{len(each.held) - len(each.moved)} of {len(each.held)}",
                f"{each.seconds:.0f}",
                "holds" if each.holds else "MOVED",
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
    header = ["lab, preset, data", "seeds", "judged by", "mean", "may lie in", "hold", "fit s", ""]
    lines = [text_tables.table(header, rows, left=(2,))]
    if moved:
        lines += ["", text_tables.table(["moved", "measure", "mean", "may lie in", ""], moved, left=(1,))]
    for each in found:
        lines += [f"\n{each.band.name}: {sentence}" for sentence in verdicts.explain(each)]
    return "\n".join(lines)


def machine_form(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON has it."""
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
