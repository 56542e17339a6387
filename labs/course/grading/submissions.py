"""Submitted notebooks: whose they are, of which exercises, and the code in them. No code is executed here.

The student's id comes from where a file is, never from what it says. Known layouts:

    submitted/ada/regression.ipynb                          the first folder below the given one
    submitted/Ada Byron_123456_assignsubmission_file_/…     Moodle: the number of the participant
    submitted/byronada_1234_56789_regression.ipynb          Canvas: the number of the user (also with LATE)
    submitted/ada_regression.ipynb, ada.ipynb               the name of the file, without that of the notebook
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from utils.base.errors import CallerError
from utils.base.paths import is_clutter

LARGEST = 20_000_000
"""Largest file in bytes that is read."""
MOODLE = re.compile(r"^.*_(\d+)_assignsubmission_\w*$")
CANVAS = re.compile(r"^[^_]*_(?:LATE_)?(\d+)_\d+_.*$")
CHECK = re.compile(r"check\(\s*['\"](\w+\.\w+)['\"]")


@dataclass(frozen=True)
class Submission:
    """One notebook of one student.

    Attributes:
        student: id.
        path: of the file.
        fault: why it cannot be graded; empty if it can.
        notebook: its name; empty if it is not known.
        cells: sources of its code cells.
    """

    student: str
    path: Path
    fault: str = ""
    notebook: str = ""
    cells: tuple[str, ...] = ()


def find(places: Sequence[Path], notebooks: Mapping[str, Sequence[str]], notebook: str = "") -> list[Submission]:
    """All notebooks in folders, or single files.

    Args:
        places: folders and files.
        notebooks: names of the exercises, by notebook.
        notebook: the one that is graded; others are left out. Defaults to all.

    Raises:
        CallerError: a place does not exist or contains no notebook, or a student has the same notebook twice.
    """
    found: dict[tuple[str, str], list[Submission]] = {}
    for place in places:
        files = list(_notebooks(place))
        if not files:
            raise CallerError(f"{place}: there is no notebook", "give notebooks (.ipynb), or folders with them")
        for path in files:
            read = _read(path, student_of(path, place, notebooks), notebooks)
            if notebook in ("", read.notebook):
                found.setdefault((read.student, read.notebook), []).append(read)
            elif not read.notebook:  # its name and its checks do not tell: it may be the wanted one
                fault = "" if read.cells else read.fault
                found.setdefault((read.student, "?"), []).append(replace(read, notebook=notebook, fault=fault))
    for student, name in [key for key in found if key[1] == "?"]:
        guessed = found.pop((student, name))
        found.setdefault((student, notebook), guessed)
    for (student, name), several in found.items():
        if name and len(several) > 1:
            raise CallerError(
                f"{several[0].path} and {several[1].path} are both the notebook {name} of {student}",
                "remove one, or put each student's notebooks into a folder of the student's id",
            )
    every = [one for several in found.values() for one in several]
    return sorted(every, key=lambda one: (one.notebook, one.student, one.path))


def _notebooks(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        for path in sorted(place.rglob("*.ipynb")):
            if path.is_file() and not any(is_clutter(place / part) for part in path.relative_to(place).parts):
                yield path
    else:
        raise CallerError(f"{place}: no such file or folder", "give notebooks (.ipynb), or folders with them")


def student_of(path: Path, place: Path, names: Sequence[str] | Mapping[str, Any]) -> str:
    """The id of the student whose file this is.

    Args:
        path: of the file.
        place: the folder that was given, or the file itself.
        names: of the notebooks.
    """
    parts = path.relative_to(place).parts if place != path else (path.name,)
    if len(parts) > 1:
        moodle = MOODLE.match(parts[0])
        return moodle[1] if moodle else parts[0]
    stem = path.stem
    if canvas := CANVAS.match(stem):
        return canvas[1]
    for name in sorted(names, key=len, reverse=True):
        shorter = re.sub(rf"[ _.-]*{re.escape(name)}(?:[ _-]*\(?\d*\)?)?$", "", stem)
        if shorter and shorter != stem:
            return shorter
    if stem in names and place == path:
        return path.resolve().parent.name
    return stem


def _read(path: Path, student: str, notebooks: Mapping[str, Sequence[str]]) -> Submission:
    named = _which(path, (), notebooks)
    try:
        if path.stat().st_size > LARGEST:
            return Submission(student, path, f"the file is larger than {LARGEST // 10**6} MB", named)
        cells = code_cells(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return Submission(student, path, f"the file is no notebook ({type(error).__name__})", named)
    except (TypeError, KeyError, IndexError, AttributeError):
        return Submission(student, path, "the file is no notebook (it has no cells)", named)
    notebook = _which(path, cells, notebooks)
    fault = "" if notebook else "no exercise of the labs is in this notebook"
    return Submission(student, path, fault, notebook, cells)


def code_cells(notebook: Any) -> tuple[str, ...]:
    """The sources of the code cells, of the formats 3 and 4 of notebooks."""
    cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
    found = []
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        source = cell["source"] if "source" in cell else cell["input"]
        found.append(source if isinstance(source, str) else "".join(source))
    return tuple(found)


def _which(path: Path, cells: Sequence[str], notebooks: Mapping[str, Sequence[str]]) -> str:
    """The notebook by the name of the file, or else by the checks in it; empty if neither tells."""
    for name in sorted(notebooks, key=len, reverse=True):
        if name in path.stem:
            return name
    asked = {exercise for cell in cells for exercise in CHECK.findall(cell)}
    counts = {name: len(asked.intersection(exercises)) for name, exercises in notebooks.items()}
    best = max(counts, key=lambda name: counts[name], default="")
    return best if best and counts[best] else ""
