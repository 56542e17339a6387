"""A training step of an LSTM: `keras.layers.LSTM` as it is, and with the recurrence that the harness trains with.

    python -m benchmarks.recurrent_training

One compiled step each (forward, loss, all gradients) on the same weights and inputs, in turn in one process; the ratio
of medians holds where seconds do not. Beside the times stands the largest difference of a gradient, as a share of the
largest gradient of its variable.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from benchmarks.results import record
from utils.quiet import import_keras

REPEATS = 21
FEATURES = 256
# Batch, units, steps: MIT's network and batch, and a small one.
SIZES = ((8, 1024, 100), (64, 256, 100))


def measured(batch: int, units: int, steps: int) -> dict[str, Any]:
    """Median milliseconds of either way, and how far their gradients are apart."""
    import keras
    import tensorflow as tf

    from utils.recurrent import fused_recurrence

    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, FEATURES))
    model = keras.Model(inputs, keras.layers.LSTM(units, return_sequences=True)(inputs))
    rows = tf.random.normal((batch, steps, FEATURES))
    weights = [weight.value for weight in model.trainable_weights]

    def step(rows: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(rows, training=True) - 0.5))
        return tape.gradient(loss, weights)

    ways = {"keras": tf.function(step).get_concrete_function(rows)}
    with fused_recurrence(model):
        ways["ours"] = tf.function(lambda rows: step(rows)).get_concrete_function(rows)
    gradients = {name: [gradient.numpy() for gradient in way(rows)] for name, way in ways.items()}
    apart = [
        float(np.abs(ours - keras_).max() / np.abs(keras_).max())
        for ours, keras_ in zip(gradients["ours"], gradients["keras"], strict=True)
    ]
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):  # in turn, so that a slow minute of the machine is a slow minute for all
        for name, way in ways.items():
            start = time.perf_counter()
            way(rows)[0].numpy()
            times[name].append(1000 * (time.perf_counter() - start))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "median_milliseconds": medians,
        "times_faster": medians["keras"] / medians["ours"],
        "largest_difference_of_a_gradient": max(apart),
    }


def main() -> None:
    import_keras()
    sizes = {f"{batch} x {units} x {steps}": measured(batch, units, steps) for batch, units, steps in SIZES}
    record("recurrent_training", {"sizes": sizes, "features": FEATURES, "repeats": REPEATS})


if __name__ == "__main__":
    main()
