"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from labs.music import data, ngram
from labs.music.generate import Generate
from utils.datasets.splits import Splits
from utils.metrics.metric import Metric
from utils.runs.lab import Lab
from utils.text.sequences import bits_per_char, log_loss, surprise, text_losses

if TYPE_CHECKING:
    import keras

    from utils.training.batches import Batches

from labs.music.config import PRESETS, MusicConfig


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
    from utils.networks.compiling import optimizer

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
