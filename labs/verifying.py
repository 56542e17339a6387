"""`python -m labs verify` and `baseline`: trained metrics held against their bands, and the bands measured anew."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tyro.conf import Positional

import labs
from utils import bands, catalog, folders, places, report, verdicts
from utils.bands import Band
from utils.cluster import outcomes
from utils.errors import CallerError, CheckError
from utils.output import say, show
from utils.trials import Outcome, Trial
from utils.verdicts import Verdict

FIRST_FRESH = 1001
"""Seeds of a verdict, so that they are none of a band's, which are counted from 1."""
SECONDS_OF_COMMAND = 3600


def progress(outcome: Outcome, done: int, trials: int, seconds_left: float) -> None:
    """A line a trial on standard error."""
    trial = Trial(**outcome["trial"])
    said = outcome.get("error") or f"fit {outcome['seconds']:.1f} s"
    say(
        f"{done}/{trials}  {trial.lab.split('.')[1]} {trial.preset}, seed {trial.seed}: {said}; "
        f"{seconds_left:.0f} s left"
    )


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
            if places.state(catalog.find(band.data)) == "to fetch":
                say(f"skipped: {band.name}, its data are not here (python -m labs data fetch {band.data})")
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
    workers: int | None = None,
    address: str | None = None,
) -> list[Verdict]:
    """Train fresh seeds of each band's preset and hold them against it.

    Args:
        chosen: bands; of those that differ only in the device, the one of the device that trained is held to.
        seeds: of the trials.
        error: chance of a false alarm of one measure.
        altered: see `Trial`.
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
    with tempfile.TemporaryDirectory() as folder:
        every = [trial for some in trials.values() for trial in some]
        came = iter(outcomes(every, Path(folder), workers=workers, address=address, on_done=progress))
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
                report.number(first.mean) if first else "none ended",
                f"{report.number(first.low)} to {report.number(first.high)}" if first else "",
                f"{len(each.held) - len(each.moved)} of {len(each.held)}",
                f"{each.seconds:.0f}",
                "holds" if each.holds else "MOVED",
            ]
        )
        moved += [
            [each.band.name, held.measure, report.number(held.mean), f"{held.low:.4g} to {held.high:.4g}", held.moved]
            for held in each.moved
        ]
    header = ["lab, preset, data", "seeds", "judged by", "mean", "may lie in", "hold", "fit s", ""]
    lines = [report.table(header, rows, left=(2,))]
    if moved:
        lines += ["", report.table(["moved", "measure", "mean", "may lie in", ""], moved, left=(1,))]
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


@dataclass(frozen=True)
class Baseline:
    """Measure a lab's bands anew: its presets over many seeds, from now on what `verify` holds it against."""

    lab: Positional[str]
    """The lab's name."""
    reason: str
    """Why; it is kept with the bands."""
    seeds: int = bands.FEWEST_SEEDS
    """Of each preset, counted from 1."""
    preset: tuple[str, ...] = ("quick", "course")
    """The presets to measure; the bands of the others stay."""
    data: str | None = None
    """Data set; the lab's default on a bare machine where not given."""
    workers: int | None = None
    """Trainings at a time, each on one thread; all cores where not given."""
    address: str | None = None
    """Of a Ray cluster that trains; else this machine does."""
    bands: Path = field(default_factory=bands.bands_folder)
    """The folder of the bands."""
    resume: Path | None = None
    """The folder of an interrupted baseline: its trainings are not done again."""

    def execute(self) -> int:
        """Train, and write the bands."""
        lab = labs.find_lab(self.lab)
        if self.seeds < bands.FEWEST_SEEDS:
            raise CallerError(
                f"--seeds: {self.seeds} are too few to know a spread by", f"give at least {bands.FEWEST_SEEDS}"
            )
        if not self.reason.strip():
            raise CallerError("--reason: nothing is said", "say why the bands are measured anew")
        data = self.data or default_data(self.lab)
        if catalog.candidates(data, self.lab)[0].origin == "folder":
            raise CallerError(f"--data {data}: a folder of yours", "bands are measured on data that anyone can have")
        for preset in self.preset:
            lab.preset(preset, data)
        measured = []
        with growing(self.resume, "baselines", self.lab) as folder:
            for preset in self.preset:
                trials = [Trial(f"labs.{self.lab}.lab", preset, seed, data) for seed in range(1, self.seeds + 1)]
                came = outcomes(trials, folder, workers=self.workers, address=self.address, on_done=progress)
                date = f"{datetime.now(UTC):%Y-%m-%d}"
                say(f"{self.lab} {preset}: its own command, alone")
                measured.append(
                    bands.band_of(came, reason=self.reason, date=date, command=of_command(self.lab, preset, data))
                )
        self._write(measured)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        return 0

    def _write(self, measured: Sequence[Band]) -> None:
        """The new bands, and of the old ones those that they do not stand for."""
        new = {(band.preset, band.data, band.device) for band in measured}
        old = bands.read_bands(self.bands, self.lab)
        kept = [band for band in old if (band.preset, band.data, band.device) not in new]
        bands.write_bands(self.bands, self.lab, [*kept, *measured])
        rows = [
            [band.name, name, report.number(statistics.mean(values)), report.number(statistics.stdev(values))]
            for band in measured
            for name, values in band.measures.items()
        ]
        show(report.table(["band", "measure", "mean", "s"], rows, left=(1,)))
        show(f"the bands: {bands.bands_file(self.bands, self.lab)}")


def default_data(lab: str) -> str:
    """What a lab runs on where nothing was fetched."""
    entries = catalog.candidates("auto", lab)
    return next(entry.name for entry in entries if entry.origin != "files")


def of_command(lab: str, preset: str, data: str) -> dict[str, float]:
    """Seconds on the wall and peak memory in MB of a lab's own command with all cores, export and figures included."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", f"labs.{lab}", "--preset", preset, "--data", data, "--out", f"{folder}/run"]
        start = time.perf_counter()
        done = subprocess.run([*words, "--json"], capture_output=True, text=True, timeout=SECONDS_OF_COMMAND)
        seconds = time.perf_counter() - start
    if done.returncode:
        say(done.stderr)
        raise CheckError(f"python {' '.join(words[1:])} ended with status {done.returncode}", "its lines above say why")
    return {"seconds": seconds, "peak_mb": json.loads(done.stdout)["peak_mb"] or 0.0}


@contextmanager
def growing(resume: Path | None, kind: str, name: str) -> Iterator[Path]:
    """A folder for the outcomes of trials, locked for this process: a new one under `models/<kind>/`, or an old one.

    Raises:
        CallerError: it cannot be resumed, or another process writes it.
    """
    folder = resume or folders.runs_folder() / kind / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if resume is not None and not resume.is_dir():
        raise CallerError(f"--resume {resume}: there is no such folder", f"they lie in {folders.runs_folder() / kind}")
    if resume is None:
        folders.make_folder(folder, folder)
    if not folders.hold(folder):
        raise CallerError(f"{folder}: another process is writing there", "wait for it to end")
    try:
        yield folder
    except KeyboardInterrupt:
        say(f"\nwhat is done is kept; go on with: the same command and --resume {folder}")
        raise
    finally:
        folders.release(folder)
