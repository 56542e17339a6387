"""The folder of a run: its name, its lock, its partial form while the run is written, resuming and finishing."""

from __future__ import annotations

import glob
import json
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import filelock

from utils.base.atomic_files import make_folder, write_json
from utils.base.config import to_json
from utils.base.errors import CallerError
from utils.base.paths import from_environment

RECORD = "run.json"
REQUEST = "request.json"
STATES = "state*.npz"
PARTIAL = ".partial"


def runs_folder() -> Path:
    """The folder of all runs: `models/` in the current folder, or the folder in `LABS_MODELS`."""
    return from_environment("LABS_MODELS") or Path("models")


def named(folder: Path) -> Path:
    """The folder with a name of its own: `.`, `..` and links are resolved."""
    return folder.resolve() if folder.is_symlink() or folder.name in ("", "..") else folder


def is_not_empty(folder: Path) -> bool:
    """Whether there is a folder of this name that is not empty."""
    return folder.is_dir() and any(folder.iterdir())


def new_folder(folder: Path, option: str = "--out") -> Path:
    """The folder, checked before long work.

    Args:
        folder: where something will be written.
        option: the option that named it.

    Raises:
        CallerError: it exists and is not an empty folder.
    """
    found = named(folder)
    if (found.exists() and not found.is_dir()) or is_not_empty(found):
        raise CallerError(f"{option} {found}: it exists and is not an empty folder", "give the name of a new folder")
    return found


def request_of(lab: str, preset: str, settings: Any, data: Any) -> dict[str, Any]:
    """What a partial folder records to resume the run: lab, preset, config, and the digest of the data's `source`."""
    return {"lab": lab, "preset": preset, "config": to_json(settings), "data": data.source.digest}


def lock_of(folder: Path) -> filelock.BaseFileLock:
    """The lock of a folder: a file beside it, so that the folder can be renamed on every system."""
    return filelock.FileLock(folder.with_name(f".{folder.name}.lock"), is_singleton=True, thread_local=False)


def acquire(lock: filelock.BaseFileLock) -> bool:
    """Take the lock for this process; False if another process has it."""
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return False
    return True


def release(lock: filelock.BaseFileLock) -> None:
    """Give the lock back and remove its file."""
    if lock.is_locked:
        with suppress(OSError):  # Windows does not remove a file that is open
            Path(lock.lock_file).unlink()
        lock.release(force=True)


class RunFolder:
    """The folder of one run. A run is written to `<name>.partial` and renamed when it is complete.

    Args:
        path: the run's folder, not the root of a file system; a name in `.partial` means the run that is written there.
        taken_names: how many further names (`<name>-2`, …) are tried if this one is taken.
    """

    def __init__(self, path: Path, *, taken_names: int = 0) -> None:
        path = named(path)
        if not path.name:
            raise CallerError(
                f"{path}: there is no run here", "give the folder of a run, not the root of a file system"
            )
        self.path = path.with_name(path.name.removesuffix(PARTIAL))
        self._is_partial = path.name.endswith(PARTIAL)
        self._further = taken_names

    @classmethod
    def new(cls, lab: str, seed: int) -> RunFolder:
        """A folder for a new run, `models/<lab>/<UTC time>-s<seed>`; a number is appended if the name is taken."""
        return cls(runs_folder() / lab / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-s{seed}", taken_names=1000)

    @property
    def partial(self) -> Path:
        """The folder while the run is written."""
        return self.path.with_name(self.path.name + PARTIAL)

    @cached_property
    def lock(self) -> filelock.BaseFileLock:
        """Held by the process that writes the run, as long as this object lives."""
        return lock_of(self.path)

    def check(self, *, overwrite: bool = False) -> None:
        """Refuse an output folder that cannot be used, before any work.

        Raises:
            CallerError: the folder is not empty (unless it is a run to overwrite), or it cannot be written.
        """
        folder = self.path
        if self._further:
            return
        if self._is_partial:
            raise CallerError(
                f"--out {self.partial}: names that end in {PARTIAL} are those of unfinished runs", "give another name"
            )
        if folder.exists() and not folder.is_dir():
            raise CallerError(f"--out {folder}: this is a file", "give the name of a new folder")
        if is_not_empty(folder):
            if not overwrite:
                raise CallerError(
                    f"--out {folder}: the folder is not empty", "give a new name, or --overwrite to replace a run"
                )
            if not (folder / RECORD).is_file():
                raise CallerError(
                    f"--out {folder}: the folder is not a run, so --overwrite does not replace it", "give another name"
                )
        if self.partial.exists():
            self._check_partial(overwrite=overwrite)
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            raise CallerError(f"--out {folder}: {above} cannot be written", "choose a folder with write permission")

    def _check_partial(self, *, overwrite: bool) -> None:
        held = self.lock.is_locked
        if not acquire(self.lock):
            raise CallerError(f"--out {self.path}: another process is writing this run", "wait, or give another name")
        if not held:
            release(self.lock)
        if not overwrite:
            raise CallerError(
                f"--out {self.path}: there is an unfinished run in {self.partial}",
                f"resume it with --resume {self.partial}, or start again with --overwrite",
            )
        if is_not_empty(self.partial) and not any((self.partial / name).is_file() for name in (REQUEST, RECORD)):
            raise CallerError(f"--out {self.path}: {self.partial} contains files that are no run", "give another name")

    def begin(self, request: dict[str, Any], *, overwrite: bool = False) -> Path:
        """Create the partial folder, locked, with the request that a resumed run starts from in `request.json`.

        Args:
            request: lab, preset, config and digest of the data.
            overwrite: whether an earlier run of this name may be replaced.

        Returns:
            The partial folder.

        Raises:
            CallerError: the folder is taken or cannot be written.
        """
        self.check(overwrite=overwrite)
        if self._further:
            self._claim()
        else:
            if self.partial.exists():
                shutil.rmtree(self.partial)
            make_folder(self.partial, self.path)
        acquire(self.lock)
        write_json(self.partial / REQUEST, {**request, "overwrite": overwrite})
        return self.partial

    def _claim(self) -> None:
        """Take the first free name. Creating a folder is atomic, so two processes never get the same one."""
        stem = self.path
        for number in range(1, self._further + 1):
            self.path = stem if number == 1 else stem.with_name(f"{stem.name}-{number}")
            if self.path.exists() or self.partial.exists():
                continue
            try:
                self.partial.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError:
                make_folder(self.partial, self.path)  # reports why
            if self.path.exists():  # another run of this name was finished between the two steps
                self.partial.rmdir()
                continue
            return
        raise CallerError(f"{stem}: {self._further} runs have this name", "give --out")

    def resume(self, lab: str) -> dict[str, Any]:
        """Lock the partial folder and remove half-written files.

        Args:
            lab: whose command was given.

        Returns:
            The request that the run began with.

        Raises:
            CallerError: the run is finished, there is none, it is of another lab, or another process is writing it.
        """
        path = self.path
        if not self.partial.is_dir() and (path / RECORD).is_file():
            raise CallerError(f"--resume {path}: this run is finished", f"evaluate it: python -m labs evaluate {path}")
        request = self._request()
        if request is None:
            raise CallerError(
                f"--resume {path}: there is no unfinished run", f"give a folder whose name ends in {PARTIAL}"
            )
        if request["lab"] != lab:
            owner = request["lab"]
            raise CallerError(
                f"--resume {path}: this is a run of the lab {owner}", f"python -m labs.{owner} --resume {path}"
            )
        if not acquire(self.lock):
            raise CallerError(f"--resume {path}: another process is writing this run", "wait until it ends")
        if not self.is_complete:
            self._remove_half_written()
        return request

    @property
    def is_complete(self) -> bool:
        """Whether the partial folder contains a complete run that only lacks its name."""
        return (self.partial / RECORD).is_file()

    def _request(self) -> dict[str, Any] | None:
        """What is in `request.json`, or None where it is missing or damaged."""
        try:
            request: dict[str, Any] = json.loads((self.partial / REQUEST).read_text(encoding="utf-8"))
            texts = [request[key] for key in ("lab", "preset", "data")]
            return request if isinstance(request["config"], dict) and all(isinstance(t, str) for t in texts) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _remove_half_written(self) -> None:
        """Remove all but the request and the training state: it is written again."""
        for path in self.partial.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != REQUEST and not path.match(STATES):
                path.unlink()

    def finish(self) -> None:
        """Rename a complete run. An earlier run of that name is removed only when the new one is in its place.

        Raises:
            CallerError: in the meantime something else was written to that name.
        """
        if is_not_empty(self.path):
            request = self._request() or {}
            if not (request.get("overwrite") and (self.path / RECORD).is_file()):
                raise CallerError(
                    f"{self.path}: the folder is no longer empty; the complete run is in {self.partial}",
                    "move that folder away, then --resume the run to rename it",
                )
            replaced = self.path.with_name(f".{self.path.name}.replaced-{os.getpid()}-{datetime.now(UTC):%H%M%S%f}")
            self.path.replace(replaced)
        elif self.path.is_dir():
            self.path.rmdir()
        self.partial.replace(self.path)
        for leftover in (self.path / REQUEST, *self.path.glob(STATES)):
            leftover.unlink(missing_ok=True)
        # Also what an earlier process could not remove, because it was killed here.
        for earlier in self.path.parent.glob(f".{glob.escape(self.path.name)}.replaced-*"):
            shutil.rmtree(earlier, ignore_errors=True)
        release(self.lock)

    def discard(self) -> None:
        """Remove a run that cannot be completed."""
        shutil.rmtree(self.partial, ignore_errors=True)
        release(self.lock)
