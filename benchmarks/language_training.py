"""Measure how many tokens per CPU second the transformer of the language lab learns from, next to PyTorch.

    python -m benchmarks.language_training [--torch-python PATH]

The network of `--preset transformer` with AdamW, on one thread, in alternating measurements: as the lab trains it
(a loop compiled by XLA), by `model.fit` without XLA, and, with the Python of an environment that has PyTorch, the same
network there, eagerly and with torch.compile. The project does not depend on PyTorch.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.pages.results import record
from benchmarks.recurrent_training import torch_way
from labs.cli import options
from labs.cli.main import status_of
from utils.base.keras_import import import_keras

SYMBOLS = 67
STEPS = 50
"""Gradient steps of one measurement."""
REPEATS = 7

Way = Callable[[], float]
"""Runs STEPS steps and returns the CPU seconds."""


def ours(jit: bool) -> Way:
    """The training of the lab."""
    import keras

    from labs.language.lab import lab
    from labs.language.model import network
    from utils.networks.compiling import compile_arguments
    from utils.networks.fast_adam import fused_updates
    from utils.text.windows import WindowBatches
    from utils.training.loop import Loop, prepare

    config: Any = replace(lab.preset("transformer"), optimizer="adamw", learning_rate=1e-3)
    keras.utils.set_random_seed(0)
    model = network(config, SYMBOLS)
    arguments = compile_arguments(config, "sparse_categorical_crossentropy", steps=1000)
    model.compile(**arguments, jit_compile=jit)
    rows = np.random.default_rng(0).integers(2, SYMBOLS, (STEPS * config.batch_size, config.length + 1), "int32")
    batches = WindowBatches(lambda _: rows, config.batch_size, full=True)
    prepare(model, batches)
    loop = Loop(model, model.train_step, batches, jit_compile=jit)

    def steps() -> float:
        start = time.process_time()
        with fused_updates(model.optimizer):
            loop.measure(1)
        return time.process_time() - start

    steps()
    return steps


def fit() -> Way:
    """Keras's own `fit` on arrays, as a course would call it."""
    import keras

    from labs.language.lab import lab
    from labs.language.model import network

    config: Any = lab.preset("transformer")
    model = network(config, SYMBOLS)
    model.compile(keras.optimizers.AdamW(1e-3, clipnorm=1.0), "sparse_categorical_crossentropy", jit_compile=False)
    shape = (STEPS * config.batch_size, config.length + 1)
    rows = np.random.default_rng(0).integers(2, SYMBOLS, shape, "int32")

    def steps() -> float:
        start = time.process_time()
        model.fit(rows[:, :-1], rows[:, 1:], batch_size=config.batch_size, verbose=0)
        return time.process_time() - start

    steps()
    return steps


@dataclass(frozen=True)
class LanguageTraining:
    """Measure the training speed of the transformer of the language lab."""

    torch_python: str | None = None
    """Path of a Python interpreter that has PyTorch, to measure the same network there, too."""

    def execute(self) -> int:
        """Measure and record."""
        import_keras()
        import tensorflow as tf

        from labs.language.lab import lab

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        config: Any = lab.preset("transformer")
        sizes = (SYMBOLS, config.layers, config.units, config.heads, config.length, config.batch_size)
        ways: dict[str, Way] = {"the lab": ours(jit=True), "model.fit": fit()}
        version = None
        with contextlib.ExitStack() as stack:
            for name, how in (("PyTorch", "eager"), ("PyTorch, torch.compile", "compiled")):
                if self.torch_python is not None:
                    started = torch_way(self.torch_python, "torch_transformer.py", *sizes, how)
                    version, ask = stack.enter_context(started)
                    ways[name] = lambda ask=ask: ask(STEPS)  # type: ignore[misc]
            times: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(REPEATS):
                for name, way in ways.items():
                    times[name].append(way())
        tokens = STEPS * config.batch_size * config.length
        speeds = {name: tokens / statistics.median(values) for name, values in times.items()}
        record("language_training", {"tokens_per_cpu_second": speeds, "torch": version, "repeats": REPEATS})
        return 0


if __name__ == "__main__":
    sys.exit(
        status_of(lambda: options.execute(LanguageTraining, sys.argv[1:], "python -m benchmarks.language_training"))
    )
