"""`python -m labs data list | fetch | verify | where`: the data sets and their files."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from utils.base import text_tables
from utils.base.atomic_files import replacing
from utils.base.console import say, show
from utils.base.errors import CallerError, CheckError, LabsError, UnobtainableError
from utils.datasets import cache, locate, obtain
from utils.datasets.catalog import Entry, catalogue, find


def _size(entry: Entry) -> str:
    if entry.origin == "folder" or entry.simulated:
        return "–"
    if entry.bytes is None:
        return "unknown"
    return f"{entry.bytes / 1e6:.1f} MB" if entry.bytes >= 1e5 else f"{entry.bytes / 1e3:.0f} kB"


@dataclass(frozen=True)
class List:
    """List the data sets: labs, size, where they are, licence."""

    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print the table."""
        entries = list(catalogue().values())
        if self.json:
            facts = (
                "name",
                "title",
                "task",
                "labs",
                "origin",
                "rows",
                "bytes",
                "licence",
                "citation",
                "homepage",
                "split",
            )
            listed = [{**{fact: getattr(e, fact) for fact in facts}, "state": locate.state(e)} for e in entries]
            show(json.dumps(listed, indent=2))
            return 0
        rows = [
            [e.name, ", ".join(e.labs) or "–", f"{e.rows:,}" if e.rows else "–", _size(e), locate.state(e), e.licence]
            for e in entries
        ]
        show(text_tables.table(["data set", "lab", "rows", "size", "where", "licence"], rows, left=(1, 4, 5)))
        say(f"\ncache: {cache.cache_folder()}; mirror (LABS_MIRROR): {locate.mirror() or 'none'}")
        return 0


@dataclass(frozen=True)
class Fetch:
    """Download data sets into the cache or into a mirror folder; each file is checked against its digest."""

    names: Positional[tuple[str, ...]]
    """Names of the data sets."""
    to: Path | None = None
    """Copy the files into this folder, laid out as a mirror for LABS_MIRROR on machines without a network."""

    def execute(self) -> int:
        """Download, and print where the files are."""
        if not self.names:
            raise CallerError("missing: NAMES", "python -m labs data list lists the data sets")
        entries, missing = [find(name) for name in self.names], []
        if self.to is not None:
            _make_ready(self.to)
        for entry in entries:
            try:
                obtained = obtain.fetch(entry)
            except UnobtainableError as error:
                say(f"note: {error.message}")
                missing.append((entry.name, error.hint))
                continue
            if self.to is not None and entry.origin == "files":
                for path in obtained.paths:
                    _copy(path, self.to / entry.name / path.name)
            place = self.to / entry.name if self.to is not None and entry.origin == "files" else _place(obtained)
            show(f"{entry.name}: {obtained.found}: {place}")
        if missing:
            raise CallerError(f"not available: {', '.join(name for name, _ in missing)}", missing[0][1])
        return 0


def _make_ready(folder: Path) -> None:
    """Create the folder before anything is downloaded."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def _copy(path: Path, target: Path) -> None:
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            shutil.copyfile(path, temporary)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CallerError(f"--to: {target} cannot be written ({error.strerror})", "choose another folder") from error


def _place(obtained: obtain.Obtained) -> str:
    return str(obtained.paths[0].parent) if obtained.paths else "nothing to download"


@dataclass(frozen=True)
class Verify:
    """Check the files on this machine against size and digest; status 1 if one differs or a named one is missing."""

    names: Positional[tuple[str, ...]] = ()
    """Names of the data sets; defaults to all that are on this machine."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print one line per data set."""
        entries = [find(name) for name in self.names] or list(catalogue().values())
        states = {entry.name: _verdict(entry) for entry in entries if entry.origin != "folder" and not entry.simulated}
        if self.json:
            show(json.dumps(states, indent=2))
        else:
            rows = [[name, found["state"], found.get("digest", "")] for name, found in states.items()]
            show(text_tables.table(["data set", "state", "digest"], rows, left=(1, 2)))
        bad = [name for name, found in states.items() if found["state"] == "damaged"]
        bad += [name for name in self.names if states.get(name, {}).get("state") == "not here"]
        if bad:
            raise CheckError(f"files differ from the catalogue: {', '.join(bad)}", "python -m labs data fetch NAME")
        return 0


def _verdict(entry: Entry) -> dict[str, Any]:
    try:
        found = [one for one in locate.here(entry) if one is not None]
    except CheckError:
        return {"state": "damaged"}
    except LabsError:
        return {"state": "not here"}
    if len(found) < len(entry.files):
        return {"state": "damaged" if locate.damaged(entry) else "not here"}
    whole = obtain.obtained(entry, found)
    return {"state": f"ok: {whole.found}", "digest": whole.digest}


@dataclass(frozen=True)
class Where:
    """Print the files of a data set on this machine, one per line; nothing is downloaded."""

    name: Positional[str]
    """Name of the data set."""

    def execute(self) -> int:
        """Print the paths."""
        entry = find(self.name)
        if entry.origin == "folder" or entry.simulated:
            raise CallerError(f"{entry.name} has no files", entry.get or f"it is {entry.origin} when a lab needs it")
        found = locate.here(entry)
        paths = [path for one in found if one is not None for path in one.paths]
        if None in found:
            raise CallerError(
                f"{entry.name} is not complete on this machine", f"python -m labs data fetch {entry.name}"
            )
        show("\n".join(map(str, paths)))
        return 0
