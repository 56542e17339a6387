"""Deep-learning course labs. Each lab is a package: `python -m labs.<name>` runs it, its docstring is its card."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING


def _check_utils() -> None:
    """Explain in one sentence that a user's own `utils` hides the package of this project.

    `python -m` looks for modules in the current folder first.

    Raises:
        ImportError: it does; with `python -m labs` the program ends with status 2 instead.
    """
    loaded = sys.modules.get("utils")
    spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec("utils")
    origin = getattr(spec, "origin", None)
    if spec is None or (origin and Path(origin).resolve().parent == Path(__file__).resolve().parents[1] / "utils"):
        return
    place = Path(origin or next(iter(spec.submodule_search_locations or ()), "utils"))
    place = place.parent if place.name == "__init__.py" else place
    message = f"{place} hides the package utils of this project, because it has the same name and is found first"
    hint = f"rename {place.name}, or use another folder; the command labs also works beside it"
    if sys.argv[0] == "-m":  # so while `python -m` imports the package
        sys.stderr.write(f"error: {message}\nhint: {hint}\n")
        raise SystemExit(2)
    raise ImportError(f"{message}: {hint}")


_check_utils()

from utils.base.errors import CallerError  # noqa: E402

if TYPE_CHECKING:
    from utils.base.config import Definition
    from utils.runs.lab import Lab

NAMES = (
    "regression",
    "classification",
    "pneumonia",
    "galaxy",
    "music",
    "transfer",
    "foundations",
    "sentiment",
    "word_vectors",
    "language",
    "translation",
)
"""The labs, in the order in which `python -m labs` lists them."""


def finished() -> tuple[str, ...]:
    """The labs that are not drafts."""
    return tuple(name for name in NAMES if not find_definition(name).draft)


def find_definition(name: str) -> Definition:
    """What the lab's `config.py` says; imports nothing heavy.

    Args:
        name: of a lab of this package, or the dotted module of a lab elsewhere.

    Raises:
        CallerError: there is no such lab.
    """
    from utils.base.config import Definition
    from utils.base.errors import CallerError

    module = _part(name, "config")
    try:
        return Definition.of(module)
    except AttributeError:  # a module that is no lab
        raise CallerError(f"there is no lab {name}", f"the labs are: {', '.join(NAMES)}") from None


def find_data(name: str) -> ModuleType:
    """The lab's `data.py`, which loads data and reads inputs without Keras. Arguments and errors as above."""
    return _part(name, "data")


def find_lab(name: str) -> Lab:
    """The lab itself; imports Keras. Arguments and errors as above."""
    lab: Lab = _part(name, "lab").lab
    return lab


def lab_module(name: str) -> str:
    """The module that defines the lab's object `lab`, without importing it."""
    module = f"labs.{name}.lab" if name in NAMES else f"{name}.lab"
    try:
        return module if importlib.util.find_spec(module) else name
    except ModuleNotFoundError:
        return name


def _part(name: str, part: str) -> ModuleType:
    """A module of a lab's package; of a lab that is a single module, that module."""
    if name not in NAMES and not ("." in name and all(map(str.isidentifier, name.split(".")))):
        raise CallerError(f"there is no lab {name}", f"the labs are: {', '.join(NAMES)}")
    package = f"labs.{name}" if name in NAMES else name
    for module in (f"{package}.{part}", package):
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
    raise CallerError(f"there is no lab {name}", "give the name of a lab, or the dotted module of your own")
