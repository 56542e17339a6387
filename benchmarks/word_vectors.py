"""Measure the word vectors lab: its presets, next to gensim, to counting and to GloVe, and words per CPU second.

    python -m benchmarks.word_vectors [PRESET…]

The preset course runs on one thread with gensim in the same process, whose training takes one thread, too: CPU seconds
of the two are compared. LABS_MIRROR must have SimLex-999. If presets are named, only those are measured again. The page
takes all numbers from what this script records.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from benchmarks.pages.results import COMMIT, FOLDER, record, recorded
from benchmarks.quality import small_copy
from labs.cli import options
from labs.cli.main import status_of
from utils.base.errors import CallerError
from utils.base.paths import ROOT

ONE_THREAD = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
PRESETS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "quick": ((), {}),
    "course": (("--gensim", "--glove"), ONE_THREAD),
    "course --model cbow": (("--gensim",), ONE_THREAD),
    "best": (("--glove",), {}),
}
"""Further options and environment of each preset; options may follow its name."""
FIGURES = {"best": ("map.png", "arrows.png", "occupations.png")}
"""Figures of a run that the page of the lab shows."""
KEPT = ("metrics", "compared", "covered", "words_per_cpu_second", "bias", "neighbours", "seconds", "peak_mb", "data")


def measured(name: str, folder: Path) -> dict[str, Any]:
    """What the page needs of the run of a preset."""
    more, environment = PRESETS[name]
    words = [
        sys.executable,
        "-m",
        "labs.word_vectors",
        "--preset",
        *name.split(),
        *more,
        "--out",
        str(folder),
        "--json",
    ]
    start = time.perf_counter()
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **environment})
    seconds, run = time.perf_counter() - start, json.loads(done.stdout)
    for figure in FIGURES.get(name, ()):
        small_copy(folder / "figures" / figure, ROOT / "labs" / "word_vectors" / figure)
    # Bands have no SimLex-999, see the lab's `trial`, and the pages look for every metric of `test` in a band.
    scores = {metric: score for metric, score in run["metrics"]["test"].items() if metric != "simlex"}
    test = {metric: {"mean": score["value"], "std": None} for metric, score in scores.items()}
    return {
        **{key: run[key] for key in KEPT},
        "test": test,
        "seeds": [run["seed"]],
        "baselines": run["baselines"],
        "parameters": run["parameters"],
        "config": run["config"],
        "wall_seconds": seconds,
        "fit_seconds": run["seconds"]["fit"],
        "threads": 1 if environment else run["device"]["threads"],
        "git": COMMIT,
    }


@dataclass(frozen=True)
class Measure:
    """Measure the presets of the word vectors lab."""

    presets: Positional[tuple[str, ...]] = ()
    """Only these; defaults to all."""

    def execute(self) -> int:
        """Measure and record.

        Raises:
            CallerError: an unknown preset.
        """
        if unknown := set(self.presets) - set(PRESETS):
            raise CallerError(f"there is no preset {min(unknown)}", f"choose from: {', '.join(PRESETS)}")
        found = {}
        with tempfile.TemporaryDirectory() as folder:
            for number, name in enumerate(self.presets or PRESETS):
                found[name] = measured(name, Path(folder) / str(number))
        earlier = recorded("word_vectors")["data"]["imdb"] if (FOLDER / "word_vectors.json").exists() else {}
        every = {**earlier, **found}
        record("word_vectors", {"data": {"imdb": {name: every[name] for name in PRESETS if name in every}}})
        return 0


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Measure, sys.argv[1:], "python -m benchmarks.word_vectors")))
