"""Folders in which runs grow: named, locked, begun beside their final name, renamed when whole, resumed, replaced."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from utils.base.atomic_files import write_json
from utils.base.config import Config, to_json
from utils.base.errors import CallerError
from utils.datasets.splits import Splits

try:
    import fcntl
except ImportError:  # Windows: two processes on one folder are not told apart there
    fcntl = None  # type: ignore[assignment]

RECORD = "run.json"
REQUEST = "request.json"
STATES = "state*.npz"
PARTIAL = ".partial"

_held: dict[Path, int] = {}
"""Partial folders that this process writes, and the descriptors that hold their locks."""


def runs_folder() -> Path:
    """Where runs land: `models/` of the current folder, or the folder that `LABS_MODELS` names."""
    return Path(os.environ.get("LABS_MODELS") or "models")


def new_folder(lab: str, seed: int) -> Path:
    """A name that no run has: `models/<lab>/<UTC time>-s<seed>`, with a number where the second is taken."""
    stem = runs_folder() / lab / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-s{seed}"
    names = (stem if n == 1 else stem.with_name(f"{stem.name}-{n}") for n in range(1, 1000))
    return next(path for path in names if not path.exists() and not partial_of(path).exists())


def named(folder: Path) -> Path:
    """The folder with a name of its own: `.`, `..` and links are followed to what they stand for."""
    return folder.resolve() if folder.is_symlink() or folder.name in ("", "..") else folder


def partial_of(folder: Path) -> Path:
    """The name under which a run's folder grows until it is whole."""
    return folder.with_name(folder.name + PARTIAL)


def final_of(partial: Path) -> Path:
    """The name that a partial folder gets when it is whole."""
    return partial.with_name(partial.name.removesuffix(PARTIAL))


def holds_something(folder: Path) -> bool:
    """Whether there is a folder of this name that is not empty."""
    return folder.is_dir() and any(folder.iterdir())


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Refuse an output folder before any work: one that holds something, unless it is a run to overwrite.

    Raises:
        CallerError: something of value is in the way, or nothing can be written there.
    """
    if folder.name.endswith(PARTIAL):
        raise CallerError(f"--out {folder}: names in {PARTIAL} are those of unfinished runs", "give another name")
    if folder.exists() and not folder.is_dir():
        raise CallerError(f"--out {folder}: this is a file", "give the name of a folder to make")
    if holds_something(folder):
        if not overwrite:
            raise CallerError(f"--out {folder}: the folder holds something", "give a new name, or --overwrite a run")
        if not (folder / RECORD).is_file():
            raise CallerError(
                f"--out {folder}: the folder is not a run, so --overwrite leaves it alone", "give another name"
            )
    partial = partial_of(folder)
    if partial.exists():
        _check_partial(folder, partial, overwrite=overwrite)
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise CallerError(f"--out {folder}: {above} cannot be written to", "choose a folder that you may write to")


def _check_partial(folder: Path, partial: Path, *, overwrite: bool) -> None:
    if not hold(partial):
        raise CallerError(f"--out {folder}: another process is writing this run", "wait for it, or give another name")
    release(partial)
    if not overwrite:
        raise CallerError(
            f"--out {folder}: an unfinished run is in {partial}",
            f"continue it with --resume {partial}, or begin anew with --overwrite",
        )
    if holds_something(partial) and not any((partial / name).is_file() for name in (REQUEST, RECORD)):
        raise CallerError(f"--out {folder}: {partial} holds something that is no run", "give another name")


def hold(partial: Path) -> bool:
    """Lock a partial folder for this process until `release` or its end; False where another process has it."""
    if fcntl is None or partial in _held:
        return True
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held[partial] = descriptor
    return True


def release(partial: Path) -> None:
    """Give up the lock of a partial folder."""
    descriptor = _held.pop(partial, None)
    if descriptor is not None:
        os.close(descriptor)


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
        The partial folder, locked.

    Raises:
        CallerError: the folder is taken or cannot be written.
    """
    check_free(folder, overwrite=overwrite)
    partial = partial_of(folder)
    if partial.exists():
        shutil.rmtree(partial)
    make_folder(partial, folder)
    hold(partial)
    write_json(partial / REQUEST, {**request, "overwrite": overwrite})
    return partial


def make_folder(partial: Path, folder: Path) -> None:
    """Make a partial folder and those above it.

    Raises:
        CallerError: it cannot be made.
    """
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise CallerError(
            f"--out {folder}: the folder cannot be written ({error.strerror})", "choose a folder that you may write to"
        ) from error


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A folder that gets its name when the block has filled it; where that fails or is interrupted nothing is left.

    Args:
        folder: of that name there may be an empty one.

    Raises:
        CallerError: it cannot be made.
    """
    growing = folder.with_name(f".{folder.name}.{os.getpid()}")
    make_folder(growing, folder)
    try:
        yield growing
        if folder.is_dir():
            folder.rmdir()
        growing.replace(folder)
    except BaseException:
        shutil.rmtree(growing, ignore_errors=True)
        raise


def finish(partial: Path, folder: Path) -> None:
    """Give a whole run its name. An earlier run of that name goes only once the new one is in its place.

    Raises:
        CallerError: meanwhile something has come to stand there that was not to be overwritten.
    """
    replaced = None
    if holds_something(folder):
        request = json.loads((partial / REQUEST).read_text(encoding="utf-8")) if (partial / REQUEST).is_file() else {}
        if not (request.get("overwrite") and (folder / RECORD).is_file()):
            raise CallerError(
                f"{folder}: something has come to stand where the run was to go; it is whole in {partial}",
                "move that away, then --resume the run to give it its name",
            )
        replaced = folder.with_name(f".{folder.name}.replaced-{os.getpid()}-{datetime.now(UTC):%H%M%S%f}")
        folder.replace(replaced)
    elif folder.is_dir():
        folder.rmdir()
    partial.replace(folder)
    release(partial)
    for leftover in (folder / REQUEST, *folder.glob(STATES)):
        leftover.unlink(missing_ok=True)
    if replaced is not None:
        shutil.rmtree(replaced, ignore_errors=True)


def discard(partial: Path) -> None:
    """Remove a run that can never be whole."""
    shutil.rmtree(partial, ignore_errors=True)
    release(partial)


def resumable(path: Path, lab: str) -> tuple[Path, dict[str, Any]]:
    """The partial folder that `--resume PATH` means, locked and without half-written files, and what was asked of it.

    Args:
        path: of the partial folder, or the final name of the run.
        lab: whose command was given.

    Raises:
        CallerError: it is finished, there is nothing to resume, it is another lab's, or another process has it.
    """
    path = named(path)
    partial = path if path.name.endswith(PARTIAL) else partial_of(path)
    if not partial.is_dir() and (path / RECORD).is_file():
        raise CallerError(f"--resume {path}: this run is finished", f"look at it: python -m labs evaluate {path}")
    try:
        request = json.loads((partial / REQUEST).read_text(encoding="utf-8"))
        owner, preset, settings, digest = (request[key] for key in ("lab", "preset", "config", "data"))
        whole = isinstance(settings, dict) and all(isinstance(each, str) for each in (owner, preset, digest))
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise CallerError(
            f"--resume {path}: there is no unfinished run here", f"give a folder whose name ends in {PARTIAL}"
        )
    if owner != lab:
        raise CallerError(
            f"--resume {path}: this is a run of the lab {owner}", f"python -m labs.{owner} --resume {path}"
        )
    if not hold(partial):
        raise CallerError(f"--resume {path}: another process is writing this run", "wait for it to end")
    if not (partial / RECORD).is_file():
        _sweep(partial)
    return partial, request


def _sweep(partial: Path) -> None:
    """Remove what an interrupted process had begun to write: all but the request and the state is written anew."""
    for path in partial.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != REQUEST and not path.match(STATES):
            path.unlink()
