"""Measure what the compiled training loop gains over `model.fit`, for tables, images and windows of text.

    python -m benchmarks.tabular_training

Three tasks: the course network of the regression lab on its 831 rows (50 epochs per turn, building and tracing
included), the residual network of the pneumonia lab with 8 filters on 1,000 images of 128 × 128, and the network of
the music lab (an LSTM with 256 units) on 320 windows of 100 characters (one epoch per turn, after a first one). Images
and windows are random; the time does not depend on their values. Seven ways of training, each with the same batch size:

- `arrays`: `model.fit(X, Y)`, as the course writes it;
- `dataset`: `model.fit` on a cached dataset that is shuffled before batching, one call into the graph per epoch
  (`steps_per_execution`), without XLA, which takes longer to compile than it saves, and without the autotuning of
  tf.data, which can add seconds to an epoch;
- `loop`: the loop of utils/training;
- `…_validated`: the same with a validation loss in each epoch and the best weights kept, as the labs train;
- `dataset_fused_validated`: as `dataset_validated`, with the faster Adam and LSTM that the loop uses.

The ways take turns in one process, so that a slow minute of the machine affects all of them. A ratio of wall times is
the median over the rounds. CPU seconds are those of all threads of the process; they depend less on other processes.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.pages.results import record
from utils.base.keras_import import import_keras
from utils.datasets.splits import Split

if TYPE_CHECKING:
    import keras

TABLE_ROUNDS, TABLE_EPOCHS = 4, 50
ROUNDS = 3
IMAGES, VALIDATION_IMAGES, SIDE = 1_000, 100, 128
WINDOWS, VALIDATION_WINDOWS, LENGTH, SYMBOLS = 320, 32, 100, 90


@dataclass(frozen=True)
class Task:
    """A network and its data."""

    network: Callable[[], keras.Model]
    loss: str
    training: Split
    validation: Split
    batch_size: int

    def compiled(self, **options: Any) -> keras.Model:
        """A new network, compiled with Adam."""
        model = self.network()
        model.compile(optimizer="adam", loss=self.loss, **options)
        return model


@dataclass(frozen=True)
class Turn:
    """Wall and CPU seconds of some epochs, those of each epoch, and the last training loss."""

    seconds: float
    cpu_seconds: float
    epochs: list[float]
    loss: float


Way = Callable[[int], Turn]
"""Trains for a number of epochs."""


def timed(train: Callable[[list[float]], float]) -> Turn:
    """Time a training that appends the time at the end of each epoch to a list and returns the last loss."""
    ends: list[float] = []
    start, cpu = time.perf_counter(), time.process_time()
    loss = train(ends)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    return Turn(seconds, cpu_seconds, np.diff([start, *ends]).tolist(), loss)


def dataset(split: Split, batch_size: int, *, shuffled: bool) -> Any:
    """A cached `tf.data` dataset of batches, shuffled before batching."""
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((split.inputs, split.targets)).cache()
    options = tf.data.Options()
    # With autotuning, an epoch ends only at the next period of its thread: after 10, 30, 70, …, 1,270, 2,550 ms.
    options.autotune.enabled = False
    return (rows.shuffle(len(split), seed=0) if shuffled else rows).batch(batch_size).prefetch(2).with_options(options)


def fit(task: Task, *, cached: bool, validated: bool, fused: bool = False) -> Way:
    """Training with `model.fit`."""
    import keras

    from utils.networks.fast_adam import fused_updates
    from utils.networks.fast_lstm import fused_recurrence

    steps = -(-len(task.training) // task.batch_size)
    model = task.compiled(**({"steps_per_execution": steps, "jit_compile": False} if cached else {}))
    data: dict[str, Any] = {"x": task.training.inputs, "y": task.training.targets, "batch_size": task.batch_size}
    validation: Any = (task.validation.inputs, task.validation.targets)
    if cached:
        data = {"x": dataset(task.training, task.batch_size, shuffled=True), "shuffle": False}  # it shuffles itself
        validation = dataset(task.validation, 256, shuffled=False)
    if validated:
        data["validation_data"] = validation

    def train(ends: list[float], epochs: int) -> float:
        watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
        keep = keras.callbacks.EarlyStopping(patience=10**6, restore_best_weights=True)
        callbacks = [keep, watch] if validated else [watch]
        with ExitStack() as stack:
            if fused:
                model.optimizer.build(model.trainable_variables)
                stack.enter_context(fused_updates(model.optimizer))
                stack.enter_context(fused_recurrence(model))
            history = model.fit(**data, epochs=epochs, verbose=0, callbacks=callbacks).history
        return float(history["loss"][-1])

    return lambda epochs: timed(lambda ends: train(ends, epochs))


def loop(task: Task, *, validated: bool) -> Way:
    """Training with the loop of utils/training."""
    from utils.networks.fast_adam import fused_updates
    from utils.networks.fast_lstm import fused_recurrence
    from utils.training.batches import ArrayBatches
    from utils.training.loop import Loop, prepare

    model = task.compiled(jit_compile=False)
    batches = ArrayBatches(task.training, task.batch_size, 0)
    prepare(model, batches)
    with fused_updates(model.optimizer), fused_recurrence(model):
        training = Loop(model, model.train_step, batches)
        validation = Loop(model, model.test_step, ArrayBatches(task.validation, 256)) if validated else None

    def train(ends: list[float], epochs: int) -> float:
        loss = 0.0
        for epoch in range(1, epochs + 1):
            loss = training.measure(epoch)["loss"]
            if validation is not None:
                validation.measure(epoch)
                model.get_weights()
            ends.append(time.perf_counter())
        return loss

    return lambda epochs: timed(lambda ends: train(ends, epochs))


WAYS: dict[str, Callable[[Task], Way]] = {
    "arrays": lambda task: fit(task, cached=False, validated=False),
    "arrays_validated": lambda task: fit(task, cached=False, validated=True),
    "dataset": lambda task: fit(task, cached=True, validated=False),
    "dataset_validated": lambda task: fit(task, cached=True, validated=True),
    "dataset_fused_validated": lambda task: fit(task, cached=True, validated=True, fused=True),
    "loop": lambda task: loop(task, validated=False),
    "loop_validated": lambda task: loop(task, validated=True),
}


def table_task() -> Task:
    """The course network on normalized inputs."""
    import keras

    from labs.regression.lab import lab

    splits = lab.splits(lab.preset("course"))
    mean, std = splits.train.inputs.mean(axis=0), splits.train.inputs.std(axis=0)
    training, validation = (
        Split(((part.inputs - mean) / std).astype("float32"), part.targets)
        for part in (splits.train, splits.validation)
    )

    def network() -> keras.Model:
        hidden = [keras.layers.Dense(10, activation="relu") for _ in range(3)]
        return keras.Sequential([keras.Input((len(mean),)), *hidden, keras.layers.Dense(1)])

    return Task(network, "mean_squared_error", training, validation, 32)


def image_task() -> Task:
    """The residual network of the pneumonia lab on random images."""
    from labs.pneumonia import model
    from labs.pneumonia.config import Config
    from utils.datasets.splits import Source, Splits

    random = np.random.default_rng(0)

    def split(rows: int) -> Split:
        pixels = random.integers(0, 256, (rows, SIDE, SIDE, 1), dtype=np.uint8)
        return Split(pixels, random.integers(0, 2, rows))

    training, validation = split(IMAGES), split(VALIDATION_IMAGES)
    splits = Splits(training, validation, validation, Source("random", "made", "", simulated=True), target="class")
    config = Config(network="residual", filters=8)
    return Task(lambda: model.build(config, splits), "sparse_categorical_crossentropy", training, validation, 32)


def window_task() -> Task:
    """The network of the music lab on random characters."""
    from labs.music import model
    from labs.music.config import Config
    from utils.datasets.splits import Source, Splits

    random = np.random.default_rng(0)

    def split(rows: int) -> Split:
        characters = random.integers(0, SYMBOLS, (rows, LENGTH + 1), dtype=np.int32)
        return Split(characters[:, :-1], characters[:, 1:])

    training, validation = split(WINDOWS), split(VALIDATION_WINDOWS)
    splits = Splits(
        training,
        validation,
        validation,
        Source("random", "made", "", simulated=True),
        target="next",
        categories={"character": tuple(map(str, range(SYMBOLS)))},
    )
    config = Config()
    return Task(
        lambda: model.build(config, splits), "sparse_categorical_crossentropy", training, validation, config.batch_size
    )


def summary(turns: dict[str, list[Turn]]) -> dict[str, Any]:
    """Medians of each way, and the ratios to the loop with and without validation."""

    def ratio(way: str, other: str) -> float:
        return statistics.median(a.seconds / b.seconds for a, b in zip(turns[way], turns[other], strict=True))

    return {
        "median_seconds": {way: statistics.median(turn.seconds for turn in done) for way, done in turns.items()},
        "median_cpu_seconds": {
            way: statistics.median(turn.cpu_seconds for turn in done) for way, done in turns.items()
        },
        "loop_times_faster": {
            way: ratio(way, "loop_validated" if way.endswith("validated") else "loop")
            for way in turns
            if not way.startswith("loop")
        },
        "rounds": len(turns["loop"]),
    }


def measure_table() -> dict[str, Any]:
    """Fifty epochs of a new network in each turn, and whether the losses are of one distribution."""
    import keras
    from scipy.stats import ks_2samp

    task = table_task()
    turns: dict[str, list[Turn]] = {way: [] for way in WAYS}
    for seed in range(TABLE_ROUNDS + 1):
        for way, done in turns.items():
            keras.utils.set_random_seed(seed)
            start, cpu = time.perf_counter(), time.process_time()
            turn = WAYS[way](task)(TABLE_EPOCHS if seed else 1)  # first, a short turn sets up what is set up once
            seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
            if seed:
                done.append(Turn(seconds, cpu_seconds, turn.epochs, turn.loss))
    losses = {way: [turn.loss for turn in done] for way, done in turns.items()}
    return {
        **summary(turns),
        "further_epoch_milliseconds": {
            way: 1000 * statistics.median(second for turn in done for second in turn.epochs[1:])
            for way, done in turns.items()
        },
        "final_loss": {
            way: {"mean": statistics.mean(values), "std": statistics.stdev(values)} for way, values in losses.items()
        },
        "same_distribution_p": float(ks_2samp(losses["arrays"], losses["loop_validated"], method="asymp").pvalue),
        "epochs": TABLE_EPOCHS,
    }


def measure_epochs(task: Task) -> dict[str, Any]:
    """One epoch of the same networks in each turn, after a first one that traces the graphs."""
    import keras

    keras.utils.set_random_seed(0)
    ways = {name: way(task) for name, way in WAYS.items()}
    for way in ways.values():
        way(1)
    turns: dict[str, list[Turn]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            turns[name].append(way(1))
    return summary(turns)


def main() -> None:
    import_keras()
    record(
        "tabular_training",
        {"table": measure_table(), "images": measure_epochs(image_task()), "windows": measure_epochs(window_task())},
    )


if __name__ == "__main__":
    main()
