"""A training step of an LSTM: `keras.layers.LSTM` as it is, and with the recurrence that the harness trains with.

    python -m benchmarks.recurrent_training [--torch-python PATH]

One step each (forward, loss, all gradients), compiled, on the same weights and inputs, in turn; the ratio of medians
holds where seconds do not. Beside the times stands the largest difference of a gradient, as a share of the largest
gradient of its variable. With a Python that has PyTorch, its nn.LSTM of the same sizes takes its turn too, on two
threads, in a process of its own (the project does not depend on PyTorch).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pages.results import record
from utils.base.keras_import import import_keras

REPEATS = 21
PAUSE = 0.05
"""Seconds before each turn, in which the threads of the other process come to rest."""
FEATURES = 256
# Batch, units, steps: MIT's network and batch, a small network in large batches, one between, and the preset course.
SIZES = ((8, 1024, 100), (64, 256, 100), (16, 512, 100), (16, 256, 100))

Way = Callable[[], float]
"""Runs one step; its milliseconds."""


@contextmanager
def torch_way(python: str, batch: int, units: int, steps: int) -> Iterator[tuple[str, Way]]:
    """PyTorch's version, and its step."""
    script = Path(__file__).with_name("torch_lstm.py")
    words = [python, str(script), *map(str, (batch, units, steps, FEATURES))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, told = process.stdin, process.stdout

        def step() -> float:
            asked.write("\n")
            asked.flush()
            return float(told.readline())

        yield told.readline().strip(), step


def ours_and_keras(batch: int, units: int, steps: int) -> tuple[dict[str, Way], float]:
    """Either way's step, and how far their gradients are apart."""
    import keras
    import tensorflow as tf

    from utils.networks.fast_lstm import fused_recurrence

    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, FEATURES))
    model = keras.Model(inputs, keras.layers.LSTM(units, return_sequences=True)(inputs))
    rows = tf.random.normal((batch, steps, FEATURES))
    weights = [weight.value for weight in model.trainable_weights]

    def step(rows: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(rows, training=True) - 0.5))
        return tape.gradient(loss, weights)

    graphs = {"keras": tf.function(step).get_concrete_function(rows)}
    with fused_recurrence(model):
        graphs["ours"] = tf.function(lambda rows: step(rows)).get_concrete_function(rows)
    gradients = {name: [gradient.numpy() for gradient in graph(rows)] for name, graph in graphs.items()}
    apart = [
        float(np.abs(ours - keras_).max() / np.abs(keras_).max())
        for ours, keras_ in zip(gradients["ours"], gradients["keras"], strict=True)
    ]

    def timed(graph: Any) -> float:
        start = time.perf_counter()
        graph(rows)[-1].numpy()
        return 1000 * (time.perf_counter() - start)

    return {name: lambda graph=graph: timed(graph) for name, graph in graphs.items()}, max(apart)  # type: ignore[misc]


def medians(ways: dict[str, Way]) -> dict[str, float]:
    """Of each way, in turn, so that a slow minute of the machine is a slow minute for all."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            time.sleep(PAUSE)
            times[name].append(way())
    return {name: statistics.median(values) for name, values in times.items()}


def measured(batch: int, units: int, steps: int, torch_python: str | None) -> dict[str, Any]:
    """Median milliseconds of each way, and how far the gradients of ours are from Keras's."""
    ways, apart = ours_and_keras(batch, units, steps)
    found: dict[str, Any] = {}
    if torch_python is None:
        times = medians(ways)
    else:
        with torch_way(torch_python, batch, units, steps) as (found["torch"], step):
            times = medians({**ways, "torch": step})
        found["times_faster_than_torch"] = times["torch"] / times["ours"]
    return {
        "median_milliseconds": times,
        "times_faster": times["keras"] / times["ours"],
        "largest_difference_of_a_gradient": apart,
        **found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="a training step of an LSTM, ours against others")
    parser.add_argument("--torch-python", metavar="PATH", help="a Python that has PyTorch")
    torch_python = parser.parse_args().torch_python
    import_keras()
    sizes = {
        f"{batch} x {units} x {steps}": measured(batch, units, steps, torch_python) for batch, units, steps in SIZES
    }
    record("recurrent_training", {"sizes": sizes, "features": FEATURES, "repeats": REPEATS})


if __name__ == "__main__":
    main()
