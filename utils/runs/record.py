"""Finished runs: opening one checks its record, and every file against its digest."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from utils.base.atomic_files import sha256
from utils.base.errors import CallerError
from utils.runs.run_folder import PARTIAL, RECORD, REQUEST, STATES, RunFolder, named

SCHEMA = 1
LABELS = "labels.json"
REPORT = "report.html"
LARGEST_INPUT = 100_000_000
"""Largest number of values of an input row; files are read into arrays of this size."""


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file below `folder` but the record itself, by its path with forward slashes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in files
        if path.name not in (RECORD, REQUEST) and not path.match(STATES)
    }


class Score(TypedDict):
    """A metric with its interval."""

    value: float
    low: float
    high: float


class Data(TypedDict):
    """The data set of a run."""

    name: str
    digest: str
    simulated: bool


class Record(TypedDict):
    """The keys of `run.json` that commands need; there are more."""

    schema: int
    lab: str
    config: dict[str, Any]
    data: Data
    metrics: dict[str, dict[str, Score]]
    units: dict[str, str]
    versions: dict[str, str]
    device: dict[str, Any]
    files: dict[str, str]


class Labels(TypedDict):
    """The keys of `labels.json`."""

    features: list[str]
    categories: dict[str, list[str]]
    trained_between: dict[str, tuple[float, float]]
    target: str
    unit: str
    class_names: list[str]
    input_shape: list[int] | dict[str, list[int]]


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and the contents of `run.json`."""

    folder: Path
    record: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Read a run's record and check every file of it against its digest.

        Raises:
            CallerError: it is not a run, it is unfinished, or a file is missing or was changed.
        """
        folder = named(folder)
        if folder.name.endswith(PARTIAL) or (RunFolder(folder).partial.is_dir() and not folder.exists()):
            raise CallerError(f"{folder}: this run is not finished", "resume it with --resume")
        record = read_record(folder)
        for name in sorted(record["files"]):
            path = folder / name
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise CallerError(f"{folder}: {RECORD} is damaged (files: {name} is elsewhere)", "run the lab again")
            if not path.is_file():
                raise CallerError(f"{folder}: {name} is missing", "restore it, or run the lab again")
            if sha256(path) != record["files"][name]:
                raise CallerError(f"{folder}: {name} is not what the run wrote", "restore it, or run the lab again")
        return cls(folder, record)

    def path(self, name: str) -> Path:
        """The path of a file of the run, which was checked against its digest when the run was opened.

        Raises:
            CallerError: the run did not write it; somebody may have put it there.
        """
        if name not in self.record["files"]:
            raise CallerError(f"{self.folder}: this run has no {name}", "run the lab again")
        return self.folder / name

    @property
    def labels(self) -> dict[str, Any]:
        """The meaning of inputs and outputs: `labels.json`."""
        if LABELS not in self.record["files"]:
            raise CallerError(f"{self.folder}: this run has no {LABELS}", "its lab does not predict from files")
        read = _read_json(self.folder, LABELS, TypeAdapter(Labels))
        shapes = read["input_shape"]
        for shape in shapes.values() if isinstance(shapes, dict) else [shapes]:
            if math.prod(shape) > LARGEST_INPUT:
                raise CallerError(f"{self.folder}: {LABELS} is damaged (input_shape: {shape})", "run the lab again")
        return read


def read_record(folder: Path) -> dict[str, Any]:
    """The contents of `run.json`; the other files of the run are not checked.

    Raises:
        CallerError: there is none, it is damaged, or of another schema.
    """
    record = _read_json(folder, RECORD, TypeAdapter(Record))
    if record["schema"] != SCHEMA:
        raise CallerError(f"{folder}: {RECORD} is of schema {record['schema']}, this is {SCHEMA}", "run the lab again")
    return record


def _read_json(folder: Path, name: str, shape: TypeAdapter[Any]) -> dict[str, Any]:
    try:
        text = (folder / name).read_text(encoding="utf-8")
        shape.validate_json(text)
    except (FileNotFoundError, NotADirectoryError):
        raise CallerError(f"{folder}: there is no run here (no {name})", "give the folder of a run") from None
    except UnicodeDecodeError:
        raise CallerError(f"{folder}: {name} is damaged (not UTF-8)", "run the lab again") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "JSON"
        raise CallerError(f"{folder}: {name} is damaged ({key}: {first['msg']})", "run the lab again") from None
    read: dict[str, Any] = json.loads(text)
    return read
