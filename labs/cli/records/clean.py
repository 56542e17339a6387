"""`python -m labs clean`: remove unfinished or named runs, after a question."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from labs.cli.records.runs import shown
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.runs import listing
from utils.runs.run_folder import PARTIAL


@dataclass(frozen=True)
class Clean:
    """Remove the unfinished runs, or the named runs; a run that another process is writing is never removed."""

    runs: Positional[tuple[Path, ...]] = ()
    """Folders of runs; defaults to all unfinished ones, which then cannot be resumed any more."""
    yes: bool = False
    """Remove them without asking."""

    def execute(self) -> int:
        """List what would be removed, ask, and remove it."""
        found = list(dict.fromkeys(listing.run_at(path) for path in self.runs)) or listing.unfinished_runs()
        busy = [folder for folder in found if listing.is_written(folder)]
        if busy and self.runs:
            raise CallerError(f"{busy[0]}: another process is writing this run", "wait until it ends, or stop it")
        for folder in busy:
            say(f"note: {shown(folder)} is kept: another process is writing it")
        folders = [folder for folder in found if folder not in busy]
        if not folders:
            say("there is nothing to remove")
            return 0
        sizes = {folder: listing.megabytes(folder) for folder in folders}
        for folder, size in sizes.items():
            kind = "unfinished" if folder.name.endswith(PARTIAL) else "finished"
            say(f"{shown(folder)}  {kind}, {size:.1f} MB")
        if not (self.yes or self._agreed(folders, sum(sizes.values()))):
            say("nothing was removed")
            return 0
        removed = [folder for folder in folders if listing.remove(folder)]
        show(f"removed {_counted(removed)}, {sum(sizes[folder] for folder in removed):.1f} MB")
        for folder in folders:
            if folder not in removed:
                say(f"note: {shown(folder)} is kept: another process is writing it")
        return 0

    def _agreed(self, folders: Sequence[Path], size: float) -> bool:
        if not sys.stdin.isatty():
            raise CallerError(f"{_counted(folders)} would be removed, and nobody can be asked", "add --yes")
        say(f"Remove {_counted(folders)}, {size:.1f} MB? [y/N]")
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def _counted(folders: Sequence[Path]) -> str:
    return f"{len(folders)} run{'' if len(folders) == 1 else 's'}"
