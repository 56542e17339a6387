"""Transfer learning: cached features compared with the course's way, every image through the backbone in every epoch.

    python -m benchmarks.transfer

The course's way is a Keras model of the frozen backbone and the head, trained by `fit`; ours caches the backbone's
features once. Both train the same head on the same photographs of solar cells, in an empty cache. Extraction and
fine-tuning are measured in turns in one process, so that their ratios hold where seconds do not.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.pages.results import record
from utils.base.keras_import import import_keras

EPOCHS, REPEATS, PICTURES = 10, 5, 256
FEW = 400
"""Training images of a run that is compared with one on all images, to measure the memory."""

# Runs in processes of their own: the first fills the cache and tells its peak memory, the second finds it filled.
TRAINED = """
import sys, time
from dataclasses import replace
import numpy as np
from utils.base.keras_import import import_keras
import_keras()
from labs.transfer.lab import lab
from utils.base.machine import peak_megabytes
from utils.runs import harness
config = lab.preset("course")
start = time.perf_counter()
splits = lab.splits(config)
rows = np.arange(len(splits.train))[: int(sys.argv[1])]
held = replace(splits.train, inputs=splits.train.inputs.take(rows), targets=splits.train.targets[rows], names=None)
begun = []
def note(row, epochs, left):
    if not begun:
        begun.append(time.perf_counter() - start - row["seconds"])
harness.fit(lab, config, replace(splits, train=held), on_epoch=note)
print(begun[0], peak_megabytes())
"""


def trained(pictures: int) -> tuple[float, float]:
    """Seconds from the imports to the first step of training, and peak memory in MB."""
    words = [sys.executable, "-c", TRAINED, str(pictures)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    begun, peak = done.stdout.split()[-2:]
    return float(begun), float(peak)


def plain_backbone() -> Any:
    """From levels to features, as Keras has it: normalisation in layers of its own."""
    import keras

    from utils.pretrained import backbones

    weights = backbones.obtain("efficientnet-lite0")
    network = weights.backbone.build(weights.backbone.side, weights.path)
    features = keras.Model(network.input, network.get_layer("features").output)
    features.trainable = False
    inputs = keras.Input((weights.backbone.side,) * 2 + (3,), dtype="uint8")
    return keras.Model(inputs, features(backbones.preprocessed(weights.backbone, inputs), training=False))


def turns(ways: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Median seconds of each way, in turns, after one round that is not counted."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(REPEATS + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if repeat:
                found[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in found.items()}


def extraction(splits: Any) -> dict[str, Any]:
    """Images per second through the backbone: ours, and `predict` of the network as Keras has it."""
    import tensorflow as tf

    from utils.base.choices import Augmentation
    from utils.pretrained import backbones, feature_cache

    frozen = feature_cache.Extractor(backbones.obtain("efficientnet-lite0"), 224, Augmentation()).frozen("features")
    ours = tf.function(lambda pixels: frozen(pixels, training=False), autograph=False).get_concrete_function(
        tf.TensorSpec(frozen.input.shape, "uint8")
    )
    keras_way, pictures = plain_backbone(), splits.train.inputs[:PICTURES]
    batches = range(0, PICTURES, feature_cache.BATCH)
    seconds = turns(
        {
            "ours": lambda: [ours(tf.constant(pictures[start : start + feature_cache.BATCH])) for start in batches],
            "keras": lambda: keras_way.predict(pictures, batch_size=32, verbose=0),
        }
    )
    rates = {name: PICTURES / each for name, each in seconds.items()}
    return {"pictures_per_second": rates, "times_faster": rates["ours"] / rates["keras"]}


def head(splits: Any) -> dict[str, Any]:
    """Ten epochs of the head on one view, the course's way and ours from an empty cache, and what each then knows."""
    import keras

    from labs.transfer import head as heads
    from labs.transfer import model
    from labs.transfer.lab import lab
    from utils.pretrained.backbones import FEATURES
    from utils.runs import harness

    heads.INPUTS["head"] = (FEATURES,)  # the course's way has no other input
    config = replace(lab.preset("course"), strategy="head", views=1, epochs=EPOCHS)
    start = time.perf_counter()
    fitted = harness.fit(lab, config, splits)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    harness.fit(lab, config, splits)
    again = time.perf_counter() - start

    keras.utils.set_random_seed(config.seed)
    backbone = plain_backbone()
    course = keras.Model(backbone.input, model.build(config, splits)(backbone.output))
    course.compile(**model.compile_head(config, splits))
    validation = splits.validation.inputs[:], splits.validation.targets
    start = time.perf_counter()
    history = course.fit(
        splits.train.inputs[:],
        splits.train.targets,
        batch_size=config.batch_size,
        epochs=EPOCHS,
        validation_data=validation,
        verbose=0,
    ).history
    theirs = time.perf_counter() - start
    return {
        "pictures": len(splits.train),
        "seconds": {"course": theirs, "ours": ours, "ours_again": again},
        "times_faster": theirs / ours,
        "times_faster_again": theirs / again,
        "validation_accuracy": {
            "course": history["val_accuracy"][-1],
            "ours": fitted.progress.history[-1]["val_accuracy"],
        },
    }


def finetuning(splits: Any) -> dict[str, Any]:
    """An epoch of training the last blocks on some images: from cached features, and through the whole backbone."""
    import keras
    import numpy as np

    from labs.transfer import cases, model
    from labs.transfer.lab import lab
    from utils.networks.flat_graph import joined

    config = replace(lab.preset("course"), strategy="finetune")
    extractor, cut = cases.extractor(config), cases.extractor(config).weights.backbone.late
    pictures, targets = splits.train.inputs[:PICTURES], splits.train.targets[:PICTURES]
    front = extractor.frozen(cut)
    activations = np.asarray(front.predict(pictures, batch_size=32, verbose=0))

    def compiled(whole: bool) -> Any:
        tail = model.tail(config, cut)
        outputs = keras.layers.Dense(2, activation="softmax")(tail.output)
        behind = keras.Model(tail.input, outputs)
        network = joined(front, behind, "whole") if whole else behind
        network.compile("adam", "sparse_categorical_crossentropy")
        return network

    cached, whole = compiled(whole=False), compiled(whole=True)
    seconds = turns(
        {
            "cached": lambda: cached.fit(activations, targets, batch_size=32, verbose=0),
            "whole": lambda: whole.fit(pictures, targets, batch_size=32, verbose=0),
        }
    )
    return {"pictures": PICTURES, "seconds": seconds, "times_faster": seconds["whole"] / seconds["cached"]}


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["LABS_DATA_HOME"] = place
        # Before Keras is here: a process starts with the peak of the one that started it.
        _, few = trained(FEW)
        first, many = trained(1_000_000)
        warm = statistics.median(trained(1_000_000)[0] for _ in range(3))
        import_keras()
        from labs.transfer.lab import lab

        splits = lab.splits(lab.preset("course"))
        found: dict[str, Any] = {"extraction": extraction(splits), "finetuning": finetuning(splits)}
    with tempfile.TemporaryDirectory() as place:
        os.environ["LABS_DATA_HOME"] = place
        found["head"] = head(lab.splits(lab.preset("course")))
    found["start_seconds"] = {"empty_cache": first, "full_cache": warm}
    found["peak_mb"] = {str(FEW): few, "all": many}
    found["memory_grows_mb"] = many - few
    record("transfer_speed", found)


if __name__ == "__main__":
    main()
