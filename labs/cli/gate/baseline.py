"""`python -m labs baseline`: measure the bands of a lab."""

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
from labs.cli.gate.progress import check_counts, growing, progress
from utils.base import text_tables
from utils.base.console import say, say_progress, show
from utils.base.errors import CallerError, CheckError
from utils.base.paths import child_environment
from utils.datasets import catalog
from utils.gate import bands
from utils.gate.bands import Band
from utils.gate.parallel import outcome_file, outcomes
from utils.gate.trial import Trial
from utils.runs import run_folder


@dataclass(frozen=True)
class Baseline:
    """Measure the bands of a lab over many seeds; `verify` compares later trainings with them."""

    lab: Positional[str]
    """The lab's name."""
    reason: str
    """Why the bands are measured; kept with them."""
    seeds: int = bands.FEWEST_SEEDS
    """Number of seeds per preset, counted from 1."""
    preset: tuple[str, ...] = ("quick", "course")
    """The presets to measure; the bands of other presets are kept."""
    data: str | None = None
    """Data set; defaults to the lab's first one that needs no download."""
    workers: int | None = None
    """Number of trainings at a time, each on one thread; defaults to the number of cores."""
    address: str | None = None
    """Address of a Ray cluster; defaults to this machine."""
    bands: Path = field(default_factory=bands.bands_folder)
    """The folder of the bands."""
    resume: Path | None = None
    """The folder of an interrupted baseline, whose finished trainings are kept."""

    def execute(self) -> int:
        """Train, and write the bands."""
        definition = labs.find_definition(self.lab)
        check_counts(seeds=self.seeds, workers=self.workers)
        if self.seeds < bands.FEWEST_SEEDS:
            raise CallerError(
                f"--seeds: {self.seeds} are too few to estimate a standard deviation",
                f"give at least {bands.FEWEST_SEEDS}",
            )
        if not self.reason.strip():
            raise CallerError("--reason is empty", "say why the bands are measured")
        data = self.data or default_data(self.lab)
        if [entry for entry in catalog.candidates(data, self.lab) if entry.origin == "folder"]:
            raise CallerError(f"--data {data}: a folder of your own", "bands are measured on data that anyone can get")
        for preset in self.preset:
            definition.preset(preset, data)
        of_others = (run_folder.RECORD, run_folder.REQUEST)  # a run, a sweep
        if self.resume is not None and any((self.resume / name).is_file() for name in of_others):
            where = run_folder.runs_folder() / "baselines"
            raise CallerError(f"--resume {self.resume}: this is not a baseline", f"they are in {where}")
        measured: list[Band] = []
        done: list[Trial] = []
        with growing(self.resume, "baselines", self.lab) as folder:
            for preset in self.preset:
                trials = [Trial(labs.lab_module(self.lab), preset, seed, data) for seed in range(1, self.seeds + 1)]
                came = outcomes(trials, folder, workers=self.workers, address=self.address, on_done=progress)
                done += trials
                date = f"{datetime.now(UTC):%Y-%m-%d}"
                say_progress(f"{self.lab} {preset}: the whole command")
                measured.append(
                    bands.band_of(came, reason=self.reason, date=date, command=of_command(self.lab, preset, data))
                )
        self._write(measured)
        for trial in done:
            outcome_file(folder, trial).unlink()
        if not run_folder.is_not_empty(folder):
            folder.rmdir()
        return 0

    def _write(self, measured: Sequence[Band]) -> None:
        """Write the new bands and those of the old ones that they do not replace."""
        new = {(band.preset, band.data, band.device) for band in measured}
        old = bands.read_bands(self.bands, self.lab)
        kept = [band for band in old if (band.preset, band.data, band.device) not in new]
        bands.write_bands(self.bands, self.lab, [*kept, *measured])
        rows = [
            [band.name, name, text_tables.number(statistics.mean(values)), text_tables.number(statistics.stdev(values))]
            for band in measured
            for name, values in band.measures.items()
        ]
        show(text_tables.table(["band", "measure", "mean", "std"], rows, left=(1,)))
        show(f"bands: {bands.bands_file(self.bands, self.lab)}")


def default_data(lab: str) -> str:
    """What a lab runs on without downloads; `auto` for a lab without data sets in the catalogue."""
    entries = catalog.candidates("auto", lab)
    return next((entry.name for entry in entries if entry.origin != "files"), "auto")


def of_command(lab: str, preset: str, data: str) -> dict[str, float]:
    """Wall time in seconds and peak memory in MB of a lab's whole command on all cores, with exports and figures."""
    with tempfile.TemporaryDirectory() as folder:
        words = [*labs.find_definition(lab).program.split()[1:], "--preset", preset, "--out", f"{folder}/run"]
        words = [sys.executable, *words, *([] if data == "auto" else ["--data", data])]
        start = time.perf_counter()
        done = subprocess.run([*words, "--json"], capture_output=True, text=True, env=child_environment())
        seconds = time.perf_counter() - start
    if done.returncode:
        say(done.stderr)
        raise CheckError(
            f"python {' '.join(words[1:])} ended with status {done.returncode}", "its output above says why"
        )
    return {"seconds": seconds, "peak_mb": json.loads(done.stdout)["peak_mb"] or 0.0}
