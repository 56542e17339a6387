"""Measure which networks learn to look back: random tokens that are repeated once.

    python -m benchmarks.language_induction [NETWORK…]

One thread; with names, only these networks are measured and the others stay in the record. Each network of the command
`python -m labs.language induction` is trained for the same CPU seconds; one that predicts nearly all of the tokens that
can be known stops earlier. If all are measured, figures go to labs/language.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.pages.results import FOLDER, record, recorded
from utils.base.keras_import import import_keras
from utils.base.paths import ROOT

NAME = "language_induction"
SECONDS = 60.0
SEED = 7


def _draw(learned: dict[str, Any]) -> None:
    from labs.language.commands import induction

    with tempfile.TemporaryDirectory() as folder:
        induction.draw(learned, Path(folder) / "figures", SEED)
        for name in ("accuracy", "attention"):
            shutil.copy(Path(folder) / "figures" / f"{name}.png", ROOT / "labs" / "language" / f"induction_{name}.png")


def main() -> None:
    import_keras()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from labs.language.commands import induction

    learned = {name: induction.train(name, SECONDS, SEED) for name in sys.argv[1:] or induction.NETWORKS}
    if set(learned) == set(induction.NETWORKS):
        _draw(learned)
    known = recorded(NAME)["networks"] if (FOLDER / f"{NAME}.json").exists() else {}
    networks = known | {
        name: {
            "weights": found.weights,
            "cpu_seconds": found.curve[-1][0],
            "accuracy": found.curve[-1][1],
            "curve": [[round(seconds, 1), round(value, 3)] for seconds, value in found.curve],
        }
        for name, found in learned.items()
    }
    record(NAME, {"seconds": SECONDS, "chance": 1 / induction.SYMBOLS, "networks": networks})


if __name__ == "__main__":
    main()
