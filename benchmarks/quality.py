"""What each lab reaches: its presets over several seeds on its data sets, and its protocols, from its command line.

    python -m benchmarks.quality LAB
    python -m benchmarks.quality LAB DATA… DATA/PRESET…

With a mirror of its data sets in LABS_MIRROR; benchmarks/README.md says how long each lab takes. With data sets named,
or single presets on them, only those are measured again. The documents take every number from what this records.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.pages.results import COMMIT, FOLDER, record, recorded
from utils.base.paths import ROOT

Seeds = dict[str, tuple[int, ...]]

TEN, FIVE, THREE, ONE = tuple(range(7, 17)), (7, 8, 9, 10, 11), (7, 8, 9), (7,)
FASHION_MLP = "best --network mlp --units 512 --epochs 20 --learning-rate 1e-3 --label-smoothing 0"
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
        "admissions": {"course": FIVE, "best": FIVE},
    },
    "pneumonia": {
        "simulated-radiographs": {"course": ONE, "best": ONE},
        "pneumoniamnist": {"course": ONE, "best": ONE},
        "chest-xray": {"course": ONE, "best": ONE},
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
        "elpv": {"course": THREE, "best": THREE},
        "elpv-by-module": {"course": THREE},
        "hymenoptera": {"course": THREE},
        "chest-xray": {"best": ONE},
        "galaxy-zoo": {"course": ONE, "best": ONE},
    },
}
"""By lab, data set and preset, with further options behind it. The large sets take ten minutes a run."""
SPLITS = 20
FOLDERS = {"chest-xray": "chest_xray_224", "galaxy-zoo": "galaxy_zoo_spiral", "hymenoptera": "hymenoptera"}
"""Of data sets that are folders of pictures: where they lie in the mirror that LABS_MIRROR names."""
OPTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("transfer", "elpv-by-module"): ("--data", "elpv", "--split", "module"),
    # Files of one child, as the pneumonia lab reads their names.
    ("transfer", "chest-xray"): ("--group", r"person\d+_(bacteria|virus)|(NORMAL\d*-)?IM-\d+"),
}
"""Further options of a lab on a data set, or in place of its name."""
PICTURES: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {
    "classification": {("mnist-5k", "best"): ("wrong.png",)},
    "pneumonia": {("chest-xray", "best"): ("roc.png", "thresholds.png")},
    "galaxy": {("simulated-galaxies", "best"): ("feature_maps.png",)},
    "music": {("oneills", "best"): ("sureness.png", "intervals.png", "tune.png")},
    "transfer": {("elpv", "best"): ("grad_cam.png", "learning_curves.png")},
}
"""Pictures of a run that the lab's page shows."""
WIDEST = 900


def called(*words: str) -> tuple[dict[str, Any], float]:
    """What `python -m words … --json` prints, and its wall time in seconds."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *words, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout), time.perf_counter() - start


def preset(lab: str, data: str, name: str, seeds: tuple[int, ...]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds of each test metric, with median seconds and memory."""
    out = Path(os.environ["LABS_MODELS"]) / f"{lab}-{data}-{name.replace(' ', '-')}"
    words = (f"labs.{lab}", *source(lab, data), "--preset", *name.split())
    calls = [called(*words, "--seed", str(seed), "--out", f"{out}-{seed}") for seed in seeds]
    for picture in PICTURES.get(lab, {}).get((data, name), ()):
        small_copy(Path(f"{out}-{seeds[0]}") / "figures" / picture, ROOT / "labs" / lab / picture)
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
        "details": figures_of(runs[0]["details"]),
        "parameters": runs[0]["parameters"],
        "wall_seconds": statistics.median(seconds for _, seconds in calls),
        "fit_seconds": statistics.median(run["seconds"]["fit"] for run in runs),
        "peak_mb": statistics.median(run["peak_mb"] for run in runs),
        "largest_difference": max(form["max_abs_diff"] for run in runs for form in run["parity"].values()),
        "data": runs[0]["data"],
        "git": COMMIT,
    }


def small_copy(picture: Path, target: Path) -> None:
    """A picture for a page, at most WIDEST pixels wide: half the bytes, and as wide as a page is."""
    with Image.open(picture) as image:
        image.thumbnail((WIDEST, 10 * WIDEST))
        image.convert("RGB").save(target, optimize=True)


def source(lab: str, data: str) -> tuple[str, ...]:
    """The options that name a data set."""
    more = OPTIONS.get((lab, data), ())
    if data in FOLDERS:
        return ("--data-dir", str(Path(os.environ["LABS_MIRROR"]) / FOLDERS[data]), *more)
    return more or ("--data", data)


def figures_of(details: Any, most: int = 12) -> Any:
    """The single figures of a run's details, without its histograms and matrices."""
    if not isinstance(details, dict):
        return details
    return {
        name: figures_of(value)
        for name, value in details.items()
        if not isinstance(value, list) and not (isinstance(value, dict) and len(value) > most)
    }


def protocols() -> dict[str, Any]:
    """The regression lab's two protocols, under both presets, on the same splits."""
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
    """What was recorded, by data set and preset, with what was measured now in its place; in the order of SEEDS."""
    every = {data: {**earlier.get(data, {}), **now.get(data, {})} for data in SEEDS[lab]}
    return {
        data: {name: every[data][name] for name in names if name in every[data]} for data, names in SEEDS[lab].items()
    }


def main() -> None:
    lab, *chosen = sys.argv[1:]
    names = {name for data, presets in SEEDS[lab].items() for name in (data, *(f"{data}/{each}" for each in presets))}
    if unknown := set(chosen) - names:
        sys.exit(f"error: nothing is called {min(unknown)}\nhint: SEEDS in this file has the names")
    figures: dict[str, Any] = {"data": {}}
    with tempfile.TemporaryDirectory() as models:
        os.environ["LABS_MODELS"] = models
        for data, presets in SEEDS[lab].items():
            for name, seeds in presets.items():
                if not chosen or data in chosen or f"{data}/{name}" in chosen:
                    figures["data"].setdefault(data, {})[name] = preset(lab, data, name, seeds)
        if lab == "regression" and not chosen:
            figures["protocols"] = protocols()
    if chosen and (FOLDER / f"{lab}.json").exists():  # read last: other sets may have been measured meanwhile
        figures = {**recorded(lab), "data": merged(lab, recorded(lab)["data"], figures["data"])}
    record(lab, figures)


if __name__ == "__main__":
    main()
