"""Compare an LSTM and the transformer of the language lab at equal CPU seconds and at equal numbers of weights.

    python -m benchmarks.language_networks [NETWORK]

One thread, characters of tiny Shakespeare. The loss is in nats per character on the test text, the last tenth, during
training on all other text. NETWORK measures one of them; the others stay in the record. Learning rates were chosen
before, by training on the first eight tenths and measuring the ninth. It also measures how fast the transformer
generates, and how fast `model.predict` on the whole window would be.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.pages.results import FOLDER, record, recorded
from utils.base.keras_import import import_keras

SECONDS = 100.0
PARTS = 8
CURVE = 20_000
"""Number of test tokens on which a curve is measured; the last value is of the whole test text."""
SEED = 7
NETWORKS: dict[str, dict[str, Any]] = {
    "transformer": {"preset": "transformer"},
    "lstm": {"preset": "lstm"},
    "lstm of equal size": {"preset": "lstm", "units": 448},
}
TEXTS = 64
WRITTEN = {"predict": 8, "one text": 600, "64 texts": 300}


def curve(name: str) -> dict[str, Any]:
    """Train for SECONDS, with a cosine schedule over the steps that fit, which a short training tells."""
    import keras

    from labs.language.lab import lab
    from utils.export.predictor import predictor
    from utils.networks.fast_adam import fused_updates
    from utils.networks.fast_lstm import fused_recurrence
    from utils.text import next_token
    from utils.text.windows import WindowBatches, shuffled
    from utils.training.loop import Loop, prepare

    options = dict(NETWORKS[name])
    config: Any = replace(lab.preset(options.pop("preset")), seed=SEED, **options)
    splits: Any = lab.splits(config)
    text = np.concatenate([splits.encoded[name].tokens for name in ("train", "validation")])
    windows = partial(shuffled, text, config.length, SEED)

    def trained(steps: int, pieces: int) -> tuple[Any, list[list[float]], float]:
        keras.utils.set_random_seed(SEED)
        model = lab.build(config, splits)
        # One epoch of the lab's schedule, over the steps that fit.
        arguments = lab.compile(config, splits)
        rate = arguments["optimizer"]._learning_rate
        rate.decay_steps = steps - getattr(rate, "warmup_steps", 0)
        model.compile(**arguments)
        rows = config.batch_size * (steps // pieces)
        batches = WindowBatches(
            lambda epoch: np.resize(windows(epoch), (rows, config.length + 1)), config.batch_size, full=True
        )
        prepare(model, batches)
        spent, found = 0.0, []
        with fused_updates(model.optimizer), fused_recurrence(model):
            began = time.process_time()
            loop = Loop(model, model.train_step, batches, jit_compile=model.jit_compile)
            for piece in range(1, pieces + 1):
                loop.measure(piece)
                spent += time.process_time() - began
                found.append([round(spent, 1), loss(model, CURVE)])
                began = time.process_time()
        return model, found, spent

    def loss(model: Any, tokens: int | None = None) -> float:
        rows = splits.test.inputs if tokens is None else splits.test.inputs[: tokens // splits.test.inputs.shape[1]]
        targets = {key: values[: len(rows)] for key, values in splits.test.targets.items()}
        return next_token.log_loss(targets, next_token.measure(predictor(model), rows, targets))

    _, first, _ = trained(64, 2)
    step = (first[1][0] - first[0][0]) / 32
    compiling = max(0.0, first[0][0] - 32 * step)
    steps = int((SECONDS - compiling) / step) // PARTS * PARTS
    model, found, spent = trained(steps, PARTS)
    return {
        "weights": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
        "cpu_seconds": spent,
        "compiling_cpu_seconds": compiling,
        "steps": steps,
        "tokens_per_cpu_second": config.batch_size * config.length / step,
        "curve": found,
        "test": loss(model),
    }


def generation() -> dict[str, float]:
    """Characters per CPU second of a transformer with random weights."""
    from labs.language.cached import transformer_stepped
    from labs.language.lab import lab
    from labs.language.transformer import transformer

    config: Any = lab.preset("transformer")
    model = transformer(config, 67)
    stepped = transformer_stepped(model)
    generator = stepped.generator()
    window = np.full((1, config.length), 5, "int32")

    def predicted(length: int) -> None:
        for _ in range(length):
            model.predict(window, verbose=0)

    def written(rows: int, length: int) -> None:
        generator.generate([np.array([5], "int32")] * rows, stepped.zeros(rows), longest=length)

    ways: dict[str, tuple[Callable[[int], None], int]] = {
        "predict": (predicted, 1),
        "one text": (partial(written, 1), 1),
        "64 texts": (partial(written, TEXTS), TEXTS),
    }
    found = {}
    for name, (way, rows) in ways.items():
        for length in (2, 3, WRITTEN[name]):  # traced for the first two
            began = time.process_time()
            way(length)
        found[name] = rows * WRITTEN[name] / (time.process_time() - began)
    return found


def main() -> None:
    import_keras()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    name = "language_networks"
    known = recorded(name) if (FOLDER / f"{name}.json").exists() else {"networks": {}}
    networks = dict(known["networks"])
    for network in sys.argv[1:] or NETWORKS:
        networks[network] = curve(network)
    record(name, {"seconds": SECONDS, "networks": networks, "characters_per_cpu_second": generation()})


if __name__ == "__main__":
    main()
