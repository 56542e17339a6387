"""Defects that a refactoring or an upgrade can cause, put into a lab on purpose: the gate must detect them.

A sabotage is a function from a lab to the lab that is trained in its place; `utils.gate.trial.Trial.altered` names it.
The labs' own code is used; what is changed is what the harness gets from it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from utils.base.disk_rows import RowsOnDisk
from utils.datasets.splits import Split, Splits
from utils.runs.supervised import SupervisedLab

SHARE = 0.1
"""Fraction of the training labels that is shuffled."""
LEAKED = 0.5
"""Fraction of the training rows that is replaced by test rows."""


def _loading(lab: SupervisedLab, change: Callable[[Splits], Splits]) -> SupervisedLab:
    return lab.replace(load=lambda config: change(lab.load(config)))


def _part(split: Split, rows: Any) -> Split:
    """These rows of a split; rows on disk stay on disk."""
    inputs = split.inputs.take(rows) if isinstance(split.inputs, RowsOnDisk) else split.inputs[rows]
    return Split(
        inputs, split.targets[rows], *(None if each is None else each[rows] for each in (split.groups, split.names))
    )


def _joined(one: Any, other: Any) -> Any:
    """Rows of one split, then rows of another; rows on disk are of one file."""
    if isinstance(one, RowsOnDisk):
        return RowsOnDisk(one._file, np.concatenate([one._rows, other._rows]))
    return None if one is None or other is None else np.concatenate([one, other])


def shuffled_labels(lab: SupervisedLab) -> SupervisedLab:
    """Shuffle a tenth of the training labels; in the music lab, of the characters to predict."""
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
    """Batches whose inputs and targets are changed inside the graph."""

    def __init__(self, batches: Any, change: Callable[[Any, Any], tuple[Any, Any]]) -> None:
        self._batches, self._change, self.steps = batches, change, batches.steps

    def open(self, epoch: int) -> Any:
        return self._batches.open(epoch)

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        return self._change(*self._batches.batch(opened, step))


def _batches(lab: SupervisedLab, change: Callable[[Any, Any], tuple[Any, Any]]) -> SupervisedLab:
    """The lab with changed training batches."""

    def batches(config: Any, splits: Splits) -> tuple[Any, Any]:
        training, validation = lab.batches(config, splits)
        return _Changed(training, change), validation

    return lab.replace(batches=batches)


def dropped_normalisation(lab: SupervisedLab) -> SupervisedLab:
    """Give raw inputs to the network; in the transfer lab to the backbone, which expects −1 to 1."""
    if lab.name == "regression":
        return lab.replace(build=lambda config, splits: lab.build(replace(config, normalize=False), splits))
    if lab.name == "transfer":
        return lab.replace(load=_raw_backbone(lab.load))

    def build(config: Any, splits: Splits) -> Any:
        import keras

        model = lab.build(config, splits)
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.Rescaling):
                layer.scale, layer.offset = 1.0, 0.0
        return model

    return lab.replace(build=build)


def _raw_backbone(load: Callable[[Any], Splits]) -> Callable[[Any], Splits]:
    """Load the data, and then give the backbone of this process raw pixels, with a cache of its own."""

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


def _rate(lab: SupervisedLab, factor: float) -> SupervisedLab:
    def compile_faster(config: Any, splits: Splits) -> dict[str, Any]:
        return lab.compile(replace(config, learning_rate=config.learning_rate * factor), splits)

    return lab.replace(compile=compile_faster)


def tenfold_rate(lab: SupervisedLab) -> SupervisedLab:
    """Use ten times the learning rate of the preset."""
    return _rate(lab, 10.0)


def tenth_rate(lab: SupervisedLab) -> SupervisedLab:
    """Use a tenth of the learning rate of the preset."""
    return _rate(lab, 0.1)


def half_the_data(lab: SupervisedLab) -> SupervisedLab:
    """Lose every second training row."""
    return _loading(lab, lambda splits: replace(splits, train=_part(splits.train, np.arange(0, len(splits.train), 2))))


def augmentation_off(lab: SupervisedLab) -> SupervisedLab:
    """Do not augment."""
    return lab.replace(transform=lambda _config: None)


def leaked_test_rows(lab: SupervisedLab) -> SupervisedLab:
    """Replace training rows by test rows."""

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


def swapped_classes(lab: SupervisedLab) -> SupervisedLab:
    """Swap the first two classes when the model is measured."""

    def measure(predictor: Any, inputs: Any, targets: Any) -> Any:
        found = lab.measure(predictor, inputs, targets)
        return found[:, [1, 0, *range(2, found.shape[1])]]

    return lab.replace(measure=measure, known=lambda *_: None)


def summed_loss(lab: SupervisedLab) -> SupervisedLab:
    """Sum the loss over a batch instead of averaging it."""

    def compile_arguments(config: Any, splits: Splits) -> dict[str, Any]:
        import keras

        arguments = lab.compile(config, splits)
        mean = keras.losses.get(arguments["loss"])

        def summed(truth: Any, prediction: Any) -> Any:
            each = mean(truth, prediction)
            return each * keras.ops.cast(keras.ops.shape(truth)[0], each.dtype)

        return {**arguments, "loss": summed}

    return lab.replace(compile=compile_arguments)


def frozen_layer(lab: SupervisedLab) -> SupervisedLab:
    """Freeze the first layer with trainable weights."""

    def build(config: Any, splits: Splits) -> Any:
        model = lab.build(config, splits)
        next(layer for layer in model.layers if layer.trainable_weights).trainable = False
        return model

    return lab.replace(build=build)


def windows_off_by_one(lab: SupervisedLab) -> SupervisedLab:
    """Predict the character after the next one."""
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
"""Each sabotage and the labs that it applies to: those whose preset has what is removed."""
