"""The hyperparameters of a lab: a base class, mixins, and the definition of a lab that the command line reads.

A config is validated when it is created, before any data are read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from dataclasses import dataclass as plain_dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote_to_bytes

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from utils.base.errors import CallerError

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Refuses unknown names, wrong types, NaN and infinity; pass it to `pydantic.dataclasses.dataclass`."""

SMOKE_PRESET = "quick"
"""The preset of a smoke run, at most 20 seconds."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Side = Annotated[int, Field(ge=8, le=1024)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=16_384)]
Few = Annotated[int, Field(ge=0, le=100)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Natural = Annotated[int, Field(ge=0, le=1_000_000)]
Activation = Literal["relu", "tanh", "sigmoid", "elu", "gelu", "silu", "linear"]
OptimizerName = Literal["adam", "adamw", "muon", "nadam", "rmsprop", "sgd"]
Schedule = Literal["constant", "cosine"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]

AnyConfig = TypeVar("AnyConfig", bound="BaseConfig")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BaseConfig:
    """The fields that every lab has. A lab's `Config` adds mixins and its own fields, and may override defaults.

    Raises:
        pydantic.ValidationError: an unknown name, a wrong type or a value outside its range.
    """

    seed: Seed = 7
    """Seed of the initial weights, the shuffling and the dropout masks; the same seed repeats a run bit by bit."""
    data: str = "auto"
    """Name of a data set (`python -m labs data list`); `auto` takes the first one that is available."""
    data_dir: Path | None = None
    """A folder with your own data instead of a data set of the catalogue."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Optimization:
    """How a network is trained by gradient descent."""

    epochs: Count = 50
    """Largest number of passes over the training split."""
    batch_size: Count = 32
    """Rows per gradient step: Keras's default, small enough for many steps on small data."""
    learning_rate: Positive = 1e-3
    """Step size of the optimizer: Adam's default (Kingma and Ba 2015)."""
    patience: Natural = 0
    """Number of epochs without a lower validation loss before early stopping; 0 disables it."""
    restore_best_weights: bool = True
    """Keep the weights of the epoch with the lowest validation loss instead of those of the last epoch."""
    optimizer: OptimizerName = "adam"
    """Name of the optimizer; its other settings are Keras's defaults."""
    schedule: Schedule = "constant"
    """Learning rate over the epochs: constant, or decaying to zero along a cosine."""
    dropout: Rate = 0.0
    """Fraction of the outputs of each hidden layer that is set to zero in training."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StableOptimization(Optimization):
    """Gradient descent with what keeps large steps stable, for recurrent networks and transformers."""

    warm_up: Rate = 0.0
    """Fraction of the steps in which the learning rate rises from zero; needs the schedule cosine."""
    weight_decay: NonNegative = 0.0
    """Fraction of the weights that adamw and muon subtract per step, times the learning rate."""
    clip: NonNegative = 0.0
    """Largest norm of the gradient of all weights (Pascanu et al. 2013); 0 disables it."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Splitting:
    """How rows are held out where a data set has no official split."""

    test_fraction: Fraction = 0.2
    """Fraction held out for the test split, where there is no official one."""
    validation_fraction: Fraction = 0.1
    """Fraction of the training rows held out for validation."""
    split_seed: Seed = 0
    """Seed of the split; separate from `seed`, so that runs with other seeds are tested on the same rows."""


@plain_dataclass(frozen=True)
class Definition:
    """What the command line knows of a lab before Keras is imported: the contents of its `config.py`.

    Attributes:
        name: `regression` for `labs.regression`; for a lab elsewhere its dotted module.
        title: one line on what is predicted from what.
        config: the class of its hyperparameters.
        presets: differences from the defaults, by name. `<preset>/<data set>` holds further differences for one data
            set, `<preset>/folder` those for a folder of the user's. `course` is the default preset.
        commands: further commands of the lab, `module:Class` by name.
        draft: whether the lab is in preparation: a draft needs no bands, recorded numbers or notebook.
        data_files: endings of the files of the user that `--data` may also name; `*` for any, or none in a folder.
    """

    name: str
    title: str
    config: type[BaseConfig]
    presets: Mapping[str, Mapping[str, Any]]
    commands: Mapping[str, str]
    draft: bool = False
    data_files: tuple[str, ...] = ()

    @classmethod
    def of(cls, module: ModuleType) -> Definition:
        """The definition in a lab's `config.py`, or in the module of a lab that is a single file."""
        name = module.__name__.removesuffix(".config").removeprefix("labs.")
        optional = (
            getattr(module, "COMMANDS", {}),
            getattr(module, "DRAFT", False),
            getattr(module, "DATA_FILES", ()),
        )
        return cls(name, module.TITLE, module.Config, module.PRESETS, *optional)

    @property
    def program(self) -> str:
        """The command that runs the lab."""
        return f"python -m {self.name if '.' in self.name else f'labs.{self.name}'}"

    @property
    def preset_names(self) -> list[str]:
        """The presets that a user may name."""
        return [name for name in self.presets if "/" not in name]

    def names_file(self, data: str) -> bool:
        """Whether `--data` names a file of the user's rather than a data set."""
        path = Path(data)
        return path.suffix.lower() in self.data_files or (
            "*" in self.data_files and (path.suffix != "" or path.name != data)
        )

    def preset(self, name: str, data: str = "auto", *, folder: bool = False) -> Any:
        """The lab's config under a preset, for a data set or for a folder of the user's.

        Raises:
            CallerError: there is no such preset.
        """
        if name not in self.preset_names:
            raise CallerError(
                f"--preset {name}: the lab {self.name} has no such preset",
                f"choose from: {', '.join(self.preset_names)}",
            )
        further = self.presets.get(f"{name}/{'folder' if folder else data}", {})
        return self.config(**{**self.presets[name], **further, "data": data})


def config_error(error: ValidationError, program: str) -> CallerError:
    """The first problem that pydantic found, as a mistake of the caller in one line.

    Args:
        error: raised when a config was created.
        program: the command whose `--help` lists the options.
    """
    first = error.errors()[0]
    option = "--" + "-".join(str(part) for part in first["loc"][:1]).replace("_", "-")
    reason = first["msg"][0].lower() + first["msg"][1:]
    return CallerError(f"{option}: {reason}, got {first['input']!r}", f"{program} --help describes {option}")


def to_json(config: Any) -> dict[str, Any]:
    """A config, or another dataclass of options, as JSON types, in the order of the fields."""
    return {name: _plain(value) if isinstance(value, Path) else value for name, value in asdict(config).items()}


def _plain(path: Path) -> str:
    """A path as text. JSON is UTF-8, so a path of other bytes is written as a file URI, with `%E9` for such a byte."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return str(path)


def from_json(kind: type[AnyConfig], text: str) -> AnyConfig:
    """The config that `to_json` wrote, validated again.

    Raises:
        pydantic.ValidationError: the text is not JSON, or not a config of this kind.
    """
    read = TypeAdapter(kind).validate_json(text)
    uris = {name: str(value) for name, value in vars(read).items() if isinstance(value, Path)}
    changes: dict[str, Any] = {
        name: Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file:"))))
        for name, uri in uris.items()
        if uri.startswith("file:")
    }
    return replace(read, **changes)
