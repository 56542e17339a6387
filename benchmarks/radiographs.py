"""The course's X-ray network: an augmented epoch beside the course's own generator, the first pass, and memory.

    LABS_MIRROR=… python -m benchmarks.radiographs

Both ways train the same network on the same JPEGs with the same augmentation and batch, and validate it on the same
others; they take turns in one process, so that the ratio holds where seconds do not. The first pass reads SIMULATED
films written here as JPEG of a full-size film's size, on all cores, as the lab does, against PIL's plain decoding and
resizing, one after the other, as the course's generator does.
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
"""Films that an epoch is trained on to see what memory does."""

# A training in a process of its own, whose peak memory is its own; of the films only the first so many.
TRAINED = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from utils.quiet import import_keras
import_keras()
from labs.pneumonia.config import Config as PneumoniaConfig
from labs.pneumonia.lab import lab
from utils import harness, report
config = PneumoniaConfig(data_dir=Path(sys.argv[1]), epochs=1)
splits = lab.splits(config)
rows = np.random.default_rng(0).permutation(len(splits.train))[: int(sys.argv[2])]
inputs, targets = splits.train.inputs.take(rows), splits.train.targets[rows]
fewer = replace(splits.train, inputs=inputs, targets=targets, groups=None, names=None)
harness.fit(lab, config, replace(splits, train=fewer))
print(report.peak_megabytes())
"""


def linked(folder: Path, splits: Splits, place: Path) -> None:
    """Links to the films that the lab trains on and to those that it validates on, in folders as the course reads."""
    for name, part in (("train", splits.train), ("validation", splits.validation)):
        assert part.names is not None, "a folder's films have names"
        for film, target in zip(part.names, part.targets, strict=True):
            link = place / name / splits.class_names[target] / film.replace("/", "-")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((folder / film).resolve())


def generators(place: Path) -> tuple[Any, Any]:
    """The course's own way: films decoded anew in every epoch, those to train on transformed; and those to validate."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    varied = ImageDataGenerator(
        rescale=1 / 255, zoom_range=0.2, rotation_range=15, width_shift_range=0.05, height_shift_range=0.05
    )
    still = ImageDataGenerator(rescale=1 / 255)
    options: dict[str, Any] = {
        "class_mode": "categorical",
        "color_mode": "grayscale",
        "target_size": (SIDE, SIDE),
        "batch_size": 16,
    }
    return (
        varied.flow_from_directory(str(place / "train"), **options),
        still.flow_from_directory(str(place / "validation"), **options),
    )


def course_model() -> Any:
    """The course's network as the course compiles it; its generator scales the pixels."""
    import keras

    from labs.pneumonia.config import Config as PneumoniaConfig
    from labs.pneumonia.model import convolutional

    inputs = keras.Input((SIDE, SIDE, 1))
    outputs = keras.layers.Dense(2, activation="softmax")(convolutional(inputs, PneumoniaConfig()))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def epochs(folder: Path, place: Path) -> dict[str, Any]:
    """Median seconds of an epoch, validation and all: the course's way, ours, ours without augmentation."""
    from labs.pneumonia.config import Config as PneumoniaConfig
    from labs.pneumonia.lab import lab
    from utils.runs import harness

    augmented = PneumoniaConfig(data_dir=folder, epochs=3)
    splits = lab.splits(augmented)
    linked(folder, splits, place)
    still = replace(augmented, rotation_range=0.0, width_shift_range=0.0, height_shift_range=0.0, zoom_range=0.0)
    model, (training, validation) = course_model(), generators(place)
    found: dict[str, list[float]] = {"generator": [], "ours": [], "plain": []}
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.fit(training, validation_data=validation, epochs=1, verbose=0)
        found["generator"].append(time.perf_counter() - start)
        for name, config in (("ours", augmented), ("plain", still)):
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
    """Full-size films read by the lab's loader, on all cores, and by PIL, and how far the pictures are apart."""
    from PIL import Image

    from labs.pneumonia.simulator import radiographs
    from utils.datasets import simulation
    from utils.images import image_folders

    films = np.concatenate(list(simulation.draw(radiographs, FULL_SIZE, 1, SIDE)))
    labels = simulation.balanced_labels(FULL_SIZE, len(radiographs.CLASS_NAMES), 1)
    paths = []
    for number, (film, label) in enumerate(zip(films, labels, strict=True)):
        place = folder / radiographs.CLASS_NAMES[label]
        place.mkdir(parents=True, exist_ok=True)
        paths.append(place / f"{number:03}.jpg")
        whole = Image.fromarray(film[..., 0]).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        whole.save(paths[-1], quality=92)
    seconds: dict[str, list[float]] = {"plain": [], "ours": []}
    for repeat in range(5):
        start = time.perf_counter()
        plain = {
            path: np.asarray(Image.open(path).convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR))
            for path in paths
        }
        seconds["plain"].append(time.perf_counter() - start)
        os.environ["LABS_DATA_HOME"] = str(folder.parent / f"cache-{repeat}")  # cold each time
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
    """Peak memory, MB, of an augmented epoch over so many films."""
    words = [sys.executable, "-c", TRAINED, str(folder), str(number)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def main() -> None:
    folder = Path(os.environ["LABS_MIRROR"]) / FOLDERS["chest-xray"]
    with tempfile.TemporaryDirectory() as place:
        os.environ["LABS_DATA_HOME"] = str(Path(place) / "cache")
        # Before Keras is here: a process starts with the peak of the one that started it.
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
