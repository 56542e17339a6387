"""The training loop: epochs, early stopping, and a loss that is no longer a number."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labs.foundations.network.batches import batches, steps_of
from labs.foundations.network.layers import Network
from labs.foundations.network.optimizers import Optimizer, Schedule
from utils.base.errors import CallerError
from utils.training.results import Progress, Report, silent

Array = NDArray[Any]


class Rows(NamedTuple):
    """Inputs (rows, inputs) and targets (rows, outputs) of a split, in the dtype of the network."""

    x: Array
    targets: Array


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes:
        epochs: largest number of passes over the training rows.
        batch_size: rows per gradient step; 0 takes all rows in one step.
        patience: number of epochs without a lower validation loss before early stopping; 0 disables it.
        restore_best: keep the parameters of the epoch with the lowest validation loss instead of the last ones.
    """

    epochs: int
    batch_size: int = 32
    patience: int = 0
    restore_best: bool = True

    def steps(self, rows: int) -> int:
        """Gradient steps of the whole training."""
        return self.epochs * steps_of(rows, self.batch_size)


def train(
    network: Network,
    optimizer: Optimizer,
    schedule: Schedule,
    training: Rows,
    validation: Rows,
    how: Training,
    random: np.random.Generator,
    report: Report = silent,
) -> Progress:
    """Train a network, and leave it with the parameters of the best or of the last epoch.

    Args:
        network: with its initial weights.
        optimizer: has taken no step yet.
        schedule: the learning rate by step.
        training: the rows of the gradient steps.
        validation: the rows that choose the epoch.
        how: number of epochs, batch size, early stopping.
        random: generator of the order of the rows.
        report: called after each epoch with its row, the number of epochs and the seconds left.

    Returns:
        One row per epoch with the mean loss of its batches and the validation loss, both with the penalties.

    Raises:
        CallerError: the loss became infinite or NaN.
    """
    progress, done = Progress(), 0
    with np.errstate(over="ignore", invalid="ignore"):  # reported as a loss that is not finite
        for epoch in range(1, how.epochs + 1):
            start, losses = time.perf_counter(), []
            for x, targets in batches(*training, how.batch_size, random):
                rate = schedule(done)
                loss = network.loss_and_gradient(x, targets)
                done += 1
                _check(loss, "training", done, epoch, rate)
                optimizer.step(network.parameters, network.gradient, rate)
                losses.append(loss * len(x))
            row = {"epoch": epoch, "loss": sum(losses) / len(training.x), "val_loss": evaluate(network, validation)}
            _check(row["val_loss"], "validation", done, epoch, rate)
            _note(progress, row | {"seconds": time.perf_counter() - start}, network)
            pace = sum(each["seconds"] for each in progress.history) / epoch
            report(progress.history[-1], how.epochs, pace * (how.epochs - epoch))
            if 0 < how.patience <= epoch - progress.best_epoch:
                break
    if how.restore_best:
        network.parameters[:] = progress.best_weights[0]
    return progress


def evaluate(network: Network, rows: Rows) -> float:
    """The loss of some rows with the penalties, as Keras computes its validation loss."""
    return network.loss_of(rows.targets, network.forward(rows.x))


def _check(loss: float, kind: str, step: int, epoch: int, rate: float) -> None:
    if not math.isfinite(loss):
        raise CallerError(
            f"the {kind} loss is {loss} at step {step} (epoch {epoch}, learning rate {rate:g}): training has diverged",
            f"try --learning-rate {rate / 10:.2g}, another --init, or the optimizer adam",
        )


def _note(progress: Progress, row: dict[str, float], network: Network) -> None:
    progress.history.append(row)
    if row["val_loss"] < progress.best_loss:
        progress.best_epoch, progress.best_loss = int(row["epoch"]), row["val_loss"]
        progress.best_weights = [network.parameters.copy()]
