"""`python -m labs.language induction`: which networks learn to look back at what followed a token before.

Random tokens, of which the last ones repeat those before them: nothing but the text itself says what comes next. A
transformer of two blocks learns an induction head: the first block writes to each token which one is before it, the
second looks for the token that was preceded by the current one, and copies it. One block cannot do this, because its
queries and keys only know single tokens and their distance.

Source:
    Olsson et al., In-context Learning and Induction Heads (2022, arXiv:2209.11895).
"""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass as plain_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from labs.language.config import Config
from utils.base.config import STRICT, Definition, Positive, Seed
from utils.base.console import say_progress, show
from utils.base.text_tables import table

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

SYMBOLS, LENGTH = 128, 48
"""Number of different tokens, and tokens of a text."""
SHORTEST, LONGEST = 8, 24
"""Limits of the number of tokens that are repeated."""
UNKNOWN_NEXT = -1
"""The target of a token that nobody can know; it does not count."""
ROWS = 64
"""Texts per gradient step."""
STEPS = 25
"""Gradient steps between two measurements."""
ENOUGH = 0.97
"""Accuracy at which a training ends. Some tokens occur twice by chance, so that 1 is not possible."""

COMMON: dict[str, Any] = {
    "tokens": "characters",
    "length": LENGTH,
    "dropout": 0.0,
    "optimizer": "muon",
    "learning_rate": 0.02,
    "schedule": "constant",
    "units": 64,
    "heads": 2,
    "tied": True,
}
NETWORKS: dict[str, dict[str, Any]] = {
    "transformer, 2 blocks": {"network": "transformer", "layers": 2},
    "transformer, 1 block": {"network": "transformer", "layers": 1},
    "LSTM": {
        "network": "lstm",
        "units": 128,
        "embedding": 64,
        "optimizer": "adamw",
        "learning_rate": 3e-3,
    },
}
"""The networks that are compared, with similar numbers of weights."""


def repeated(random: np.random.Generator, rows: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Texts of random tokens whose last tokens repeat those before them. GENERATED.

    Args:
        random: the draws.
        rows: number of texts.

    Returns:
        Tokens (rows, LENGTH), and the next token of each if it can be known, else UNKNOWN_NEXT.
    """
    text = random.integers(0, SYMBOLS, (rows, LENGTH + 1)).astype("int32")
    targets = np.full((rows, LENGTH), UNKNOWN_NEXT, dtype=np.int32)
    for row, number in enumerate(random.integers(SHORTEST, LONGEST + 1, rows)):
        text[row, -number:] = text[row, -2 * number : -number]
        targets[row, 1 - number :] = text[row, 1 - number :]
    return text[:, :-1], targets


class _Texts:
    """Batches of new texts, for the training loop."""

    steps = STEPS

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def open(self, epoch: int) -> Any:
        import tensorflow as tf

        random = np.random.default_rng((self._seed, epoch))
        return tuple(tf.constant(part.reshape(STEPS, ROWS, LENGTH)) for part in repeated(random, STEPS * ROWS))

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        return opened[0][step], opened[1][step]


@plain_dataclass
class Learned:
    """One network after its training.

    Attributes:
        model: the network.
        curve: CPU seconds, without those of building and compiling, and accuracy on the tokens that can be known.
    """

    model: keras.Model
    curve: list[tuple[float, float]]

    @property
    def weights(self) -> int:
        """Number of trained weights."""
        return int(sum(np.prod(weight.shape) for weight in self.model.trainable_weights))


def train(name: str, seconds: float, seed: int) -> Learned:
    """Train one of NETWORKS until it is right or its CPU seconds are over.

    Args:
        name: of the network.
        seconds: CPU seconds of training.
        seed: of the weights and the texts.
    """
    import keras

    from labs.language.model import network
    from utils.networks.compiling import compile_arguments
    from utils.networks.fast_lstm import fused_recurrence
    from utils.training.loop import Loop, prepare

    config = Config(**{**COMMON, **NETWORKS[name]})
    keras.utils.set_random_seed(seed)
    model = network(config, SYMBOLS)
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=UNKNOWN_NEXT)
    model.compile(**compile_arguments(config, loss, steps=1), jit_compile=False)
    batches = _Texts(seed)
    tokens, targets = repeated(np.random.default_rng((seed, 0)), 256)
    curve = []
    with fused_recurrence(model):
        prepare(model, batches)
        loop, spent, epoch = Loop(model, model.train_step, batches), 0.0, 0
        while spent < seconds:
            epoch += 1
            began = time.process_time()
            loop.measure(epoch)
            spent += time.process_time() - began
            curve.append((spent, accuracy(model, tokens, targets)))
            say_progress(f"{name}: {spent:.0f} of {seconds:.0f} CPU seconds, accuracy {curve[-1][1]:.2f}")
            if curve[-1][1] >= ENOUGH:
                break
    return Learned(model, curve)


def accuracy(model: keras.Model, tokens: Any, targets: Any) -> float:
    """Fraction of the tokens that can be known whose prediction is right."""
    predicted = np.asarray(model.predict_on_batch(tokens)).argmax(axis=-1)
    known = targets != UNKNOWN_NEXT
    return float((predicted == targets)[known].mean())


def draw_curves(learned: dict[str, Learned]) -> Figure:
    """Accuracy over CPU seconds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for (name, found), style in zip(learned.items(), itertools.cycle(("-", "--", "-.")), strict=False):
        axes.plot(*zip(*found.curve, strict=True), linestyle=style, label=f"{name} ({found.weights:,} weights)")
    axes.axhline(1 / SYMBOLS, color="0.6", linestyle=":", label="chance")
    axes.set(xlabel="CPU seconds of training", ylabel="accuracy on the tokens that can be known", ylim=(0, 1.02))
    axes.legend(fontsize=8)
    return figure


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Induction:
    """Train three networks on random tokens that are repeated once, and draw what the transformer attends to."""

    seconds: Annotated[Positive, Field(le=3600)] = 30.0
    """CPU seconds of training of each network; one that is right stops earlier."""
    seed: Seed = 7
    """Seed of the weights and the texts."""
    out: Path | None = None
    """A new folder for the figures; by default none are drawn."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:  # noqa: ARG002
        """Train, print the accuracies, and draw the figures."""
        from utils.base.keras_import import import_keras
        from utils.runs import run_folder

        out = None if self.out is None else run_folder.new_folder(self.out)
        import_keras()
        learned = {name: train(name, self.seconds, self.seed) for name in NETWORKS}
        rows = {
            name: {"weights": found.weights, "cpu_seconds": found.curve[-1][0], "accuracy": found.curve[-1][1]}
            for name, found in learned.items()
        }
        if out is not None:
            draw(learned, out, self.seed)
        columns = ["network", "weights", "CPU seconds", "accuracy"]
        cells = [
            [name, f"{row['weights']:,}", f"{row['cpu_seconds']:.0f}", f"{row['accuracy']:.2f}"]
            for name, row in rows.items()
        ]
        show(json.dumps(rows, indent=2) if self.json else table(columns, cells))
        return 0


def draw(learned: dict[str, Learned], folder: Path, seed: int) -> None:
    """Write `accuracy.png` and `attention.png`, the maps of the transformer of two blocks for one text."""
    from labs.language.commands.attending import attention_weights, draw_attention
    from utils.base.atomic_files import staged

    tokens, targets = repeated(np.random.default_rng((seed, 1, 1)), 1)
    weights = attention_weights(learned["transformer, 2 blocks"].model, tokens[0])
    first = int(np.argmax(targets[0] != UNKNOWN_NEXT))
    names = [f"{token}" + (" ←" if place == first else "") for place, token in enumerate(tokens[0])]
    with staged(folder) as place_of_files:
        draw_curves(learned).savefig(place_of_files / "accuracy.png", dpi=120)
        draw_attention(weights, names).savefig(place_of_files / "attention.png", dpi=120)
