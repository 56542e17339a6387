"""Measure training from a folder of images: read from disk and from arrays in memory, with the peak memory.

    python -m benchmarks.pictures

The images are random noise in JPEG files: the script measures how fast they are read, not what is learned.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.pages.results import record

SIDE, MANY, FEW, REPEATS = 64, 5000, 500, 7

# Decode, split, train two epochs and predict. Runs in its own process, because the peak memory is per process.
WHOLE = """
import sys
from pathlib import Path
from utils.base.keras_import import import_keras
import_keras()
from labs.classification.config import Config as ClassificationConfig
from labs.classification.lab import lab
from utils.base.machine import peak_megabytes
from utils.export.predictor import predictor
from utils.runs import harness
folder, side = Path(sys.argv[1]), int(sys.argv[2])
config = ClassificationConfig(data_dir=folder, image_size=side, network="cnn", filters=4, epochs=2)
fitted = harness.fit(lab, config, lab.splits(config))
predictor(fitted.model).predict(fitted.splits.test.inputs)
print(peak_megabytes())
"""

# The start-up time of the lab after importing Keras, which imports most of the packages that the lab needs.
START = """
import time
from utils.base.keras_import import import_keras
import_keras()
start = time.perf_counter()
from labs.classification.lab import lab
lab.splits(lab.preset("course"))
print(time.perf_counter() - start)
"""


def write(folder: Path, number: int) -> None:
    """Write JPEG files of twice the side into the folders of two classes."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    for i in range(number):
        subfolder = folder / "ab"[i % 2]
        subfolder.mkdir(parents=True, exist_ok=True)
        noise = random.integers(0, 256, (SIDE // 8, SIDE // 8, 3)).astype("uint8")
        Image.fromarray(noise).resize((2 * SIDE, 2 * SIDE)).save(subfolder / f"{i}.jpg")


def child(code: str, *words: str) -> str:
    """The last line that the code prints in a new process."""
    done = subprocess.run([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def epochs(folder: Path) -> dict[str, list[float]]:
    """Seconds per epoch from disk and from memory, alternating."""
    from utils.base.keras_import import import_keras

    import_keras()
    from dataclasses import replace

    import numpy as np

    from labs.classification.config import Config as ClassificationConfig
    from labs.classification.lab import lab
    from utils.runs import harness

    config = ClassificationConfig(data_dir=folder, image_size=SIDE, network="cnn", filters=8, epochs=3, patience=0)
    disk = lab.splits(config)
    train, validation = (replace(part, inputs=np.asarray(part.inputs)) for part in (disk.train, disk.validation))
    memory = replace(disk, train=train, validation=validation)
    found: dict[str, list[float]] = {"disk": [], "memory": []}
    for _ in range(REPEATS):
        for name, splits in (("disk", disk), ("memory", memory)):
            history = harness.fit(lab, config, splits).progress.history
            found[name].append(statistics.median(row["seconds"] for row in history[1:]))
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["LABS_DATA_HOME"] = str(Path(place) / "cache")
        folders = {number: Path(place) / str(number) for number in (FEW, MANY)}
        for number, folder in folders.items():
            write(folder, number)
        from utils.images import image_folders

        timed: dict[str, Any] = {}
        for name in ("decode_seconds", "warm_seconds"):
            start = time.perf_counter()
            image_folders.load(folders[MANY], (SIDE, SIDE), "rgb")
            timed[name] = time.perf_counter() - start
        peaks = {number: float(child(WHOLE, str(folder), str(SIDE))) for number, folder in folders.items()}
        start_seconds = statistics.median(float(child(START)) for _ in range(REPEATS))
        seconds = epochs(folders[MANY])
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    record(
        "pictures",
        {
            "pictures": MANY,
            "fewer": FEW,
            "side": SIDE,
            "repeats": REPEATS,
            **timed,
            "start_seconds": start_seconds,
            "epoch_seconds": medians,
            "epoch_ratio": medians["disk"] / medians["memory"],
            "peak_mb": {str(number): peak for number, peak in peaks.items()},
            "memory_grows_mb": peaks[MANY] - peaks[FEW],
            "array_mb": MANY * SIDE * SIDE * 3 / 1e6,
        },
    )


if __name__ == "__main__":
    main()
