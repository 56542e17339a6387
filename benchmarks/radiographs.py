"""Measure the training of the pneumonia course's network: an augmented epoch, the first decoding, peak memory.

    LABS_MIRROR=… python -m benchmarks.radiographs

The lab and the course's generator train the same network on the same JPEG files with the same augmentation, batch size
and validation files. They alternate in one process, because ratios of medians are more reliable than seconds. The first
decoding is measured with SIMULATED radiographs in JPEG files of the full size: the lab decodes on all cores, the
course's generator decodes and resizes one file after the other with PIL.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.pages.results import record
from benchmarks.quality import FOLDERS
from utils.base.keras_import import import_keras

if TYPE_CHECKING:
    from utils.datasets.splits import Splits

SIDE, REPEATS = 256, 5
WIDTH, HEIGHT, FULL_SIZE = 1300, 1000, 200
FEW, MANY = 500, 4_700
"""Numbers of training radiographs for which the peak memory is measured."""

# Train on a subset of the radiographs. Runs in its own process, because the peak memory is per process.
TRAINED = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from utils.base.keras_import import import_keras
import_keras()
from labs.pneumonia.config import Config as PneumoniaConfig
from labs.pneumonia.lab import lab
from utils.base.machine import peak_megabytes
from utils.runs import harness
config = PneumoniaConfig(data_dir=Path(sys.argv[1]), epochs=1)
splits = lab.splits(config)
rows = np.random.default_rng(0).permutation(len(splits.train))[: int(sys.argv[2])]
inputs, targets = splits.train.inputs.take(rows), splits.train.targets[rows]
fewer = replace(splits.train, inputs=inputs, targets=targets, groups=None, names=None)
harness.fit(lab, config, replace(splits, train=fewer))
print(peak_megabytes())
"""


def linked(folder: Path, splits: Splits, place: Path) -> None:
    """Link the training and validation radiographs of the lab into folders as the course's generator reads them."""
    for name, part in (("train", splits.train), ("validation", splits.validation)):
        assert part.names is not None, "images from a folder have names"
        for file, target in zip(part.names, part.targets, strict=True):
            link = place / name / splits.class_names[target] / file.replace("/", "-")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((folder / file).resolve())


def generators(place: Path) -> tuple[Any, Any]:
    """The course's generators for training, with augmentation, and for validation. Both decode in every epoch."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    augmented = ImageDataGenerator(
        rescale=1 / 255, zoom_range=0.2, rotation_range=15, width_shift_range=0.05, height_shift_range=0.05
    )
    plain = ImageDataGenerator(rescale=1 / 255)
    options: dict[str, Any] = {
        "class_mode": "categorical",
        "color_mode": "grayscale",
        "target_size": (SIDE, SIDE),
        "batch_size": 16,
    }
    return (
        augmented.flow_from_directory(str(place / "train"), **options),
        plain.flow_from_directory(str(place / "validation"), **options),
    )


def course_model() -> Any:
    """The course's network, compiled as in the course. It takes pixels from 0 to 1: the generator scales them."""
    import keras

    from labs.pneumonia.config import Config as PneumoniaConfig
    from labs.pneumonia.model import convolutional

    inputs = keras.Input((SIDE, SIDE, 1))
    outputs = keras.layers.Dense(2, activation="softmax")(convolutional(inputs, PneumoniaConfig()))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def epochs(folder: Path, place: Path) -> dict[str, Any]:
    """Median seconds per epoch, with validation: course's generator, lab, lab without augmentation."""
    from labs.pneumonia.config import Config as PneumoniaConfig
    from labs.pneumonia.lab import lab
    from utils.runs import harness

    augmented = PneumoniaConfig(data_dir=folder, epochs=3)
    splits = lab.splits(augmented)
    linked(folder, splits, place)
    plain = replace(augmented, rotation_range=0.0, width_shift_range=0.0, height_shift_range=0.0, zoom_range=0.0)
    model, (training, validation) = course_model(), generators(place)
    found: dict[str, list[float]] = {"generator": [], "ours": [], "plain": []}
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.fit(training, validation_data=validation, epochs=1, verbose=0)
        found["generator"].append(time.perf_counter() - start)
        for name, config in (("ours", augmented), ("plain", plain)):
            history = harness.fit(lab, config, splits).progress.history
            found[name].append(statistics.median(row["seconds"] for row in history[1:]))
    medians = {name: statistics.median(each) for name, each in found.items()}
    return {
        "films": len(splits.train),
        "validation_films": len(splits.validation),
        "side": SIDE,
        "repeats": REPEATS,
        "epoch_seconds": medians,
        "times_faster": medians["generator"] / medians["ours"],
        "augmentation_costs": medians["ours"] / medians["plain"],
    }


def first_pass(folder: Path) -> dict[str, Any]:
    """Decode full-size radiographs with the loader of the lab and with PIL, and compare the resulting images."""
    from PIL import Image

    from labs.pneumonia.simulator import radiographs
    from utils.datasets import simulation
    from utils.images import image_folders

    simulated = np.concatenate(list(simulation.draw(radiographs, FULL_SIZE, 1, SIDE)))
    labels = simulation.balanced_labels(FULL_SIZE, len(radiographs.CLASS_NAMES), 1)
    paths = []
    for number, (radiograph, label) in enumerate(zip(simulated, labels, strict=True)):
        place = folder / radiographs.CLASS_NAMES[label]
        place.mkdir(parents=True, exist_ok=True)
        paths.append(place / f"{number:03}.jpg")
        whole = Image.fromarray(radiograph[..., 0]).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        whole.save(paths[-1], quality=92)
    seconds: dict[str, list[float]] = {"plain": [], "ours": []}
    for repeat in range(5):
        start = time.perf_counter()
        plain = {
            path: np.asarray(Image.open(path).convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR))
            for path in paths
        }
        seconds["plain"].append(time.perf_counter() - start)
        os.environ["LABS_DATA_HOME"] = str(folder.parent / f"cache-{repeat}")  # an empty cache each time
        start = time.perf_counter()
        ours = image_folders.load(folder, (SIDE, SIDE), "grey")
        seconds["ours"].append(time.perf_counter() - start)
    apart = [
        float(np.abs(plain[folder / name].astype(float) - ours.pictures[row : row + 1][0, ..., 0]).mean())
        for row, name in enumerate(ours.names)
    ]
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    return {
        "films": FULL_SIZE,
        "width": WIDTH,
        "height": HEIGHT,
        "seconds": medians,
        "times_faster": medians["plain"] / medians["ours"],
        "mean_difference": float(np.mean(apart)),
        "largest_mean_difference": max(apart),
    }


def peak(folder: Path, number: int) -> float:
    """Peak memory of an augmented epoch with this number of training radiographs, in MB."""
    words = [sys.executable, "-c", TRAINED, str(folder), str(number)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def main() -> None:
    folder = Path(os.environ["LABS_MIRROR"]) / FOLDERS["chest-xray"]
    with tempfile.TemporaryDirectory() as place:
        os.environ["LABS_DATA_HOME"] = str(Path(place) / "cache")
        # Before importing Keras: a process inherits the peak memory of its parent.
        peaks = {number: peak(folder, number) for number in (FEW, MANY)}
        first = first_pass(Path(place) / "films")
        import_keras()
        found = epochs(folder, Path(place) / "links")
    found["first_pass"] = first
    found["peak_mb"] = {str(number): each for number, each in peaks.items()}
    found["memory_grows_mb"] = peaks[MANY] - peaks[FEW]
    record("radiographs", found)


if __name__ == "__main__":
    main()
