"""Convert a script to a notebook, with or without solutions.

A script is in jupytext's percent format. Its cells may have these tags:

    setup     the first cell: Keras and the data; `notebooks.tools.hosted` adds path and installation
    prose     displays text with numbers from the run; `notebooks.tools.published` puts the text in its place
    try       an experiment for the student, ready to run
    exercise  a cell with a solution between `### BEGIN SOLUTION` and `### END SOLUTION`
    check     checks an exercise in one line: `check("<notebook>.<exercise>", answer)`
    solution  the whole cell is left out of the exercises (any kind of cell)
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat

import labs
from labs.exercises import RECORD, notebooks_of
from notebooks.tools.hosted import with_installation
from utils.base.errors import CallerError
from utils.teaching.prose import METADATA as RECORD_OF_TEXT

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "notebooks"
EXERCISES = FOLDER / "exercises"

TAGS = {"setup", "prose", "try", "exercise", "check", "solution"}
SOLUTION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION$", re.MULTILINE | re.DOTALL
)
STUB = "...  # your answer"
MARKERS = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION\n?", re.MULTILINE)
CHECK = re.compile(r'check\("([a-z_]+\.[a-z_0-9]+)", (\w+)\)')
IMPORT = re.compile(r"^from labs\.exercises import ([\w, ]+)$", re.MULTILINE)
# a relative link to anything but another notebook, in a text or as a reference below it
LINK_UP = re.compile(
    r"(\]\(|^\[[^\]]+\]: )((?:\.\./|[\w/]+\.(?:md|png|gif))[^)\s]*)", re.MULTILINE
)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}

Notebook = Any
Cell = Any


def names() -> list[str]:
    """The names of the notebooks, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("__"))


def published() -> list[str]:
    """The names of the notebooks whose files are in the project; the notebook of a draft has only a script."""
    drafts = {name for lab in {*labs.NAMES} - {*labs.finished()} for name in notebooks_of(lab)}
    return [name for name in names() if name not in drafts]


def find(name: str) -> Path:
    """The script of a notebook.

    Raises:
        CallerError: there is no notebook of this name.
    """
    if name not in names():
        raise CallerError(
            f"there is no notebook {name}", f"the notebooks are: {', '.join(names())}"
        )
    return FOLDER / f"{name}.py"


def tags(cell: Cell) -> list[str]:
    """The tags of a cell."""
    found: list[str] = cell.metadata.get("tags", [])
    return found


def from_script(name: str) -> Notebook:
    """Build the notebook of a script, without outputs.

    The result is deterministic: the identifiers of the cells are numbers, not random strings.

    Raises:
        CallerError: there is no such script, or a cell has an unknown tag.
    """
    notebook = jupytext.read(find(name), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        if unknown := set(tags(cell)) - TAGS:
            raise CallerError(
                f"{name}.py: a cell has the unknown tag {min(unknown)}",
                f"the tags are: {', '.join(sorted(TAGS))}",
            )
        cell.id = f"cell-{number:03d}"
        if "setup" in tags(cell):
            cell.source = with_installation(cell.source)
    return notebook


def without_solutions(notebook: Notebook) -> Notebook:
    """The notebook for students: solutions are replaced by a stub, and there are no outputs.

    The checks are tagged `raises-exception`, so that "Run all" continues after a check that does not pass.

    Raises:
        CallerError: a check is not a single line, or the code cell before it is not an exercise.
    """
    solutions(notebook, "")
    bare = copy.deepcopy(notebook)
    bare.cells = [cell for cell in bare.cells if "solution" not in tags(cell)]
    for cell in bare.cells:
        cell.source = SOLUTION.sub(rf"\1{STUB}", cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source = IMPORT.sub(_with_help, cell.source)
        else:
            cell.source = LINK_UP.sub(r"\1../\2", cell.source)
        cell.metadata.pop(RECORD_OF_TEXT, None)
        if "check" in tags(cell):
            cell.metadata.tags = [*tags(cell), "raises-exception"]
    return bare


def _with_help(found: re.Match[str]) -> str:
    """The import of `check` with the functions that help a student."""
    names = {name.strip() for name in found[1].split(",")} | {"hint", "solution"}
    return f"from labs.exercises import {', '.join(sorted(names, key=lambda name: (name.islower(), name)))}"


def solutions(notebook: Notebook, name: str) -> dict[str, dict[str, str]]:
    """The exercises of a notebook: for each, the notebook, the name of the answer, and the cell with the solution.

    Args:
        notebook: with solutions.
        name: of the notebook.

    Raises:
        CallerError: a check is not a single line, or the code cell before it is not an exercise.
    """
    found = {}
    before = None
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if "check" in tags(cell):
            asked = CHECK.fullmatch(cell.source)
            if asked is None or before is None or not SOLUTION.search(before.source):
                raise CallerError(
                    f"{cell.source}: a check must be a single line after the code cell of its exercise",
                    'write check("<notebook>.<exercise>", answer) below a cell with ### BEGIN SOLUTION',
                )
            solved = MARKERS.sub("", before.source)
            found[asked[1]] = {"notebook": name, "answer": asked[2], "solution": solved}
        before = cell
    return found


def record(name: str) -> dict[str, dict[str, str]]:
    """All recorded exercises of notebooks that exist, with those of one as its script has them now."""
    path = EXERCISES / RECORD
    recorded = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    kept = {
        key: value
        for key, value in recorded.items()
        if value["notebook"] in {*names()} - {name}
    }
    both = kept | solutions(from_script(name), name)
    return dict(
        sorted(both.items(), key=lambda item: (item[1]["notebook"], list(both).index(item[0])))
    )


def answered(name: str) -> bool:
    """Whether somebody worked in the exercise notebook of this name: it has outputs, or an answer instead of a stub."""
    path = EXERCISES / f"{name}.ipynb"
    if not path.is_file():
        return False
    cells = nbformat.read(path, as_version=4).cells
    return any(
        cell.outputs
        or cell.execution_count
        or ("exercise" in tags(cell) and STUB not in cell.source)
        for cell in cells
        if cell.cell_type == "code"
    )
