"""Several networks that are trained one after the other, and whose probabilities are averaged with weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from scipy.special import softmax

from labs.sentiment import text_model
from labs.sentiment.config import PRESETS, Config
from labs.sentiment.data import Reviews
from utils.datasets.splits import Split
from utils.metrics.classification import log_loss
from utils.text.classification.batches import predict_rows
from utils.training.results import Batch, Progress, Relay, Report, Row

Array = NDArray[Any]
Train = Callable[[Config, Reviews, Report], tuple[keras.Model, Progress]]
"""Trains the network of a config on its splits."""
DATA = (
    *("data", "text_column", "label_column", "split", "split_seed"),
    *("test_fraction", "validation_fraction", "train_rows", "seed"),
)
"""Fields that a member has from the config of the ensemble; the others are those of the preset of its name."""


@dataclass(frozen=True)
class Ensemble:
    """Trained networks and how their probabilities are averaged.

    Attributes:
        members: each network with its splits, which have its config and its vocabulary.
        weights: (members,), their sum is 1.
        trained: number of training rows; networks that were trained again have those of validation behind them.
        validated: (validation rows, classes), the mean before the networks were trained again with these rows.
    """

    members: Sequence[tuple[keras.Model, Reviews]]
    weights: Array
    trained: int
    validated: Array

    def predictions(self, split: str) -> Array:
        """The mean probabilities of the rows of a split, (rows, classes)."""
        if split == "validation":
            return self.validated
        found = mean(self.weights, [predict_rows(network, own.encoding.rows[split]) for network, own in self.members])
        return found[: self.trained] if split == "train" else found


ENSEMBLES: WeakKeyDictionary[keras.Model, Ensemble] = WeakKeyDictionary()
"""What a model of `fit` was made from, as long as it exists."""


def mean(weights: Array, probabilities: Sequence[Array]) -> Array:
    """The weighted mean of the members' probabilities, (rows, classes)."""
    found: Array = np.tensordot(weights, np.stack(probabilities), axes=1).astype(np.float32)
    return found


def fit(config: Config, reviews: Reviews, train: Train, report: Report) -> tuple[keras.Model, Progress]:
    """Train the members, choose epochs and weights on validation, and perhaps train again with the validation texts.

    Args:
        config: names the members.
        reviews: the data.
        train: trains one network.
        report: called after each epoch.

    Returns:
        The weighted mean of the members, from text to probabilities, and the progress, one phase per training.
    """
    given = {field: getattr(config, field) for field in DATA}
    configs = [
        Config(**{**PRESETS[name], **PRESETS.get(f"{name}/{config.data}", {}), **given}) for name in config.members
    ]
    log = _Log(train, report, sum(each.epochs for each in configs) * (1 + config.refit))
    members = [log.trained(each, replace(reviews, config=each), each.network) for each in configs]
    validated = [predict_rows(network, own.encoding.rows["validation"]) for network, own in members]
    weights = best_weights(validated, reviews.validation.targets)
    if config.refit:
        more = replace(reviews, train=_joined(reviews.train, reviews.validation))
        members = []  # their vocabularies are large
        kept = [
            replace(each, epochs=epochs, restore_best_weights=False)
            for each, epochs in zip(configs, log.kept, strict=True)
        ]
        members = [log.trained(each, replace(more, config=each), f"{each.network} {AGAIN}") for each in kept]
    together = join(members, weights)
    ENSEMBLES[together] = Ensemble(members, weights, len(reviews.train), mean(weights, validated))
    return together, log.progress


AGAIN = "again"
"""End of the name of a phase that also trains on the validation texts: its validation loss says nothing."""


class _Log(Relay):
    """Trains networks one after the other, and joins their progress."""

    def __init__(self, train: Train, report: Report, epochs: int) -> None:
        super().__init__(report)
        self._train = train
        self._epochs = epochs
        self.progress = Progress()
        self.kept: list[int] = []

    def trained(self, config: Config, reviews: Reviews, name: str) -> tuple[keras.Model, Reviews]:
        """The network of a config, and its splits."""
        network, done = self._train(config, reviews, self)
        self.kept.append(max(1, done.best_epoch))
        self.progress = self.progress.followed_by(name, done)
        return network, reviews

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:  # noqa: ARG002
        done = len(self.progress.history) + row["epoch"]
        self._report({**row, "epoch": done}, self._epochs, seconds_left)

    def batch(self, position: Batch) -> None:
        epoch = position.epoch + len(self.progress.history)
        self._report.batch(position._replace(epoch=epoch, epochs=self._epochs))


def _joined(one: Split, other: Split) -> Split:
    return Split(np.concatenate([one.inputs, other.inputs]), np.concatenate([one.targets, other.targets]))


def best_weights(probabilities: Sequence[Array], targets: Array) -> Array:
    """The weights of a mean of probabilities with the lowest log loss, (members,); none is negative, their sum is 1.

    Args:
        probabilities: of each member, (rows, classes).
        targets: (rows,) class numbers.
    """
    from scipy.optimize import minimize

    def loss(scores: Array) -> float:
        return log_loss(targets, mean(softmax(scores), probabilities))

    found = minimize(loss, np.zeros(len(probabilities)), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6})
    return np.asarray(softmax(found.x))


def join(members: Sequence[tuple[keras.Model, Reviews]], weights: Array) -> keras.Model:
    """The weighted mean of networks as one model: (batch,) text to (batch, classes) probabilities."""
    text = keras.Input((), dtype="string", name="text")
    each = [
        text_model.from_text(own.config, own.encoding, network, suffix=f"_{number}")(text)
        for number, (network, own) in enumerate(members, 1)
    ]
    target, classes = members[0][1].target, len(members[0][1].class_names)
    average = layers.Dense(classes, use_bias=False, trainable=False, name=target)
    outputs = average(layers.Concatenate(name="members")(each))
    average.set_weights([np.concatenate([weight * np.eye(classes) for weight in weights])])
    return keras.Model(text, outputs, name="ensemble")
