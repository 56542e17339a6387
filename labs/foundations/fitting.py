"""Training the network of a config: in NumPy, with autodiff or in Keras, once or from several initial weights."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from labs.foundations.config import Config
from labs.foundations.encoding import Encoding
from labs.foundations.model import dense_layers, keras_model, network
from labs.foundations.network.layers import Network
from labs.foundations.network.optimizers import FACTOR, LAST, OPTIMIZERS, SGD, STEPS, Optimizer, schedule
from labs.foundations.network.training import Training, train
from utils.base.errors import CheckError
from utils.datasets.splits import Split, Splits
from utils.export.predictor import predictor
from utils.training.batches import batches
from utils.training.phases import train_phases
from utils.training.results import Batch, Phase, Progress, Relay, Report, Row, reporter

CLOSE = 1e-5
"""Largest difference between the predictions of NumPy and of Keras, as a fraction of the largest prediction."""


def fit(config: Config, splits: Splits, folder: Path | None, report: Report) -> tuple[keras.Model, Progress]:
    """Train as the config says.

    Args:
        config: the hyperparameters.
        splits: the data.
        folder: for the training state of a single training in Keras, or None. An interrupted training in NumPy takes
            seconds, and starts again.
        report: called after each epoch.

    Returns:
        The Keras model with the trained arrays, and the progress of all restarts, one phase each.

    Raises:
        CallerError: the loss became infinite or NaN.
        CheckError: the Keras model predicts something else than the forward pass in NumPy.
    """
    encoding = Encoding.of(config, splits)
    chosen, progress = networks(config, encoding, folder, report)
    model = keras_model(encoding, chosen)
    difference(encoding, chosen, model, splits.validation)
    return model, progress


def networks(config: Config, encoding: Encoding, folder: Path | None, report: Report) -> tuple[list[Network], Progress]:
    """The trained networks in NumPy: the restart with the lowest validation loss, or all of them if they are averaged.

    Arguments and errors as of `fit`.
    """
    restarts: list[Network] = []
    progress, kept = Progress(), 0
    for number in range(config.restarts):
        single = replace(config, seed=seed_of(config.seed, number))
        place = folder if config.restarts == 1 else None
        told = _Restart(report, number * config.epochs, config.restarts * config.epochs)
        trained, done = _once(single, encoding, place, told)
        restarts.append(trained)
        is_better = done.best_loss < progress.best_loss
        kept = number if is_better or not number else kept
        name = f"restart {number + 1}" if config.restarts > 1 else "training"
        progress = _followed(progress, name, done, is_better)
    return restarts if config.average else [restarts[kept]], progress


def seed_of(seed: int, restart: int) -> int:
    """The seed of a restart; the first has that of the run, and runs with other seeds share none of the others."""
    return seed if restart == 0 else int(np.random.SeedSequence((seed, restart)).generate_state(1)[0])


def _once(config: Config, encoding: Encoding, folder: Path | None, report: Report) -> tuple[Network, Progress]:
    """One training; returns the network with the kept weights."""
    random = np.random.default_rng(config.seed)
    made = network(config, encoding, random)
    if config.network == "keras":
        return _in_keras(config, encoding, made, folder, report)
    training, validation = (encoding.rows(part) for part in (encoding.splits.train, encoding.splits.validation))
    how = Training(config.epochs, config.batch_size, config.patience, config.restore_best_weights)
    rates = schedule(config.decay, config.learning_rate, how.steps(len(training.x)))
    reporter(report).stage("train")
    return made, train(made, optimizer(config), rates, training, validation, how, random, report)


def optimizer(config: Config) -> Optimizer:
    """The optimizer of a config."""
    return SGD(config.momentum, config.nesterov) if config.optimizer == "sgd" else OPTIMIZERS[config.optimizer]()


def keras_optimizer(config: Config, steps: int) -> keras.optimizers.Optimizer:
    """The same optimizer and decay in Keras, for a training of so many gradient steps."""
    schedules, rate = keras.optimizers.schedules, config.learning_rate
    rates: dict[str, Any] = {
        "constant": lambda: rate,
        "step": lambda: schedules.ExponentialDecay(rate, max(1, -(-steps // STEPS)), FACTOR, staircase=True),
        "exponential": lambda: schedules.ExponentialDecay(rate, steps, LAST),
        "cosine": lambda: schedules.CosineDecay(rate, steps),
    }
    kinds = {name: getattr(keras.optimizers, kind) for name, kind in KINDS.items()}
    more = {"momentum": config.momentum, "nesterov": config.nesterov} if config.optimizer == "sgd" else {}
    return kinds[config.optimizer](learning_rate=rates[config.decay](), **more)


KINDS = {"sgd": "SGD", "adagrad": "Adagrad", "adadelta": "Adadelta", "rmsprop": "RMSprop", "adam": "Adam"}


def _in_keras(
    config: Config, encoding: Encoding, start: Network, folder: Path | None, report: Report
) -> tuple[Network, Progress]:
    """Train the same network from the same weights in Keras, and copy the arrays back."""
    loss = {"squared_error": "mean_squared_error"}.get(encoding.head[1], encoding.head[1])
    parts = [Split(*encoding.rows(part)) for part in (encoding.splits.train, encoding.splits.validation)]
    size = config.batch_size or len(parts[0])
    steps = config.epochs * -(-len(parts[0]) // size)

    def build(*_: Any) -> keras.Model:
        inputs = keras.Input((encoding.width,), name="inputs")
        return keras.Model(inputs, dense_layers(start, inputs, dropout=config.dropout))

    phase = Phase(
        "training",
        config.epochs,
        build,
        lambda *_: {"optimizer": keras_optimizer(config, steps), "loss": loss},
        lambda *_: (batches(parts[0], size, config.seed), batches(parts[1], 4096)),
    )
    trained, progress = train_phases([phase], config, encoding.splits, folder, report)
    dense = [layer for layer in trained.layers if isinstance(layer, keras.layers.Dense)]
    for layer, found in zip(start.dense, dense, strict=True):
        layer.kernel[:], layer.bias[:] = found.get_weights()
    return start, progress


class _Restart(Relay):
    """Reports the epochs of one restart with their numbers in the whole training."""

    def __init__(self, report: Report, before: int, epochs: int) -> None:
        super().__init__(report)
        self._before = before
        self._epochs = epochs
        self._start = time.perf_counter()

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:
        later = self._epochs - self._before - epochs
        pace = (time.perf_counter() - self._start) / row["epoch"]
        self._report({**row, "epoch": row["epoch"] + self._before}, self._epochs, seconds_left + pace * later)

    def batch(self, position: Batch) -> None:
        self._report.batch(position._replace(epoch=position.epoch + self._before, epochs=self._epochs))


def _followed(progress: Progress, name: str, done: Progress, is_better: bool) -> Progress:
    """The progress of all restarts so far; the best epoch is that of the restart with the lowest validation loss."""
    joined = progress.followed_by(name, done)
    if not is_better:
        joined.best_epoch, joined.best_loss = progress.best_epoch, progress.best_loss
    return joined


def difference(encoding: Encoding, networks: list[Network], model: keras.Model, rows: Split) -> float:
    """The largest difference between the predictions of the model and of the forward pass in NumPy.

    Raises:
        CheckError: it is more than rounding.
    """
    ours, theirs = encoding.predict(networks, rows.inputs), predictor(model).predict(rows.inputs)
    found = float(np.abs(ours - theirs).max())
    if not found <= CLOSE * max(1.0, float(np.abs(ours).max())):
        raise CheckError(
            f"the Keras model with the trained arrays differs from the NumPy forward pass by {found:.2g}",
            "please report this with your versions of Keras and NumPy",
        )
    return found
