"""Run folders: named, begun beside their final name, renamed when whole, opened with every digest checked."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from utils.config import Config, to_json
from utils.errors import CallerError
from utils.files import sha256, write_json
from utils.splits import Splits

SCHEMA = 1
RECORD = "run.json"
REQUEST = "request.json"
STATE = "state.npz"
PARTIAL = ".partial"


def runs_folder() -> Path:
    """Where runs land: `models/` of the current folder, or the folder that `LABS_MODELS` names."""
    return Path(os.environ.get("LABS_MODELS") or "models")


def new_folder(lab: str, seed: int) -> Path:
    """A name that no run has: `models/<lab>/<UTC time>-s<seed>`, with a number where the second is taken."""
    stem = runs_folder() / lab / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-s{seed}"
    names = (stem if n == 1 else stem.with_name(f"{stem.name}-{n}") for n in range(1, 1000))
    return next(path for path in names if not path.exists() and not partial_of(path).exists())


def partial_of(folder: Path) -> Path:
    """The name under which a run's folder grows until it is whole."""
    return folder.with_name(folder.name + PARTIAL)


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Refuse an output folder before any work: one that holds something, unless it is a run to overwrite.

    Raises:
        CallerError: something of value is in the way.
    """
    if folder.exists() and not folder.is_dir():
        raise CallerError(f"--out {folder}: this is a file", "give the name of a folder to make")
    if folder.is_dir() and any(folder.iterdir()):
        if not overwrite:
            raise CallerError(f"--out {folder}: the folder holds something", "give a new name, or --overwrite a run")
        if not (folder / RECORD).is_file():
            raise CallerError(
                f"--out {folder}: the folder is not a run, so --overwrite leaves it alone",
                "give another name",
            )
    partial = partial_of(folder)
    if partial.exists() and not overwrite:
        raise CallerError(
            f"--out {folder}: an unfinished run is in {partial}",
            f"continue it with --resume {partial}, or begin anew with --overwrite",
        )


def request(lab: str, preset: str, settings: Config, splits: Splits) -> dict[str, Any]:
    """What a partial folder remembers of the command that began it, and of the data it began with."""
    return {"lab": lab, "preset": preset, "config": to_json(settings), "data": splits.source.digest}


def begin(folder: Path, request: dict[str, Any], *, overwrite: bool = False) -> Path:
    """Make the folder in which a run grows, with what was asked for in `request.json`.

    Args:
        folder: the run's final name.
        request: what a resumed run starts from.
        overwrite: whether an earlier run of this name may be replaced.

    Returns:
        The partial folder.

    Raises:
        CallerError: the folder is taken or cannot be written.
    """
    check_free(folder, overwrite=overwrite)
    partial = partial_of(folder)
    try:
        if overwrite and (partial / REQUEST).is_file():
            shutil.rmtree(partial)
        partial.mkdir(parents=True)
        write_json(partial / REQUEST, request)
    except OSError as error:
        raise CallerError(
            f"--out {folder}: the folder cannot be written ({error.strerror})",
            "choose a folder that you may write to",
        ) from error
    return partial


def finish(partial: Path, folder: Path) -> None:
    """Give a whole run its name. An earlier run of that name goes only once the new one is in its place."""
    for leftover in (REQUEST, STATE):
        (partial / leftover).unlink(missing_ok=True)
    replaced = folder.with_name(f".{folder.name}.replaced")
    if folder.exists():
        folder.replace(replaced)
    partial.replace(folder)
    shutil.rmtree(replaced, ignore_errors=True)


def discard(partial: Path) -> None:
    """Remove a run that can never be whole."""
    shutil.rmtree(partial, ignore_errors=True)


def resumable(path: Path, lab: str) -> tuple[Path, dict[str, Any]]:
    """The partial folder that `--resume PATH` means, and what was asked of it.

    Args:
        path: of the partial folder, or the final name of the run.
        lab: whose command was given.

    Raises:
        CallerError: it is finished, there is nothing to resume, or it is another lab's.
    """
    if (path / RECORD).is_file():
        raise CallerError(f"--resume {path}: this run is finished", f"look at it: python -m labs evaluate {path}")
    partial = path if path.name.endswith(PARTIAL) else partial_of(path)
    try:
        request = json.loads((partial / REQUEST).read_text(encoding="utf-8"))
        owner, *_ = (request[key] for key in ("lab", "preset", "config", "data"))
    except (OSError, ValueError, KeyError, TypeError):
        raise CallerError(
            f"--resume {path}: there is no unfinished run here", f"give a folder whose name ends in {PARTIAL}"
        ) from None
    if owner != lab:
        raise CallerError(
            f"--resume {path}: this is a run of the lab {owner}", f"python -m labs.{owner} --resume {path}"
        )
    return partial, request


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file below `folder` but the record itself, by its path with forward slashes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    skipped = {RECORD, REQUEST, STATE}
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files if path.name not in skipped}


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and what `run.json` says."""

    folder: Path
    record: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Read a run's record and check every file of it against its digest.

        Raises:
            CallerError: it is no run, it is unfinished, or a file is missing or was changed.
        """
        if folder.name.endswith(PARTIAL) or (partial_of(folder).is_dir() and not folder.exists()):
            raise CallerError(f"{folder}: this run is not finished", "continue it with --resume")
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            schema, files = record["schema"], dict(record["files"])
            _ = record["lab"], record["config"], record["data"]["digest"], record["metrics"]["test"]
        except OSError:
            raise CallerError(f"{folder}: there is no run here (no {RECORD})", "give the folder of a run") from None
        except (ValueError, KeyError, TypeError):
            raise CallerError(f"{folder}: {RECORD} is damaged", "run the lab again") from None
        if schema != SCHEMA:
            raise CallerError(f"{folder}: {RECORD} is of schema {schema}, this is {SCHEMA}", "run the lab again")
        for name, digest in files.items():
            path = folder / name
            if not path.is_file():
                raise CallerError(f"{folder}: {name} is missing", "restore it, or run the lab again")
            if sha256(path) != digest:
                raise CallerError(f"{folder}: {name} is not what the run wrote", "restore it, or run the lab again")
        return cls(folder, record)

    @property
    def labels(self) -> dict[str, Any]:
        """What inputs and outputs mean: `labels.json`."""
        labels: dict[str, Any] = json.loads((self.folder / "labels.json").read_text(encoding="utf-8"))
        return labels
