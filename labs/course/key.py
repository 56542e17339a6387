"""`labs key DIR`: the answer key, for instructors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from labs.course.handout import delivered, solved_notebook
from utils.base.console import show
from utils.base.errors import CallerError


@dataclass(frozen=True)
class Key:
    """Write the notebooks with the solutions in place of the answers into a new folder, for instructors."""

    dir: Positional[Path]
    """A new or empty folder."""

    def execute(self) -> int:
        """Write the notebooks, and print their paths."""
        if self.dir.exists() and (not self.dir.is_dir() or any(self.dir.iterdir())):
            raise CallerError(f"{self.dir}: the folder is not empty", "give the name of a new folder")
        self.dir.mkdir(parents=True, exist_ok=True)
        for path in delivered():
            target = self.dir / path.name
            target.write_bytes(solved_notebook(path))
            show(str(target))
        return 0
