"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from labs.music import data, ngram
from labs.music.generate import Generate
from utils.config import (
    STRICT,
    Config,
    Count,
    Few,
    Fraction,
    Natural,
    OptimizerName,
    Positive,
    Rate,
    Schedule,
    Seed,
    Width,
)
from utils.contracts import Lab
from utils.metrics import Metric
from utils.sequences import bits_per_char, log_loss, surprise, text_losses
from utils.splits import Splits

if TYPE_CHECKING:
    import keras

    from utils.pipelines import Batches


@dataclass(frozen=True, kw_only=True, config=STRICT)
class MusicConfig(Config):
    """The hyperparameters of the music lab; the defaults are the course's, but for size and schedule."""

    epochs: Count = 4
    """Passes over the training tunes, at most; the course takes 3,000 batches at random."""
    batch_size: Count = 16
    """Windows a gradient step; the course has 8."""
    learning_rate: Positive = 5e-3
    """Step size of the optimizer, as in the course."""
    restore_best_weights: bool = False
    """The cosine ends where it should, so validation chooses nothing."""
    length: Count = 100
    """Characters a window, as in the course."""
    from_beginnings: bool = False
    """Every tune begins a window, and so is seen with its key and metre; the course cuts windows anywhere."""
    embedding: Few | Width = 256
    """Width of a learned vector for each character, as in the course; 0 is one-hot."""
    layers: Count = 1
    """Of LSTM, as in the course."""
    units: Width = 256
    """Of each LSTM layer; the course's 1,024 are in the preset mit."""
    memory: Natural = 0
    """Characters that the cells keep what they hold at first, at most; 0 is Keras's own start, as in the course."""
    dropout: Rate = 0.0
    """Share of each LSTM layer's outputs that is zeroed in training; the course has none."""
    transpositions: Rate = 0.0
    """Share of the tunes that each epoch sees in another key of their mode; the course has none."""
    optimizer: OptimizerName = "adam"
    """As in the course."""
    schedule: Schedule = "cosine"
    """The learning rate over the epochs: as it is, as in the course, or falling to zero along a cosine."""
    tunes: Count = 200
    """Tunes that are made and judged after training."""
    temperature: Positive = 0.9
    """Of those tunes: below 1 the likely characters become likelier; more bars are right, and more is copied."""
    test_fraction: Fraction = 0.1
    """Of the families of tunes, held out to judge."""
    validation_fraction: Fraction = 0.1
    """Of the rest, to watch."""
    split_seed: Seed = 0
    """Draws the split; apart from `seed`, so that runs with other seeds are judged on the same tunes."""


PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {"epochs": 1, "units": 64, "embedding": 32, "tunes": 10},
    "mit": {"units": 1024, "batch_size": 8, "epochs": 6, "schedule": "constant", "restore_best_weights": True},
    # Key and metre stand at the beginning of a tune: longer windows show more of what they have to do with the notes.
    "best": {
        "epochs": 12,
        "batch_size": 8,
        "length": 256,
        "embedding": 64,
        "units": 512,
        "dropout": 0.4,
        "transpositions": 0.5,
        "learning_rate": 4e-3,
        # More bars are right than at 0.9; still lower, tunes copy longer runs than validation tunes do.
        "temperature": 0.8,
    },
}


def build(config: MusicConfig, splits: Splits) -> keras.Model:
    """The network; see `labs.music.model`."""
    from labs.music import model

    return model.build(config, splits)


def batches(config: MusicConfig, splits: Splits) -> tuple[Batches, Batches]:
    """Windows of the joined tunes, in another order and other keys each epoch; see `labs.music.windows`."""
    from labs.music import windows

    return windows.batches(config, splits)


def compile_arguments(config: MusicConfig, splits: Splits) -> dict[str, Any]:
    """Cross-entropy of the next character, in nats, as in the course."""
    from utils.optimizers import optimizer

    steps = config.epochs * batches(config, splits)[0].steps
    return {
        "optimizer": optimizer(config.optimizer, config.learning_rate, schedule=config.schedule, steps=steps),
        "loss": "sparse_categorical_crossentropy",
    }


def baselines(config: MusicConfig, splits: Splits) -> Mapping[str, NDArray[Any]]:  # noqa: ARG001
    """Single characters and a 5-gram on the same tunes."""
    return ngram.baselines(splits)


def endpoints(model: keras.Model) -> Mapping[str, Any]:
    """The SavedModel's signature `generate`; see `labs.music.model`."""
    from labs.music import model as network

    return network.endpoints(model)


def draw(fitted: Any, evaluation: Any) -> Mapping[str, Any]:
    """The lab's pictures; see `labs.music.figures`."""
    from labs.music import figures

    return figures.draw(fitted, evaluation)


def inspect(fitted: Any) -> dict[str, Any]:
    """Tunes that the model makes, beside held-out ones; see `labs.music.judge`."""
    from labs.music import judge

    return judge.inspect(fitted)


def remarks(details: Mapping[str, Any]) -> list[str]:
    """What its tunes are like; see `labs.music.judge`."""
    from labs.music import judge

    return judge.remarks(details)


lab = Lab(
    name="music",
    title="Irish tunes, character by character: a recurrent network that writes ABC notation",
    config=MusicConfig,
    presets=PRESETS,
    metrics={
        "log_loss": Metric(log_loss, "lower", "nat a character"),
        "bits_per_char": Metric(bits_per_char, "lower"),
    },
    load=data.load,
    build=build,
    compile=compile_arguments,
    baselines=baselines,
    figures=draw,
    read=data.read,
    inspect=inspect,
    remarks=remarks,
    batches=batches,
    measure=text_losses,
    predict=surprise,
    endpoints=endpoints,
    commands={"generate": Generate},
)
