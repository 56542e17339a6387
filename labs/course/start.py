"""`labs start [DIR]`: copy the exercise notebooks into a folder of the student, and never touch what they changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from labs.course.handout import delivered, delivered_pages, exercise_notebook
from utils.base.atomic_files import replacing, write_json
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.base.paths import ROOT
from utils.teaching.variants import FOLDER_RECORD, student_of

FOLDER = "keras-labs"
"""Name of the folder in the user's home folder, by default."""
NEW = ".new"
"""Part of the name of a new version beside a notebook that the student changed, before the suffix."""


@dataclass(frozen=True)
class Start:
    """Copy the exercise notebooks into a folder of your own; run it again for new ones, and your answers are kept."""

    dir: Positional[Path | None] = None
    """The folder, outside the project; defaults to keras-labs in your home folder."""
    student: str = ""
    """Your id in the course, if your instructor asks for it: some exercises then have numbers of your own."""

    def execute(self) -> int:
        """Write the notebooks, and print what was done."""
        folder = (self.dir or Path.home() / FOLDER).expanduser().resolve()
        _check(folder)
        before = student_of(folder)
        if before and self.student and before != self.student:
            raise CallerError(f"--student {self.student}: {folder} belongs to {before}", "give another folder")
        done = deliver(folder, self.student or before)
        show("\n".join(f"{name}: {what}" for name, what in done.items()))
        say(f"\nopen them with: jupyter lab {folder}")
        return 0


def _check(folder: Path) -> None:
    if folder == ROOT or ROOT in folder.parents:
        raise CallerError(
            f"{folder} is inside the project, where an update or git can overwrite your answers",
            "give a folder outside of it, such as ~/keras-labs",
        )
    if folder.exists() and not folder.is_dir():
        raise CallerError(f"{folder} is not a folder", "give the name of a folder")
    if any((each / ".git").exists() for each in (folder, *folder.parents)):
        say(f"note: {folder} is in a git repository; commit your answers, or git can overwrite them")


def deliver(folder: Path, student: str = "") -> dict[str, str]:
    """Write the notebooks into a folder, which is created; a changed notebook is never overwritten.

    Args:
        folder: of the student.
        student: whose numbers are in numeric exercises; empty for those of the text.

    Returns:
        What was done, by the name of the notebook.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = _Record(folder)
    done = {path.name: record.deliver(path.name, exercise_notebook(path, student)) for path in delivered()}
    done |= {path.name: record.deliver(path.name, path.read_bytes()) for path in delivered_pages()}
    record.save(student)
    return done


class _Record:
    """The digests of what was delivered to a folder: a file with another digest was changed by the student."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.digests: dict[str, str] = {}
        try:
            read: Any = json.loads((folder / FOLDER_RECORD).read_text(encoding="utf-8"))["delivered"]
            self.digests = {str(name): str(digest) for name, digest in read.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass  # without a record, every file counts as changed

    def deliver(self, name: str, content: bytes) -> str:
        """Write a notebook where this loses nothing; what was done, in words."""
        fresh, old = _digest(content), self.digests.get(name)
        present = self._present(name)
        if present == fresh:
            self.digests[name] = fresh
            return "unchanged"
        if present is None or present == old:
            self._write(name, content)
            return "written" if present is None else "updated to the new version"
        if old == fresh:
            return "kept: you changed it"
        beside = f"{Path(name).stem}{NEW}{Path(name).suffix}"
        lying = self._present(beside)
        if self.digests.get(beside) == fresh or lying == fresh:
            return "kept: you changed it" if lying is None else f"kept; the new version is {beside}"
        if lying is not None and lying != self.digests.get(beside):
            return f"kept; for the new version, rename {beside} and run labs start again"
        self._write(beside, content)
        return f"kept; the new version is {beside}"

    def _present(self, name: str) -> str | None:
        path = self.folder / name
        return _digest(path.read_bytes()) if path.is_file() else None

    def _write(self, name: str, content: bytes) -> None:
        with replacing(self.folder / name) as temporary:
            temporary.write_bytes(content)
        self.digests[name] = _digest(content)

    def save(self, student: str) -> None:
        """Write the record."""
        write_json(self.folder / FOLDER_RECORD, {"student": student, "delivered": self.digests})


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
