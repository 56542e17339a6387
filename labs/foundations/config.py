"""The hyperparameters and presets of the foundations lab."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from utils.base.config import STRICT, BaseConfig, Count, Natural, NonNegative, Positive, Rate, Splitting, Width
from utils.base.errors import CallerError

TITLE = "Foundations: a neural network in pure NumPy, numerically equal to Keras"
COMMANDS: dict[str, str] = {}

NetworkKind = Literal["numpy", "autodiff", "keras"]
# Not the step: no gradient passes it, so that the layers before it would not learn.
Activation = Literal["linear", "sigmoid", "tanh", "relu", "leaky_relu"]
Init = Literal["zeros", "ones", "uniform", "centred", "normal", "scaled_uniform", "scaled_normal", "glorot", "he"]
OptimizerKind = Literal["sgd", "adagrad", "adadelta", "rmsprop", "adam"]
Decay = Literal["constant", "step", "exponential", "cosine"]
Hidden = Annotated[tuple[Width, ...], Field(max_length=20)]
Restarts = Annotated[int, Field(ge=1, le=100)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Splitting, BaseConfig):
    """The hyperparameters of the foundations lab; the defaults are those of the bike-sharing course."""

    network: NetworkKind = "numpy"
    """numpy has a backward pass written by hand, autodiff finds the gradients automatically, keras trains in Keras."""
    hidden: Hidden = (25,)
    """Units of each hidden layer; without a number there is none. One layer of about 25 solves the course's task."""
    activation: Activation = "sigmoid"
    """Activation of the hidden layers, as in the course."""
    init: Init = "scaled_normal"
    """Initial weights: scaled_normal has the standard deviation 1/√inputs, as in the course."""
    optimizer: OptimizerKind = "sgd"
    """Name of the optimizer; its settings are Keras's defaults. The course has plain gradient descent."""
    learning_rate: Positive = 0.1
    """Step size of the optimizer: larger ones make the validation loss of the bike rentals jump."""
    momentum: Rate = 0.0
    """Fraction of the previous step that is added to a step of sgd; the course has none."""
    nesterov: bool = False
    """Take the gradient after the step of the momentum (Nesterov 1983)."""
    decay: Decay = "constant"
    """Learning rate over the training: constant, halved three times, or falling exponentially or as a cosine."""
    epochs: Count = 100
    """Largest number of passes over the training split."""
    batch_size: Natural = 32
    """Rows per gradient step; 1 is stochastic gradient descent, 0 takes all rows."""
    l1: NonNegative = 0.0
    """Weight of the absolute weights in the loss, which makes weights of irrelevant inputs zero."""
    l2: NonNegative = 0.0
    """Weight of the squared weights in the loss, which keeps weights small."""
    dropout: Rate = 0.0
    """Fraction of the outputs of each hidden layer that is set to zero in training."""
    patience: Natural = 0
    """Number of epochs without a lower validation loss before early stopping; 0 disables it."""
    restore_best_weights: bool = True
    """Keep the weights of the epoch with the lowest validation loss instead of those of the last epoch."""
    restarts: Restarts = 1
    """Number of trainings from different initial weights; the one with the lowest validation loss is kept."""
    average: bool = False
    """Average the predictions of all restarts instead of keeping one of them."""
    crossed: bool = False
    """Add the hour of working days as inputs; the course leaves out whether a day is one."""
    square_root: bool = False
    """Predict the square root of the number of bikes, whose error hardly grows with the number."""


NEURON: dict[str, Any] = {"hidden": (), "learning_rate": 0.5, "epochs": 1000, "batch_size": 0}
POINTS: dict[str, Any] = {"hidden": (8,), "activation": "tanh", "learning_rate": 0.1, "epochs": 200, "momentum": 0.9}
DIGITS: dict[str, Any] = {
    "hidden": (512,),
    "activation": "relu",
    "init": "glorot",
    "optimizer": "rmsprop",
    "learning_rate": 1e-3,
    "batch_size": 128,
    "epochs": 81,  # on the 3,600 rows of mnist-5k as many steps as the course takes in 5 epochs of 60,000 rows
}
FULL = {**DIGITS, "epochs": 5}
BEST_DIGITS: dict[str, Any] = {
    **DIGITS,
    "hidden": (512, 256),
    "init": "he",
    "optimizer": "adam",
    "decay": "cosine",
    "epochs": 30,
    "dropout": 0.3,
    "restarts": 3,
    "average": True,
    # The cosine schedule ends training, so that validation chooses no epoch.
    "restore_best_weights": False,
}

PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "course/admissions": NEURON,
    "course/points": POINTS,
    "course/mnist-5k": DIGITS,
    "course/mnist": FULL,
    "course/fashion-mnist": FULL,
    "quick": {"epochs": 20},
    "quick/admissions": {**NEURON, "epochs": 200},
    "quick/points": {**POINTS, "epochs": 50},
    "quick/mnist-5k": {**DIGITS, "hidden": (64,), "epochs": 10},
    "quick/mnist": {**FULL, "hidden": (64,), "epochs": 1},
    "quick/fashion-mnist": {**FULL, "hidden": (64,), "epochs": 1},
    "best": {},
    "best/admissions": NEURON,  # nothing that was tried on validation rows is better
    "best/points": {**POINTS, "restarts": 5, "average": True},
    "best/mnist-5k": BEST_DIGITS,
    "best/mnist": {**BEST_DIGITS, "epochs": 15},
    "best/fashion-mnist": {**BEST_DIGITS, "epochs": 15},
    "best/bike-sharing": {
        "hidden": (128, 64),
        "activation": "relu",
        "init": "he",
        "optimizer": "adam",
        "learning_rate": 2e-3,
        "decay": "cosine",
        "batch_size": 64,
        "epochs": 30,
        "dropout": 0.2,
        "crossed": True,
        "square_root": True,
        "restarts": 5,
        "average": True,
        # The cosine schedule ends training, so that validation chooses no epoch.
        "restore_best_weights": False,
    },
}


def check(config: Config) -> None:
    """Check what the fields demand of each other.

    Raises:
        CallerError: options that do not fit together.
    """
    if config.optimizer != "sgd" and (config.momentum or config.nesterov):
        option = f"--momentum {config.momentum:g}" if config.momentum else "--nesterov"
        raise CallerError(
            f"{option}: {config.optimizer} has no such setting, only sgd has",
            f"leave it out, or give --optimizer sgd; {config.optimizer} averages its gradients in its own way",
        )
    if config.nesterov and not config.momentum:
        raise CallerError("--nesterov: without a momentum it changes nothing", "give --momentum, such as 0.9")
    if config.average and config.restarts == 1:
        raise CallerError("--average: there is a single training", "give --restarts, such as 5")
    if config.dropout and not config.hidden:
        raise CallerError(f"--dropout {config.dropout:g}: there is no hidden layer", "give --hidden, such as 25")
