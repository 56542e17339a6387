"""Training in phases: each continues from the network of the previous one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from utils.datasets.splits import Splits
from utils.training import checkpoint
from utils.training.loop import train
from utils.training.results import Batch, Phase, Progress, Relay, Report, Reporter, Row


def train_phases(
    phases: Sequence[Phase], settings: Any, splits: Splits, folder: Path | None, on_epoch: Report
) -> tuple[keras.Model, Progress]:
    """Build and train the network of each phase.

    Args:
        phases: in order.
        settings: the hyperparameters.
        splits: the data.
        folder: for the training state of each phase, to resume from, or None.
        on_epoch: called after each epoch; epochs are numbered through all phases, the seconds left are the phase's. A
            `Reporter` is also told of the stages and called within long epochs.

    Returns:
        The network of the last phase with the weights of the kept epoch, and the progress of all phases.

    Raises:
        CallerError: the loss is no longer a finite number.
        MemoryError: a network does not fit in memory.
    """
    model, progress = None, Progress()
    for number, phase in enumerate(phases, 1):
        report = _Numbered(on_epoch, len(progress.history), sum(each.epochs for each in phases))
        state = None if folder is None else checkpoint.state_of(folder, number)
        model, done = _train(phase, settings, splits, model, progress.best_loss, state, report)
        progress = progress.followed_by(phase.name, done)
    return model, progress


class _Numbered(Relay):
    """Reports the epochs of one phase with their numbers in the whole training."""

    def __init__(self, report: Report, before: int, epochs: int) -> None:
        super().__init__(report)
        self._before = before
        self._epochs = epochs

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:  # noqa: ARG002
        self._report({**row, "epoch": row["epoch"] + self._before}, self._epochs, seconds_left)

    def batch(self, position: Batch) -> None:
        self._report.batch(position._replace(epoch=position.epoch + self._before, epochs=self._epochs))


def _train(
    phase: Phase,
    settings: Any,
    splits: Splits,
    earlier: keras.Model | None,
    best_loss: float,
    state: Path | None,
    report: Reporter,
) -> tuple[keras.Model, Progress]:
    """Build and train the network of one phase."""
    report.stage("build")
    keras.utils.set_random_seed(settings.seed)  # for each phase, so that a resumed phase draws the same numbers
    try:
        model = phase.build(settings, splits, earlier)
        # By default without XLA: a small network would take longer to compile than to train on two cores.
        model.compile(**{"jit_compile": False, **phase.compile(settings, splits)})
        batches = phase.batches(settings, splits)
        report.stage("train")
        progress = train(
            model,
            *batches,
            epochs=phase.epochs,
            patience=settings.patience,
            restore_best_weights=settings.restore_best_weights,
            checkpoint=state,
            report=report,
            to_beat=best_loss if settings.restore_best_weights else math.inf,
        )
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(str(error)) from error
    return model, progress
