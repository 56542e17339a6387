"""What training takes and returns: phases, progress, a fitted model, an evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from numpy.typing import NDArray

from utils.datasets.splits import Splits
from utils.metrics.metric import Metric, Scores

if TYPE_CHECKING:
    import keras

    from utils.training.batches import Batches

Row = dict[str, float]
"""One epoch: `epoch`, `loss`, `val_loss`, the compiled metrics, `seconds`."""
Report = Callable[[Row, int, float], None]
"""Called after each epoch with its row, the number of epochs and the seconds left."""


STAGES = ("load", "import Keras", "build", "train", "evaluate", "save", "figures", "check exports")
"""The stages of a run, in order."""


class Batch(NamedTuple):
    """A position within an epoch.

    Attributes:
        epoch: from 1.
        epochs: largest number of epochs.
        done: batches of the epoch that are done.
        steps: batches of the epoch.
        loss: mean training loss over these batches.
        seconds: since the epoch began.
        seconds_left: estimate for the whole training.
    """

    epoch: int
    epochs: int
    done: int
    steps: int
    loss: float
    seconds: float
    seconds_left: float


class Reporter:
    """A `Report` that is also told of the stages of a run and of the progress within an epoch. By default it does
    nothing."""

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:
        """An epoch ended."""

    def batch(self, position: Batch) -> None:
        """Some batches of a long epoch are done; called about twice per second."""

    def stage(self, name: str) -> None:
        """A stage began, one of STAGES, and the previous one ended; an empty name means that none follows at once."""


silent = Reporter()
"""A report that prints nothing."""


_usual: Callable[[], Reporter] = Reporter


def report_usually(new: Callable[[], Reporter]) -> None:
    """Give each training whose caller passes no report a new one from now on; notebooks do."""
    global _usual
    _usual = new


def usual_report() -> Reporter:
    """The report of a training whose caller passes none; by default it does nothing."""
    return _usual()


class _Epochs(Reporter):
    """A reporter for a plain function."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:
        self._report(row, epochs, seconds_left)


def reporter(report: Report) -> Reporter:
    """The report itself, or a reporter that passes on the epochs."""
    return report if isinstance(report, Reporter) else _Epochs(report)


class Relay(Reporter):
    """Passes everything on to another report; subclasses change or add something."""

    def __init__(self, report: Report) -> None:
        self._report = reporter(report)

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:
        """Pass it on."""
        self._report(row, epochs, seconds_left)

    def batch(self, position: Batch) -> None:
        """Pass it on."""
        self._report.batch(position)

    def stage(self, name: str) -> None:
        """Pass it on."""
        self._report.stage(name)


class Predicts(Protocol):
    """Predicts from raw inputs: a model that was just trained, or one opened from a file."""

    def predict(self, inputs: Any) -> Any:
        """Predictions (rows, …) for inputs (rows, …); either may be a dict of named arrays."""


Measure = Callable[[Predicts, Any, Any], Any]
"""What metrics compare with the targets, from a predictor, the inputs and the targets of some rows."""


class Endpoint(NamedTuple):
    """A further signature of a SavedModel: a function of tensors, and their named `tf.TensorSpec`s."""

    function: Callable[..., dict[str, Any]]
    signature: list[Any]


class Phase(NamedTuple):
    """One phase of training; it continues from the network of the previous phase, perhaps on other inputs of the rows.

    All phases must have the same validation loss: a run that keeps the epoch with the lowest one may keep an epoch of
    an earlier phase.

    Attributes:
        name: in the history.
        epochs: largest number of epochs.
        build: from the config, the splits and the network that the previous phase trained to an uncompiled network.
        compile: arguments of `keras.Model.compile`, from the config and the splits.
        batches: training and validation batches, from the config and the splits.
    """

    name: str
    epochs: int
    build: Callable[[Any, Splits, keras.Model], keras.Model]
    compile: Callable[[Any, Splits], dict[str, Any]]
    batches: Callable[[Any, Splits], tuple[Batches, Batches]]


def predictions(predictor: Predicts, inputs: Any, targets: Any) -> Any:  # noqa: ARG001
    """The predictions of the model, which most metrics compare with the targets."""
    return predictor.predict(inputs)


@dataclass
class Progress:
    """The progress of a training after an epoch: all that a resumed run needs besides the variables.

    Attributes:
        history: one row per epoch.
        best_epoch: the epoch with the lowest validation loss, from 1; 0 before the first.
        best_loss: that loss.
        best_weights: the model's weights after that epoch.
        resumed_at: epochs that an earlier, interrupted process had finished.
        phases: epochs of each phase, by name, in order.
    """

    history: list[Row] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = math.inf
    best_weights: list[NDArray[Any]] = field(default_factory=list)
    resumed_at: int = 0
    phases: dict[str, int] = field(default_factory=dict)

    def followed_by(self, phase: str, later: Progress) -> Progress:
        """Both phases with continuous epoch numbers. The best epoch is the earlier phase's where the later one has no
        lower validation loss."""
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
    """A trained model and how it was trained.

    Attributes:
        lab: the supervised lab.
        model: the assembled model with the weights of the kept epoch, which is evaluated and saved.
        trained: the network that it was assembled from; usually the model itself.
        progress: the history and the epoch with the lowest validation loss.
        seconds: duration by stage.
    """

    lab: Any
    config: Any
    preset: str
    splits: Splits
    model: keras.Model
    trained: keras.Model
    progress: Progress
    seconds: dict[str, float]

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of the lab on these data."""
        found: Mapping[str, Metric] = self.lab.metrics_on(self.splits.source.name)
        return found

    @property
    def kept_epoch(self) -> int:
        """The epoch, counted from 1, whose weights the model has."""
        return self.progress.best_epoch if self.config.restore_best_weights else len(self.progress.history)


@dataclass(frozen=True)
class Evaluation:
    """Predictions and scores by split, baselines and details on the test split, the leakage audit.

    The threshold is the one at which threshold metrics are measured; None where the lab chooses none.
    """

    predictions: dict[str, Any]
    metrics: dict[str, Scores]
    baselines: dict[str, dict[str, float]]
    audit: dict[str, Any]
    details: dict[str, Any]
    threshold: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
