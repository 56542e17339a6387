"""The catalogue of data sets: what each is, whose it is, where its files are and what they must hash to."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from utils.errors import CallerError, CheckError
from utils.files import sha256


def data_folder() -> Path:
    """The folder of the catalogue and the embedded data: `data/` of a checkout, or its copy inside the wheel."""
    packed = Path(__file__).parent / "_data"
    return packed if packed.is_dir() else Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class File:
    """One file of a data set: its name, size in bytes and digest (`sha256:…`)."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One data set of the catalogue. `path` is its embedded file."""

    name: str
    title: str
    task: str
    labs: tuple[str, ...]
    licence: str
    citation: str
    homepage: str
    split: str
    simulated: bool
    rows: int
    files: tuple[File, ...]

    @property
    def path(self) -> Path:
        """The first file, where this machine has it."""
        return data_folder() / self.files[0].name

    def verified(self) -> Path:
        """The path of the data set's file, its size and digest checked.

        Raises:
            CheckError: the file is missing, or its bytes are not those of the catalogue.
        """
        expected = self.files[0]
        found = self.path.stat().st_size if self.path.is_file() else None
        if found != expected.bytes or sha256(self.path) != expected.sha256:
            raise CheckError(
                f"{self.path} is missing or is not the file that the catalogue names ({expected.sha256})",
                "restore it: git checkout data, or install the package again",
            )
        return self.path


def _entry(name: str, record: dict[str, Any]) -> Entry:
    files = tuple(File(**file) for file in record.pop("files"))
    return Entry(name=name, labs=tuple(record.pop("labs")), files=files, **record)


@cache
def catalogue() -> dict[str, Entry]:
    """Every data set by name, in the order of `data/catalog.toml`."""
    records = tomllib.loads((data_folder() / "catalog.toml").read_text(encoding="utf-8"))
    return {name: _entry(name, record) for name, record in records.items()}


def find(name: str, lab: str) -> Entry:
    """The data set that a lab's `--data NAME` means; `auto` is the lab's first in the catalogue.

    Raises:
        CallerError: no such data set, or not one of this lab.
    """
    mine = {key: entry for key, entry in catalogue().items() if lab in entry.labs}
    if name == "auto":
        return next(iter(mine.values()))
    if name not in mine:
        raise CallerError(
            f"--data {name}: no data set of the lab {lab} has this name",
            f"choose from: {', '.join(['auto', *mine])}",
        )
    return mine[name]
