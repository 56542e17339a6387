"""Measure a training step of an LSTM: the standard `keras.layers.LSTM`, and the faster recurrence of the labs.

    python -m benchmarks.recurrent_training [--torch-python PATH]

A step is the forward pass, the loss and all gradients, compiled, with the same weights and inputs. The variants run
alternately in one process, because ratios of medians are more reliable than seconds. The largest difference of a
gradient is also measured, relative to the largest gradient of its variable. With the Python of an environment that has
PyTorch, nn.LSTM of the same size is measured, too, on two threads in its own process (the project does not depend on
PyTorch).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pages.results import record
from labs.cli import options
from labs.cli.main import status_of
from utils.base.keras_import import import_keras

REPEATS = 21
PAUSE = 0.05
"""Seconds before each step, for the threads of the other process to become idle."""
FEATURES = 256
# Batch size, units, time steps: MIT's lab, a small network with large batches, a medium one, and the preset `course`.
SIZES = ((8, 1024, 100), (64, 256, 100), (16, 512, 100), (16, 256, 100))

Way = Callable[[], float]
"""Runs one step and returns its duration in milliseconds."""


@contextmanager
def torch_way(python: str, script: str, *words: object) -> Iterator[tuple[str, Callable[[object], float]]]:
    """The version of PyTorch, and a function that sends a line to a script in a process that ends with the block.

    Args:
        python: an interpreter that has PyTorch.
        script: its name in this folder; it answers each line of its standard input with a number.
        words: its arguments.
    """
    command = [python, str(Path(__file__).with_name(script)), *map(str, words)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def ask(line: object) -> float:
            requests.write(f"{line}\n")
            requests.flush()
            return float(answers.readline())

        yield answers.readline().strip(), ask


def ours_and_keras(batch: int, units: int, steps: int) -> tuple[dict[str, Way], float]:
    """The steps of Keras and of the labs, and the largest relative difference between their gradients."""
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
    """Median milliseconds of each variant; they alternate, so that other load on the machine affects all of them."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            time.sleep(PAUSE)
            times[name].append(way())
    return {name: statistics.median(values) for name, values in times.items()}


def measured(batch: int, units: int, steps: int, torch_python: str | None) -> dict[str, Any]:
    """Median milliseconds of each variant, their ratios, and the largest relative difference of a gradient."""
    ways, apart = ours_and_keras(batch, units, steps)
    found: dict[str, Any] = {}
    if torch_python is None:
        times = medians(ways)
    else:
        with torch_way(torch_python, "torch_lstm.py", batch, units, steps, FEATURES) as (found["torch"], step):
            times = medians({**ways, "torch": lambda: step("")})
        found["times_faster_than_torch"] = times["torch"] / times["ours"]
    return {
        "median_milliseconds": times,
        "times_faster": times["keras"] / times["ours"],
        "largest_difference_of_a_gradient": apart,
        **found,
    }


@dataclass(frozen=True)
class RecurrentTraining:
    """Measure a training step of an LSTM."""

    torch_python: str | None = None
    """Path of a Python interpreter that has PyTorch, to measure nn.LSTM, too."""

    def execute(self) -> int:
        """Measure and record."""
        import_keras()
        sizes = {
            f"{batch} x {units} x {steps}": measured(batch, units, steps, self.torch_python)
            for batch, units, steps in SIZES
        }
        record("recurrent_training", {"sizes": sizes, "features": FEATURES, "repeats": REPEATS})
        return 0


if __name__ == "__main__":
    program = "python -m benchmarks.recurrent_training"
    sys.exit(status_of(lambda: options.execute(RecurrentTraining, sys.argv[1:], program)))
