"""Fifty epochs of the regression lab's course network: the harness against `model.fit(X, Y)` as the course writes it.

    python -m benchmarks.tabular_training

Both train the same network on the same 831 rows, batch 32, from fresh weights, in turn in one process; the ratio of
medians holds where seconds do not. `bare` is fit without validation, as the course's assignment may be answered; `like
for like` gives Keras the work that the harness does too: a validation loss each epoch, as the course's notebook has it
(`validation_split=0.3`), and the best weights at the end. Beside the times stand the
final training losses of both over the seeds, and the p-value of a Kolmogorov-Smirnov test that they are of one
distribution.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.pages.results import record
from utils.base.keras_import import import_keras

REPEATS = 11
EPOCHS = 50
LONG_REPEATS = 3
LONG_EPOCHS = 150


def course_fit(splits: Any, seed: int, epochs: int, *, like_for_like: bool) -> tuple[float, float]:
    """Seconds and final training loss of the course's notebook: normalise, Sequential, compile, fit."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs, targets = splits.train.inputs, splits.train.targets
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
    start = time.perf_counter()
    model = keras.Sequential([keras.Input((inputs.shape[1],))])
    for _ in range(3):
        model.add(keras.layers.Dense(10, activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile(optimizer="adam", loss="mean_squared_error")
    extra: dict[str, Any] = {}
    if like_for_like:
        validation = (splits.validation.inputs - mean) / spread, splits.validation.targets
        keep = keras.callbacks.EarlyStopping(patience=10**6, restore_best_weights=True)
        extra = {"validation_data": validation, "callbacks": [keep]}
    history = model.fit((inputs - mean) / spread, targets, epochs=epochs, verbose=0, **extra)
    return time.perf_counter() - start, history.history["loss"][-1]


def harness_fit(lab: Any, splits: Any, seed: int, epochs: int) -> tuple[float, float]:
    """Seconds and final training loss of `harness.fit`, building and compiling included."""
    from utils.runs import harness

    start = time.perf_counter()
    fitted = harness.fit(lab, lab.config(seed=seed, epochs=epochs), splits)
    return time.perf_counter() - start, fitted.progress.history[-1]["loss"]


def main() -> None:
    from scipy.stats import ks_2samp

    from labs.regression.lab import lab

    splits = lab.splits(lab.preset("course"))
    import_keras()
    ways: dict[str, Callable[[int, int], tuple[float, float]]] = {
        "course_bare": lambda seed, epochs: course_fit(splits, seed, epochs, like_for_like=False),
        "course_like_for_like": lambda seed, epochs: course_fit(splits, seed, epochs, like_for_like=True),
        "harness": lambda seed, epochs: harness_fit(lab, splits, seed, epochs),
    }
    for way in ways.values():  # whatever is imported or set up once, before the clock runs
        way(0, 1)
    short: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    long: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(1, REPEATS + 1):  # in turn, so that a slow minute of the machine is a slow minute for all
        for name, way in ways.items():
            short[name].append(way(seed, EPOCHS))
            if seed <= LONG_REPEATS:
                long[name].append(way(seed, LONG_EPOCHS)[0])
    seconds = {name: statistics.median(second for second, _ in pairs) for name, pairs in short.items()}
    each = {name: (statistics.median(long[name]) - seconds[name]) / (LONG_EPOCHS - EPOCHS) for name in ways}
    losses = {name: [loss for _, loss in pairs] for name, pairs in short.items()}
    record(
        "tabular_training",
        {
            "median_seconds": seconds,
            "times_faster_than_bare": seconds["course_bare"] / seconds["harness"],
            "times_faster_like_for_like": seconds["course_like_for_like"] / seconds["harness"],
            "further_epoch_milliseconds": {name: 1000 * value for name, value in each.items()},
            "further_epoch_times_faster_than_bare": each["course_bare"] / each["harness"],
            "final_loss": {
                name: {"mean": statistics.mean(values), "std": statistics.stdev(values)}
                for name, values in losses.items()
            },
            "same_distribution_p": float(ks_2samp(losses["course_bare"], losses["harness"], method="asymp").pvalue),
            "repeats": REPEATS,
        },
    )


if __name__ == "__main__":
    main()
