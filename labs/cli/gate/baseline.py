"""`python -m labs baseline`: the bands of a lab measured anew."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tyro.conf import Positional

import labs
from labs.cli.gate.progress import growing, progress
from utils.base import text_tables
from utils.base.console import say, show
from utils.base.errors import CallerError, CheckError
from utils.datasets import catalog
from utils.gate import bands
from utils.gate.bands import Band
from utils.gate.parallel import outcome_file, outcomes
from utils.gate.trial import Trial
from utils.runs import run_folder


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
        measured: list[Band] = []
        done: list[Trial] = []
        with growing(self.resume, "baselines", self.lab) as folder:
            for preset in self.preset:
                trials = [Trial(f"labs.{self.lab}.lab", preset, seed, data) for seed in range(1, self.seeds + 1)]
                came = outcomes(trials, folder, workers=self.workers, address=self.address, on_done=progress)
                done += trials
                date = f"{datetime.now(UTC):%Y-%m-%d}"
                say(f"{self.lab} {preset}: its own command, alone")
                measured.append(
                    bands.band_of(came, reason=self.reason, date=date, command=of_command(self.lab, preset, data))
                )
        self._write(measured)
        for trial in done:
            outcome_file(folder, trial).unlink()
        if not run_folder.holds_something(folder):
            folder.rmdir()
        return 0

    def _write(self, measured: Sequence[Band]) -> None:
        """The new bands, and of the old ones those that they do not stand for."""
        new = {(band.preset, band.data, band.device) for band in measured}
        old = bands.read_bands(self.bands, self.lab)
        kept = [band for band in old if (band.preset, band.data, band.device) not in new]
        bands.write_bands(self.bands, self.lab, [*kept, *measured])
        rows = [
            [band.name, name, text_tables.number(statistics.mean(values)), text_tables.number(statistics.stdev(values))]
            for band in measured
            for name, values in band.measures.items()
        ]
        show(text_tables.table(["band", "measure", "mean", "s"], rows, left=(1,)))
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
        done = subprocess.run([*words, "--json"], capture_output=True, text=True)
        seconds = time.perf_counter() - start
    if done.returncode:
        say(done.stderr)
        raise CheckError(f"python {' '.join(words[1:])} ended with status {done.returncode}", "its lines above say why")
    return {"seconds": seconds, "peak_mb": json.loads(done.stdout)["peak_mb"] or 0.0}
