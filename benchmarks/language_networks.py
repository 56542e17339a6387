"""Compare an LSTM and the transformer of the language lab at equal CPU seconds and at equal numbers of weights.

    python -m benchmarks.language_networks [NETWORK | NETWORK@RATE | generation]…

One thread, tiny Shakespeare. The loss is in nats per character on the test text, the last tenth, during training on all
other text. With names, only these networks are measured and the others stay in the record. NETWORK@RATE trains on the
first eight tenths with this learning rate and measures the ninth: learning rates are chosen by that. `generation`
measures how fast the transformer generates, and how fast `model.predict` on the whole window would be.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages.results import FOLDER, record, recorded
from utils.base.keras_import import import_keras

NAME = "language_networks"
GENERATION = "generation"
SECONDS = 100.0
PARTS = 8
CURVE = 20_000
"""Number of test tokens on which a curve is measured; the last value is of the whole test text."""
SEED = 7
NANOGPT = {"positions": "learned", "query_key_norm": False, "tied": True, "layers": 4, "batch_size": 12}
ADAMW = {"preset": "transformer", "optimizer": "adamw", "learning_rate": 3e-3}
NETWORKS: dict[str, dict[str, Any]] = {
    "transformer": {"preset": "transformer"},
    "transformer, AdamW": ADAMW,
    "transformer, AdamW, nanoGPT's CPU setting": {**ADAMW, "learning_rate": 1e-3, **NANOGPT},
    "transformer, context of 128": {"preset": "transformer", "length": 128, "batch_size": 8},
    "transformer, width of 192": {"preset": "transformer", "units": 192},
    "transformer, a quarter of the text": {"preset": "transformer", "share": 0.25},
    "transformer, 512 byte pairs": {"preset": "transformer", "tokens": "bpe", "vocabulary": 512},
    "transformer, 1,024 byte pairs": {"preset": "transformer", "tokens": "bpe", "vocabulary": 1024},
    "LSTM": {"preset": "lstm"},
    "LSTM, equal number of weights": {"preset": "lstm", "units": 448},
    "LSTM, windows of 200": {"preset": "lstm", "length": 200, "batch_size": 8},
    "LSTM, a quarter of the text": {"preset": "lstm", "share": 0.25},
    "LSTM, 512 byte pairs": {"preset": "lstm", "tokens": "bpe", "vocabulary": 512, "learning_rate": 0.02},
    "LSTM, 1,024 byte pairs": {"preset": "lstm", "tokens": "bpe", "vocabulary": 1024, "learning_rate": 0.02},
}
"""Differences from a preset; `share` is that of the training text."""
TEXTS = 64
WRITTEN = {"predict": 8, "one text": 600, "64 texts": 300}


@dataclass(frozen=True)
class Training:
    """One network of NETWORKS, the text that it learns from and the split on which it is measured."""

    config: Any
    splits: Any
    text: NDArray[np.int32]
    held: Any

    @classmethod
    def of(cls, name: str, learning_rate: float | None) -> Training:
        """With a learning rate, the network learns from the training text only and is measured on validation."""
        from labs.language.lab import lab

        options = dict(NETWORKS[name])
        share = options.pop("share", 1.0)
        options |= {} if learning_rate is None else {"learning_rate": learning_rate}
        config: Any = replace(lab.preset(options.pop("preset")), seed=SEED, **options)
        splits: Any = lab.splits(config)
        parts = ["train", "validation"] if learning_rate is None else ["train"]
        text = np.concatenate([splits.encoded[part].tokens for part in parts])
        held = splits.test if learning_rate is None else splits.validation
        return cls(config, splits, text[: round(share * len(text))], held)

    def run(self, steps: int, pieces: int) -> tuple[Any, list[list[float]]]:
        """Train for this number of steps, and measure CPU seconds and loss after each piece of them."""
        import keras

        from labs.language.lab import lab
        from utils.networks.fast_adam import fused_updates
        from utils.networks.fast_lstm import fused_recurrence
        from utils.training.loop import Loop, prepare

        keras.utils.set_random_seed(SEED)
        model = lab.build(self.config, self.splits)
        arguments = lab.compile(self.config, self.splits)
        # One epoch of the lab's schedule, over these steps.
        rate = arguments["optimizer"]._learning_rate
        rate.decay_steps = steps - getattr(rate, "warmup_steps", 0)
        model.compile(**arguments)
        batches = self._batches(steps // pieces)
        prepare(model, batches)
        spent, found = 0.0, []
        with fused_updates(model.optimizer), fused_recurrence(model):
            began = time.process_time()
            loop = Loop(model, model.train_step, batches, jit_compile=model.jit_compile)
            for piece in range(1, pieces + 1):
                loop.measure(piece)
                spent += time.process_time() - began
                found.append([round(spent, 1), self.loss(model, CURVE)])
                began = time.process_time()
        return model, found

    def _batches(self, steps: int) -> Any:
        from utils.text.windows import WindowBatches, shuffled

        config = self.config
        shape = (config.batch_size * steps, config.length + 1)
        windows = partial(shuffled, self.text, config.length, SEED)
        return WindowBatches(lambda epoch: np.resize(windows(epoch), shape), config.batch_size, full=True)

    def loss(self, model: Any, tokens: int | None = None) -> float:
        """Nats per character on the first of these tokens, or on all."""
        from utils.export.predictor import predictor
        from utils.text import next_token

        rows = self.held.inputs if tokens is None else self.held.inputs[: tokens // self.held.inputs.shape[1]]
        targets = {key: values[: len(rows)] for key, values in self.held.targets.items()}
        return next_token.log_loss(targets, next_token.measure(predictor(model), rows, targets))


def curve(name: str, learning_rate: float | None = None) -> dict[str, Any]:
    """Train for SECONDS, with a schedule over the steps that fit, which a short training tells."""
    training = Training.of(name, learning_rate)
    (first, _), (second, _) = training.run(64, 2)[1]
    step = (second - first) / 32
    compiling = max(0.0, first - 32 * step)
    steps = int((SECONDS - compiling) / step) // PARTS * PARTS
    model, found = training.run(steps, PARTS)
    return {
        "weights": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
        "cpu_seconds": found[-1][0],
        "compiling_cpu_seconds": compiling,
        "steps": steps,
        "tokens_per_cpu_second": training.config.batch_size * training.config.length / step,
        "curve": found,
        "loss": training.loss(model),
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
    found: dict[str, dict[str, Any]] = {"networks": {}, "rates": {}}
    for given in sys.argv[1:] or [*NETWORKS, GENERATION]:
        name, _, rate = given.partition("@")
        if given == GENERATION:
            found["characters_per_cpu_second"] = generation()
        elif rate:
            found["rates"][given] = curve(name, float(rate))["loss"]
        else:
            found["networks"][name] = curve(name)
    # Read only now: other networks may have been measured in the meantime.
    known = recorded(NAME) if (FOLDER / f"{NAME}.json").exists() else {}
    record(NAME, {**known, "seconds": SECONDS, **{part: known.get(part, {}) | new for part, new in found.items()}})


if __name__ == "__main__":
    main()
