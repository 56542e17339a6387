"""The training loop: Keras's `train_step`, compiled over a whole epoch; a training can be resumed at any epoch.

By default `keras.Model.fit` returns to Python after every batch, which on small data takes longer than the computation.
Here `model.train_step`, the step that `fit` runs, is looped inside one graph. Weights, metrics and losses are those of
`fit` for the same batches. benchmarks/tabular_training.py compares their speed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from utils.base.errors import CallerError
from utils.networks.fast_adam import fused_updates
from utils.networks.fast_lstm import fused_recurrence
from utils.training.batches import Batches
from utils.training.checkpoint import Checkpoint
from utils.training.results import Batch, Progress, Report, Reporter, Row, reporter

CALL_SECONDS = 0.5
"""Seconds that one call into the graph may take; Ctrl-C is handled between two calls."""


def train(
    model: keras.Model,
    training: Batches,
    validation: Batches,
    *,
    epochs: int,
    patience: int,
    restore_best_weights: bool,
    checkpoint: Path | None,
    report: Report,
    to_beat: float = math.inf,
) -> Progress:
    """Train the model, and leave it with the weights of the best or of the last epoch.

    Args:
        model: compiled.
        training: batches whose order depends only on the seed and the epoch.
        validation: batches for the validation loss.
        epochs: largest number of epochs.
        patience: number of epochs without improvement before early stopping; 0 disables it.
        restore_best_weights: whether to restore the weights of the epoch with the lowest validation loss.
        checkpoint: file that stores the training state and from which training resumes, or None.
        report: called after each epoch with its row of the history, the number of epochs and the seconds left; a
            `Reporter` is also called within long epochs.
        to_beat: validation loss of the model before training; if no epoch has a lower one, these weights are restored.

    Returns:
        The history, and the best epoch with its loss and weights.

    Raises:
        CallerError: the loss is not finite, or the checkpoint cannot be used.
    """
    prepare(model, training)
    with fused_updates(model.optimizer), fused_recurrence(model):
        start = Progress(best_loss=to_beat, best_weights=model.get_weights() if to_beat < math.inf else [])
        progress = _train(model, training, validation, epochs, patience, checkpoint, reporter(report), start)
    if restore_best_weights:
        model.set_weights(progress.best_weights)
    return progress


def _train(
    model: keras.Model,
    training: Batches,
    validation: Batches,
    epochs: int,
    patience: int,
    checkpoint: Path | None,
    report: Reporter,
    start: Progress,
) -> Progress:
    state = None if checkpoint is None else Checkpoint(checkpoint, model)
    progress = start if state is None else state.read() or start
    training_loop = Loop(model, model.train_step, training, jit_compile=model.jit_compile)
    validation_loop = Loop(model, model.test_step, validation)
    for epoch in range(len(progress.history) + 1, epochs + 1):
        if _out_of_patience(progress, patience):
            break
        began = time.perf_counter()
        within = partial(_within, report, progress, epoch, epochs, began)
        row = {"epoch": epoch, **training_loop.measure(epoch, within)}
        row |= {f"val_{name}": value for name, value in validation_loop.measure(epoch).items()}
        row["seconds"] = time.perf_counter() - began
        _note(progress, row, model)
        if state is not None:
            state.write(progress, last=epoch == epochs or _out_of_patience(progress, patience))
        pace = sum(done["seconds"] for done in progress.history) / epoch
        report(row, epochs, pace * (epochs - epoch))
    return progress


def _within(
    report: Reporter, progress: Progress, epoch: int, epochs: int, began: float, done: int, steps: int, loss: float
) -> None:
    """Report the batches of an epoch that are done, and estimate the time left from this epoch and the earlier ones."""
    seconds = time.perf_counter() - began
    earlier = sum(row["seconds"] for row in progress.history)
    pace = (earlier + seconds) / (epoch - 1 + done / steps)
    report.batch(Batch(epoch, epochs, done, steps, loss, seconds, pace * (epochs - epoch + 1 - done / steps)))


def prepare(model: keras.Model, batches: Batches) -> None:
    """Create the variables of the optimizer and of the metrics, which must exist before a graph is traced."""
    model.optimizer.build(model.trainable_variables)
    inputs, targets = tf.nest.map_structure(lambda rows: rows[:1], batches.batch(batches.open(0), tf.constant(0)))
    model.compute_metrics(inputs, targets, model(inputs, training=False))


class Loop:
    """A compiled pass over the batches.

    Args:
        model: compiled; its optimizer and metrics are built.
        step: `model.train_step` or `model.test_step`.
        batches: the data.
        jit_compile: whether XLA compiles the pass; the batches must then have a shape that is known.
    """

    def __init__(
        self, model: keras.Model, step: Callable[[Any], Any], batches: Batches, *, jit_compile: bool = False
    ) -> None:
        self._batches = batches
        self._steps_a_call = 1  # until it is known how long a step takes

        def run(opened: Any, first: Any, last: Any) -> Any:
            def body(number: Any) -> tuple[Any]:
                step(batches.batch(opened, number))
                return (number + 1,)

            tf.cond(first == 0, model.reset_metrics, lambda: None)
            # Steps depend on each other, and a fixed order makes the results of a seed reproducible.
            tf.while_loop(lambda number: number < last, body, (first,), parallel_iterations=1)
            return model.get_metrics_result()

        number = tf.TensorSpec((), tf.int32)
        opened = tf.type_spec_from_value(batches.open(0))
        # Traced once, here; a concrete function is called without looking up the signature.
        self._run = tf.function(run, autograph=False, jit_compile=jit_compile).get_concrete_function(
            opened, number, number
        )

    def measure(self, epoch: int, within: Callable[[int, int, float], None] | None = None) -> Row:
        """Run one epoch in calls of about CALL_SECONDS; returns the metrics of the model by name.

        Args:
            epoch: from 1.
            within: called between two calls with the batches that are done, their number and the loss.
        """
        opened = self._batches.open(epoch)
        first, values = 0, {}
        while first < self._batches.steps:
            last = min(self._batches.steps, first + self._steps_a_call)
            start = time.perf_counter()
            results = self._run(opened, tf.constant(first), tf.constant(last))
            values = {name: float(value) for name, value in results.items()}
            pace = (time.perf_counter() - start) / (last - first)
            self._steps_a_call = max(1, min(self._batches.steps, int(CALL_SECONDS / pace)))
            first = last
            if within is not None and last < self._batches.steps:
                within(last, self._batches.steps, values["loss"])
        return values


def _note(progress: Progress, row: Row, model: keras.Model) -> None:
    if not (math.isfinite(row["loss"]) and math.isfinite(row["val_loss"])):
        raise CallerError(
            f"the loss is {row['loss']} after epoch {row['epoch']}: training has diverged",
            "try a learning rate ten times smaller, normalized inputs, or the optimizer adam",
        )
    progress.history.append(row)
    if row["val_loss"] < progress.best_loss:
        progress.best_epoch, progress.best_loss = int(row["epoch"]), row["val_loss"]
        progress.best_weights = model.get_weights()


def _out_of_patience(progress: Progress, patience: int) -> bool:
    return 0 < patience <= len(progress.history) - progress.best_epoch
