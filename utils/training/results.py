"""What training takes and returns: progress, phases, a fitted model, an evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from numpy.typing import NDArray

from utils.base.config import Config
from utils.datasets.splits import Splits
from utils.metrics.metric import Scores

if TYPE_CHECKING:
    import keras

    from utils.training.batches import Batches

Row = dict[str, float]
"""An epoch: `epoch`, `loss`, `val_loss`, the compiled metrics, `seconds`."""
Report = Callable[[Row, int, float], None]
"""Called after each epoch with its row, the number of epochs and the seconds left."""


class Predicts(Protocol):
    """What predicts from raw inputs: a model that was just trained, or one opened from a file."""

    def predict(self, inputs: Any) -> NDArray[Any]:
        """(rows, …) of inputs to (rows, …) of outputs."""


Measure = Callable[[Predicts, NDArray[Any], NDArray[Any]], NDArray[Any]]
"""What metrics compare with the targets: from a predictor, the inputs and the targets of rows."""


class Endpoint(NamedTuple):
    """A further signature of a SavedModel: a function of tensors, and their `tf.TensorSpec`s, each with its name."""

    function: Callable[..., dict[str, Any]]
    signature: list[Any]


class Phase(NamedTuple):
    """A training that goes on from the network of the one before, perhaps on other inputs of the same rows.

    Its validation loss must be the same function as before: where a run keeps the epoch that validation liked best,
    that may be one of an earlier phase.

    Attributes:
        name: in the history.
        epochs: at most.
        build: the network, uncompiled, from the one that the phase before has trained.
        compile: the arguments of `keras.Model.compile`.
        batches: training and validation batches.
    """

    name: str
    epochs: int
    build: Callable[[Any, Splits, keras.Model], keras.Model]
    compile: Callable[[Any, Splits], dict[str, Any]]
    batches: Callable[[Any, Splits], tuple[Batches, Batches]]


def predictions(predictor: Predicts, inputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[Any]:  # noqa: ARG001
    """The model's predictions, which most metrics compare with the targets."""
    return predictor.predict(inputs)


@dataclass
class Progress:
    """Where training stands after an epoch: all that a resumed run needs besides the variables.

    Attributes:
        history: a row an epoch.
        best_epoch: the epoch with the lowest validation loss, from 1; 0 before the first.
        best_loss: that loss.
        best_weights: the model's weights after that epoch.
        resumed_at: epochs that an earlier, interrupted process had finished.
        phases: epochs of each phase, by name, in their order.
    """

    history: list[Row] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = math.inf
    best_weights: list[NDArray[Any]] = field(default_factory=list)
    resumed_at: int = 0
    phases: dict[str, int] = field(default_factory=dict)

    def followed_by(self, phase: str, later: Progress) -> Progress:
        """Both, with the epochs counted through. Where the later phase has no epoch that validation liked better, the
        best one is the earlier's."""
        done = len(self.history)
        return Progress(
            [*self.history, *({**row, "epoch": row["epoch"] + done} for row in later.history)],
            done + later.best_epoch if later.best_epoch else self.best_epoch,
            later.best_loss,
            later.best_weights,
            self.resumed_at + later.resumed_at,
            {**self.phases, phase: len(later.history)},
        )


@dataclass(frozen=True)
class Fitted:
    """A trained model and how it came to be.

    Attributes:
        lab: that was trained.
        model: with the weights of the epoch that was kept, assembled: what is measured and saved.
        trained: the network that it was assembled of; mostly the model itself.
        progress: the history and the epoch that validation liked best.
        seconds: by phase.
        folder: the partial folder in which the run grows, or None.
        out: the run's final folder, or None for a new name.
    """

    lab: Any
    config: Config
    preset: str
    splits: Splits
    model: keras.Model
    trained: keras.Model
    progress: Progress
    seconds: dict[str, float]
    folder: Path | None = None
    out: Path | None = None

    @property
    def kept_epoch(self) -> int:
        """The epoch, from 1, whose weights the model has."""
        return self.progress.best_epoch if self.config.restore_best_weights else len(self.progress.history)


@dataclass(frozen=True)
class Evaluation:
    """What was measured: predictions and scores by split, baselines and details on test, the leakage audit.

    The threshold is the one that metrics which decide were measured at; None where the lab chooses none.
    """

    predictions: dict[str, NDArray[Any]]
    metrics: dict[str, Scores]
    baselines: dict[str, dict[str, float]]
    audit: dict[str, Any]
    details: dict[str, Any]
    threshold: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
