"""The base of every lab's hyperparameters, checked when they are made: before any data is read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from utils.base.errors import CallerError

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Unknown names, wrong types, NaN and infinity are refused; pass it to `pydantic.dataclasses.dataclass`."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
Side = Annotated[int, Field(ge=8, le=1024)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=16_384)]
Few = Annotated[int, Field(ge=0, le=100)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Natural = Annotated[int, Field(ge=0, le=1_000_000)]
Activation = Literal["relu", "tanh", "sigmoid", "elu", "gelu", "silu", "linear"]
OptimizerName = Literal["adam", "adamw", "nadam", "rmsprop", "sgd"]
Schedule = Literal["constant", "cosine"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]

AnyConfig = TypeVar("AnyConfig", bound="Config")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config:
    """The hyperparameters that every lab has. A lab's own Config adds its fields and its defaults.

    Raises:
        pydantic.ValidationError: an unknown name, a wrong type, a value out of its range.
    """

    seed: Seed = 7
    """Draws the initial weights, the shuffling and the dropout masks; the same seed repeats a run bit by bit."""
    epochs: Count = 50
    """Passes over the training split, at most."""
    batch_size: Count = 32
    """Rows a gradient step: Keras's default, small enough for many steps on small data."""
    learning_rate: Positive = 1e-3
    """Step size of the optimizer: Adam's own default (Kingma and Ba 2015)."""
    patience: Natural = 0
    """Epochs without a better validation loss before training stops; 0 trains them all."""
    restore_best_weights: bool = True
    """End with the weights of the epoch that validation liked best; otherwise with the last epoch's."""
    data: str = "auto"
    """Data set by its catalogue name; `auto` takes the lab's first."""
    data_dir: Path | None = None
    """A folder of your own data in place of a catalogued set."""


def config_error(error: ValidationError, program: str) -> CallerError:
    """What pydantic refused, as the caller's mistake in one line.

    Args:
        error: what making a Config raised.
        program: the command whose `--help` lists the options.
    """
    first = error.errors()[0]
    option = "--" + "-".join(str(part) for part in first["loc"][:1]).replace("_", "-")
    reason = first["msg"][0].lower() + first["msg"][1:]
    return CallerError(f"{option}: {reason}, got {first['input']!r}", f"{program} --help says what {option} takes")


def to_json(config: Any) -> dict[str, Any]:
    """A config, or another dataclass of options, as JSON's own types, field by field in their order."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(config).items()}


def from_json(kind: type[AnyConfig], text: str) -> AnyConfig:
    """The config that `to_json` wrote, checked again.

    Raises:
        pydantic.ValidationError: the text is not JSON, or not a config of this kind.
    """
    return TypeAdapter(kind).validate_json(text)
