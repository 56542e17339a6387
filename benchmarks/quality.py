"""Measure the quality of a lab: its presets over several seeds on its data sets, and its evaluation protocols.

    python -m benchmarks.quality LAB
    python -m benchmarks.quality LAB DATA… DATA/PRESET…
    python -m benchmarks.quality LAB --baselines …

LABS_MIRROR must name a mirror with the data sets; benchmarks/README.md gives the duration for each lab. If data sets or
single presets are named, only those are measured again. After a change of a baseline, `--baselines` measures the
baselines again and keeps the rest, so that nothing is trained. The pages take all numbers from what this script
records.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from tyro.conf import Positional

from benchmarks.pages.results import COMMIT, FOLDER, record
from labs import find_definition, find_lab
from labs.cli import options
from labs.cli.main import status_of
from labs.cli.train import RunOptions, configured
from utils.base import machine
from utils.base.errors import CallerError
from utils.base.keras_import import import_keras
from utils.base.paths import ROOT

Seeds = dict[str, tuple[int, ...]]

TEN, FIVE, THREE, ONE = tuple(range(7, 17)), (7, 8, 9, 10, 11), (7, 8, 9), (7,)
FASHION_MLP = "best --network mlp --units 512 --epochs 20 --learning-rate 1e-3 --label-smoothing 0"
RANDOM_BEST = "best --validation-fraction 0.03"
OTHER_NETWORKS = ("plain", "additive", "transformer")
SEEDS: dict[str, dict[str, Seeds]] = {
    "regression": {
        "concrete": {"quick": TEN, "course": FIVE, "best": FIVE},
        "bike-sharing": {"course": THREE, "best": THREE},
    },
    "classification": {
        "mnist-5k": {"quick": TEN, "course": FIVE, "best": THREE},
        "fashion-mnist": {"course": ONE, "best": ONE, FASHION_MLP: ONE},
        "mnist": {"course": ONE, "best": ONE},
        "car-evaluation": {"course": FIVE, "best": FIVE},
        "admissions": {"course": ONE, "best": ONE},  # over splits: benchmarks.admissions
    },
    "pneumonia": {
        "chest-xray-128": {"course": THREE, "best": ONE},
        "chest-xray": {"course": ONE, "best": ONE},
        "pneumoniamnist": {"course": ONE, "best": ONE},
        "simulated-radiographs": {"best": ONE},
    },
    "galaxy": {
        "simulated-galaxies": {"course": ONE, "best": ONE},
        "galaxy-zoo": {"course": ONE, "best": ONE},
    },
    "music": {
        "oneills": {
            "quick": THREE,
            "course": ONE,
            "course --from-beginnings": ONE,
            "course --memory 200": ONE,
            "best": ONE,
        },
        "ryans": {"course": ONE},
        "irish": {"course": ONE},
    },
    "transfer": {
        "elpv": {"course": THREE, "best": ONE},
        "elpv-random": {"course": THREE, RANDOM_BEST: THREE},
        "hymenoptera": {"course": THREE},
        "chest-xray": {"best": ONE},
        "galaxy-zoo": {"course": ONE, "best": ONE},
    },
    "sentiment": {
        "imdb": dict.fromkeys(("best", "course", "wide", "average", "attention", "course-mlp"), ONE),
        "rotten-tomatoes": {"best": ONE, "wide": ONE},
    },
    "language": {
        # The bands have more seeds of quick and course.
        "shakespeare": dict.fromkeys(("quick", "course", "lstm", "transformer", "best"), ONE),
        **{name: {"course": ONE, "best": ONE} for name in ("seinfeld", "moes-tavern")},
        **{name: {"best": ONE} for name in ("plays", "anna")},
    },
    "translation": {
        "dates": dict.fromkeys(("course", *(f"course --network {name}" for name in OTHER_NETWORKS), "best"), ONE),
        **{name: {"best": ONE, "best --network plain": ONE} for name in ("numbers", "reverse", "sort")},
        "multi30k": {"best": ONE},
    },
    "foundations": {
        "bike-sharing": {"quick": ONE, "course": ONE, "best": ONE},
        "admissions": {"course": ONE},
        "mnist-5k": {"course": ONE, "best": ONE},
    },
}
"""The seeds by lab, data set and preset; options may follow a preset. The large sets take ten minutes per run."""
SPLITS = 20
"""Number of splits of each protocol."""
FOLDERS = {"chest-xray": "chest_xray_224", "galaxy-zoo": "galaxy_zoo_spiral", "hymenoptera": "hymenoptera"}
"""The folder in the mirror of each data set that is a folder of images."""
OPTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("transfer", "elpv-random"): ("--data", "elpv", "--split", "random"),
    # The files of one child, identified by their names as in the pneumonia lab.
    ("transfer", "chest-xray"): ("--group", r"person\d+_(bacteria|virus)|(NORMAL\d*-)?IM-\d+"),
}
"""Additional options of a lab for a data set, instead of its name if they include --data."""
PAGE_FIGURES: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {
    "classification": {("mnist-5k", "best"): ("wrong.png",)},
    "pneumonia": {("chest-xray", "best"): ("roc.png", "thresholds.png")},
    "galaxy": {("simulated-galaxies", "best"): ("feature_maps.png",)},
    "language": {("shakespeare", "best"): ("learning_curves.png", "n_grams.png", "positions.png")},
    "music": {("oneills", "best"): ("sureness.png", "intervals.png", "tune.png")},
    "transfer": {("elpv", "best"): ("grad_cam.png", "learning_curves.png")},
    "translation": {("dates", "course"): ("attention.png",)},
    "sentiment": {("imdb", "attention"): ("explanation.png",), ("imdb", "best"): ("negation.png",)},
}
"""Figures of a run that the page of the lab shows."""
LISTED = ("by_length",)
"""Lists of a run's details that a page shows."""
LARGEST_WIDTH = 900


def called(*words: str) -> tuple[dict[str, Any], float]:
    """The output of `python -m words … --json`, and the wall time in seconds."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *words, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout), time.perf_counter() - start


def preset(lab: str, data: str, name: str, seeds: tuple[int, ...]) -> dict[str, Any]:
    """Mean and standard deviation of each test metric over the seeds, with the median duration and memory."""
    out = Path(os.environ["LABS_MODELS"]) / f"{lab}-{data}-{name.replace(' ', '-')}"
    words = (f"labs.{lab}", *source(lab, data), "--preset", *name.split())
    calls = [called(*words, "--seed", str(seed), "--out", f"{out}-{seed}") for seed in seeds]
    for figure in PAGE_FIGURES.get(lab, {}).get((data, name), ()):
        small_copy(Path(f"{out}-{seeds[0]}") / "figures" / figure, ROOT / "labs" / lab / figure)
    runs = [run for run, _ in calls]
    values = {
        metric: [run["metrics"]["test"][metric]["value"] for run in runs] for metric in runs[0]["metrics"]["test"]
    }
    return {
        "seeds": list(seeds),
        "test": {
            metric: {"mean": statistics.mean(each), "std": statistics.stdev(each) if len(each) > 1 else None}
            for metric, each in values.items()
        },
        "baselines": runs[0]["baselines"],
        "details": single_values(runs[0]["details"]),
        "parameters": runs[0]["parameters"],
        "wall_seconds": statistics.median(seconds for _, seconds in calls),
        "fit_seconds": statistics.median(run["seconds"]["fit"] for run in runs),
        "cores": machine.cores(),
        "peak_mb": statistics.median(run["peak_mb"] for run in runs),
        "largest_difference": max(form["max_abs_diff"] for run in runs for form in run["parity"].values()),
        "data": runs[0]["data"],
        "device": runs[0]["device"],
        "git": COMMIT,
    }


def with_baselines(lab: str, data: str, name: str, known: dict[str, Any]) -> dict[str, Any]:
    """The recorded figures of a preset with its baselines measured again, without training.

    Raises:
        CallerError: the data are not those of the record.
    """
    import_keras()  # not before: a run must not share the memory with it
    from utils.runs import harness
    from utils.runs.hooks import SupervisedHooks

    words = [*source(lab, data), "--preset", *name.split(), "--seed", str(known["seeds"][0])]
    definition, found = find_definition(lab), find_lab(lab)
    if not isinstance(found, SupervisedHooks):
        raise CallerError(f"{lab} is not a supervised lab", "leave out --baselines")
    kinds: dict[str, type[Any]] = {"run": RunOptions, "hyperparameter": definition.config}
    given = options.parse_given(kinds, words, program=definition.program, description=definition.title)
    preset_name = given["run"]["preset"]
    config = configured(definition, preset_name, given["hyperparameter"])
    splits = found.splits(config)
    now = {"digest": splits.source.digest, "rows": {split: len(part) for split, part in splits.parts().items()}}
    if any(known["data"][key] != value for key, value in now.items()):
        raise CallerError(
            f"{data}/{name}: these are not the data of the record", "measure the network, too: leave out --baselines"
        )
    guesses = harness.baselines(found, config, splits, preset_name)
    scores = harness.baseline_scores(found, splits, guesses)
    return {**known, "baselines": scores, "git_of_baselines": COMMIT}


def small_copy(figure: Path, target: Path) -> None:
    """Copy a figure for a page, scaled down to LARGEST_WIDTH pixels, the width of a page."""
    with Image.open(figure) as image:
        image.thumbnail((LARGEST_WIDTH, 10 * LARGEST_WIDTH))
        image.convert("RGB").save(target, optimize=True)


def source(lab: str, data: str) -> tuple[str, ...]:
    """The options that select a data set."""
    more = OPTIONS.get((lab, data), ())
    if data in FOLDERS:
        return ("--data-dir", str(Path(os.environ["LABS_MIRROR"]) / FOLDERS[data]), *more)
    return more or ("--data", data)


def single_values(details: Any, most: int = 12) -> Any:
    """The scalar values of a run's details, without histograms and matrices, and the lists of LISTED."""
    if not isinstance(details, dict):
        return details
    return {
        name: single_values(value)
        for name, value in details.items()
        if name in LISTED or not (isinstance(value, list) or (isinstance(value, dict) and len(value) > most))
    }


def protocols() -> dict[str, Any]:
    """The two protocols of the regression lab with both presets, on the same splits."""
    found = {}
    for name in ("course", "best"):
        for split in ("mix", "random"):
            words = ("--split", split, "--splits", str(SPLITS), "--preset", name)
            whole, seconds = called("labs.regression", "protocol", *words)
            found[f"{name}_{split}"] = {
                "splits": SPLITS,
                "summary": whole["summary"],
                "rmse": [result["rmse"] for result in whole["results"]],
                "wall_seconds": seconds,
            }
    return found


def merged(lab: str, earlier: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The earlier results by data set and preset, updated with the new ones, in the order of SEEDS."""
    every = {data: {**earlier.get(data, {}), **now.get(data, {})} for data in SEEDS[lab]}
    return {
        data: {name: every[data][name] for name in names if name in every[data]} for data, names in SEEDS[lab].items()
    }


@dataclass(frozen=True)
class Quality:
    """Measure the quality of a lab: its presets over several seeds, and its evaluation protocols."""

    lab: Positional[str]
    """Name of the lab."""
    chosen: Positional[tuple[str, ...]] = ()
    """Only these data sets, or single presets as DATA/PRESET; defaults to all."""
    baselines: bool = False
    """Measure only the baselines again, on the rows of the record, and keep the rest."""

    def execute(self) -> int:
        """Measure and record.

        Raises:
            CallerError: an unknown lab, data set or preset.
        """
        if self.lab not in SEEDS:
            raise CallerError(f"there is no lab {self.lab}", f"choose from: {', '.join(SEEDS)}")
        sets = SEEDS[self.lab]
        names = {name for data, presets in sets.items() for name in (data, *(f"{data}/{each}" for each in presets))}
        if unknown := set(self.chosen) - names:
            raise CallerError(
                f"there is no data set or preset {min(unknown)}", f"choose from: {', '.join(sorted(names))}"
            )
        results: dict[str, Any] = {"data": {}}
        with tempfile.TemporaryDirectory() as models:
            os.environ["LABS_MODELS"] = models
            for data, presets in sets.items():
                for name, seeds in presets.items():
                    if not self.chosen or {data, f"{data}/{name}"} & set(self.chosen):
                        results["data"].setdefault(data, {})[name] = self._measured(data, name, seeds)
            if self.lab == "regression" and not self.chosen and not self.baselines:
                results["protocols"] = protocols()
        # Read only now: other data sets may have been measured in the meantime.
        earlier = earlier_record(self.lab)
        if (self.chosen or self.baselines) and earlier:
            results = {**earlier, "data": merged(self.lab, earlier["data"], results["data"])}
        record(self.lab, results)
        return 0

    def _measured(self, data: str, name: str, seeds: tuple[int, ...]) -> dict[str, Any]:
        if not self.baselines:
            return preset(self.lab, data, name, seeds)
        known = earlier_record(self.lab).get("data", {}).get(data, {}).get(name)
        if known is None:
            raise CallerError(f"{data}/{name} is not recorded yet", "leave out --baselines")
        return with_baselines(self.lab, data, name, known)


def earlier_record(lab: str) -> dict[str, Any]:
    """What is recorded of a lab, or nothing. Unlike `recorded`, none of its numbers are those of bands."""
    file = FOLDER / f"{lab}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Quality, sys.argv[1:], "python -m benchmarks.quality")))
