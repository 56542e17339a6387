"""The catalogue of data sets: description, licence, location of the files and their digests."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from utils.base.errors import CallerError
from utils.base.paths import DATA

Origin = Literal["embedded", "package", "files", "folder", "simulated", "generated"]
REAL = "real"
UNVERIFIED = "unverified"
"""The digest of a file that was never fetched; later fetches must match the first one."""


def kind_of_data(data: Mapping[str, Any]) -> str:
    """How data are labelled: real, GENERATED (by a rule) or SIMULATED (by a model of the real thing).

    Args:
        data: `simulated` and `found` of a `Source`, or `data` of a run's record or of a trial.
    """
    if not data["simulated"]:
        return REAL
    return "GENERATED" if data.get("found") == "generated" else "SIMULATED"


def data_folder() -> Path:
    """The folder of the catalogue and the embedded data: `data/` of a checkout, or its copy inside the wheel."""
    return DATA


@dataclass(frozen=True)
class File:
    """One file of a data set, or several that a pattern with `*` names.

    Attributes:
        name: its name in the data set; in a package, its path below `site-packages`.
        bytes: total size; None if it is unknown.
        digest: `sha256:…`, `md5:…` as published, or `unverified`.
        urls: URLs to download it from, in this order.
        inside: path of the file in the archive at the URLs; empty if there is no archive.
        differs: how an alternative differs from the file that it replaces.
        alternatives: equivalent files with other bytes.
    """

    name: str
    bytes: int | None
    digest: str
    urls: tuple[str, ...] = ()
    inside: str = ""
    differs: str = ""
    alternatives: tuple[File, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One data set of the catalogue.

    Attributes:
        origin: `embedded` in this project; in a Python `package`; `files` of a cache, a mirror or the network; a
            `folder` that the user provides; `simulated` by a model of the real thing; `generated` by a rule.
        labs: labs that use it; `auto` tries a lab's entries in their order.
        package: the package that contains the files.
        extra: the extra of this project that installs the package.
        rows: total number of samples; None if it is unknown.
        get: how to get a folder.
        mirror_folder: a folder of a mirror that may have the files, besides the one of the data set's name.
    """

    name: str
    title: str
    task: str
    origin: Origin
    labs: tuple[str, ...]
    licence: str
    citation: str
    homepage: str
    split: str
    rows: int | None
    files: tuple[File, ...] = ()
    package: str = ""
    extra: str = ""
    get: str = ""
    mirror_folder: str = ""

    @property
    def mirror_folders(self) -> tuple[str, ...]:
        """Folders of a mirror that may have the files, in this order."""
        return tuple(filter(None, (self.name, self.mirror_folder)))

    @property
    def samples(self) -> bool:
        """Whether it is a data set to train on, not the weights of a network, class names or questions to a model."""
        return self.task not in ("weights", "names", "questions")

    @property
    def simulated(self) -> bool:
        """Whether a program makes the samples: they are SIMULATED or GENERATED."""
        return self.origin in ("simulated", "generated")

    @property
    def bytes(self) -> int | None:
        """Total size of its files; None if one is unknown."""
        sizes = [file.bytes for file in self.files]
        return None if not sizes or None in sizes else sum(size for size in sizes if size is not None)


def _file(record: Mapping[str, Any]) -> File:
    nested = {
        "urls": tuple(record.get("urls", ())),
        "alternatives": tuple(_file(other) for other in record.get("alternatives", ())),
    }
    return File(**{"bytes": None, **record, **nested})


def _entry(name: str, record: dict[str, Any]) -> Entry:
    files = tuple(_file(file) for file in record.pop("files", ()))
    return Entry(name=name, labs=tuple(record.pop("labs")), files=files, **{"rows": None, **record})


@cache
def catalogue() -> dict[str, Entry]:
    """Every data set by name, in the order of `data/catalog.toml`."""
    records = tomllib.loads((data_folder() / "catalog.toml").read_text(encoding="utf-8"))
    return {name: _entry(name, record) for name, record in records.items()}


def find(name: str) -> Entry:
    """The data set of this name.

    Raises:
        CallerError: there is none.
    """
    if name not in catalogue():
        raise CallerError(f"{name}: no such data set", f"the data sets are: {', '.join(catalogue())}")
    return catalogue()[name]


def candidates(name: str, lab: str) -> list[Entry]:
    """The data sets that a lab's `--data NAME` may mean.

    `auto` means all that need no folder, in their order; `simulated` means the lab's simulated one.

    Raises:
        CallerError: no such data set, or not one of this lab.
    """
    mine = {key: entry for key, entry in catalogue().items() if lab in entry.labs and entry.samples}
    if name == "auto":
        return [entry for entry in mine.values() if entry.origin != "folder"]
    simulated = [entry for entry in mine.values() if entry.simulated]
    if name == "simulated" and simulated:
        return simulated
    if name not in mine:
        raise CallerError(
            f"--data {name}: no data set of the lab {lab} has this name",
            f"choose from: {', '.join(['auto', *mine])}",
        )
    return [mine[name]]
