"""Defects that a refactoring or an upgrade can bring, each put into a lab on purpose: the gate must see them.

A sabotage is a function from a lab to the lab that is trained in its place; `utils.gate.trial.Trial.altered` names it.
The code of the labs is the real one: what is wrapped is what the harness gets from it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from utils.datasets.disk_rows import RowsOnDisk
from utils.datasets.splits import Split, Splits
from utils.runs.lab import Lab

SHARE = 0.1
"""Of the training labels, shuffled."""
LEAKED = 0.5
"""Of the training rows, in whose place test rows stand."""


def _loading(lab: Lab, change: Callable[[Splits], Splits]) -> Lab:
    return replace(lab, load=lambda config: change(lab.load(config)))


def _part(split: Split, rows: Any) -> Split:
    """These rows of a split; of pictures on disk, still on disk."""
    inputs = split.inputs.take(rows) if isinstance(split.inputs, RowsOnDisk) else split.inputs[rows]
    return Split(
        inputs, split.targets[rows], *(None if each is None else each[rows] for each in (split.groups, split.names))
    )


def _joined(one: Any, other: Any) -> Any:
    """Rows of one split, then rows of another; pictures on disk are of one file."""
    if isinstance(one, RowsOnDisk):
        return RowsOnDisk(one._file, np.concatenate([one._rows, other._rows]))
    return None if one is None or other is None else np.concatenate([one, other])


def shuffled_labels(lab: Lab) -> Lab:
    """A tenth of the training labels are dealt out among each other; in the music lab, of the characters to predict."""
    if lab.name == "music":
        return _batches(lab, _noisy)

    def change(splits: Splits) -> Splits:
        random = np.random.default_rng(0)
        targets = splits.train.targets.copy()
        rows = random.choice(len(targets), int(SHARE * len(targets)), replace=False)
        targets[rows] = targets[random.permutation(rows)]
        return replace(splits, train=replace(splits.train, targets=targets))

    return _loading(lab, change)


def _noisy(inputs: Any, targets: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    strange = tf.random.stateless_uniform(tf.shape(targets), (0, 1)) < SHARE
    return inputs, tf.where(strange, tf.reverse(targets, [0]), targets)


class _Changed:
    """Batches with inputs and targets changed inside the graph."""

    def __init__(self, batches: Any, change: Callable[[Any, Any], tuple[Any, Any]]) -> None:
        self._batches, self._change, self.steps = batches, change, batches.steps

    def open(self, epoch: int) -> Any:
        return self._batches.open(epoch)

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        return self._change(*self._batches.batch(opened, step))


def _batches(lab: Lab, change: Callable[[Any, Any], tuple[Any, Any]]) -> Lab:
    """The lab with its training batches changed."""
    made = lab.batches
    assert made is not None, "only a lab with batches of its own"

    def batches(config: Any, splits: Splits) -> tuple[Any, Any]:
        training, validation = made(config, splits)
        return _Changed(training, change), validation

    return replace(lab, batches=batches)


def dropped_normalisation(lab: Lab) -> Lab:
    """Raw inputs go into the network; in the transfer lab into the backbone, which wants −1 to 1."""
    if lab.name == "regression":
        return replace(lab, build=lambda config, splits: lab.build(replace(config, normalize=False), splits))
    if lab.name == "transfer":
        return replace(lab, load=_raw_backbone(lab.load))

    def build(config: Any, splits: Splits) -> Any:
        import keras

        model = lab.build(config, splits)
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.Rescaling):
                layer.scale, layer.offset = 1.0, 0.0
        return model

    return replace(lab, build=build)


def _raw_backbone(load: Callable[[Any], Splits]) -> Callable[[Any], Splits]:
    """Loads, and from then on the backbone of this process gets levels as they are, with a cache of its own."""

    def changed(config: Any) -> Splits:
        import keras

        from utils.pretrained import backbones

        splits = load(config)
        os.environ["LABS_DATA_HOME"] = tempfile.mkdtemp(
            prefix="labs-sabotage-"
        )  # features are cached by the backbone's name
        backbones.preprocessed = lambda backbone, pictures: keras.ops.cast(pictures, "float32")  # noqa: ARG005
        return splits

    return changed


def _rate(lab: Lab, factor: float) -> Lab:
    return replace(
        lab,
        compile=lambda config, splits: lab.compile(
            replace(config, learning_rate=config.learning_rate * factor), splits
        ),
    )


def tenfold_rate(lab: Lab) -> Lab:
    """The learning rate is ten times the preset's."""
    return _rate(lab, 10.0)


def tenth_rate(lab: Lab) -> Lab:
    """The learning rate is a tenth of the preset's."""
    return _rate(lab, 0.1)


def half_the_data(lab: Lab) -> Lab:
    """Every second training row is lost."""
    return _loading(lab, lambda splits: replace(splits, train=_part(splits.train, np.arange(0, len(splits.train), 2))))


def augmentation_off(lab: Lab) -> Lab:
    """Pictures come as they are."""
    return replace(lab, transform=lambda _config: None)


def leaked_test_rows(lab: Lab) -> Lab:
    """Test rows stand in the place of training rows; there are as many as before."""

    def change(splits: Splits) -> Splits:
        train, test = splits.train, splits.test
        number = min(int(LEAKED * len(train)), len(test))
        kept, leaked = _part(train, np.arange(number, len(train))), _part(test, np.arange(number))
        joined = Split(
            _joined(kept.inputs, leaked.inputs),
            _joined(kept.targets, leaked.targets),
            _joined(kept.groups, leaked.groups),
            _joined(kept.names, leaked.names),
        )
        return replace(splits, train=joined)

    return _loading(lab, change)


def swapped_classes(lab: Lab) -> Lab:
    """When the model is measured, the first two classes are taken for each other."""

    def measure(predictor: Any, inputs: Any, targets: Any) -> Any:
        found = lab.measure(predictor, inputs, targets)
        return found[:, [1, 0, *range(2, found.shape[1])]]

    return replace(lab, measure=measure, known=lambda *_: None)


def summed_loss(lab: Lab) -> Lab:
    """The loss is the sum over a batch in place of its mean."""

    def compile_arguments(config: Any, splits: Splits) -> dict[str, Any]:
        import keras

        arguments = lab.compile(config, splits)
        mean = keras.losses.get(arguments["loss"])

        def summed(truth: Any, prediction: Any) -> Any:
            each = mean(truth, prediction)
            return each * keras.ops.cast(keras.ops.shape(truth)[0], each.dtype)

        return {**arguments, "loss": summed}

    return replace(lab, compile=compile_arguments)


def frozen_layer(lab: Lab) -> Lab:
    """The first layer that has weights to learn does not learn them."""

    def build(config: Any, splits: Splits) -> Any:
        model = lab.build(config, splits)
        next(layer for layer in model.layers if layer.trainable_weights).trainable = False
        return model

    return replace(lab, build=build)


def windows_off_by_one(lab: Lab) -> Lab:
    """Each window predicts the character after the next."""
    import tensorflow as tf

    return _batches(lab, lambda inputs, targets: (inputs, tf.roll(targets, -1, axis=1)))


PICTURES = ("classification", "pneumonia", "galaxy", "transfer")
CATALOGUE: dict[str, tuple[str, ...]] = {
    "shuffled_labels": ("regression", *PICTURES, "music"),
    "dropped_normalisation": ("regression", *PICTURES),
    "tenfold_rate": ("regression", *PICTURES, "music"),
    "tenth_rate": ("regression", *PICTURES, "music"),
    "half_the_data": ("regression", *PICTURES, "music"),
    "augmentation_off": ("pneumonia", "galaxy"),
    "leaked_test_rows": ("regression", *PICTURES, "music"),
    "swapped_classes": PICTURES,
    "summed_loss": ("regression", *PICTURES, "music"),
    "frozen_layer": ("regression", *PICTURES, "music"),
    "windows_off_by_one": ("music",),
}
"""Each sabotage and the labs that it can befall: those whose preset has what is taken away."""
