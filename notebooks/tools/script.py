"""A script as a notebook, with its solutions or without them.

A script is in jupytext's percent format. Tags of its code cells say what they are for:

    setup     the first cell: how to get the labs in a hosted notebook, the path, Keras
    prose     shows text whose numbers come from the run; its code is folded away
    try       an experiment of the student's, ready to run
    exercise  a cell with a solution between `### BEGIN SOLUTION` and `### END SOLUTION`
    check     the verdict on an exercise: one line, `check("<notebook>.<exercise>", answer)`
    solution  the whole cell is left out of the exercises (any kind of cell)
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from utils.base.errors import CallerError

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "notebooks"
EXERCISES = FOLDER / "exercises"

TAGS = {"setup", "prose", "try", "exercise", "check", "solution"}
SOLUTION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION$", re.MULTILINE | re.DOTALL
)
STUB = "...  # your answer"
CHECK = re.compile(r'check\("([a-z_]+\.[a-z_0-9]+)", .+\)')
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}
"""Folds a cell's code away: in JupyterLab and Notebook, and in Colab."""

Notebook = Any
Cell = Any


def names() -> list[str]:
    """The notebooks, in their order."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("__"))


def find(name: str) -> Path:
    """The script of a notebook.

    Raises:
        CallerError: there is none of this name.
    """
    if name not in names():
        raise CallerError(
            f"there is no notebook {name}", f"the notebooks are: {', '.join(names())}"
        )
    return FOLDER / f"{name}.py"


def tags(cell: Cell) -> list[str]:
    """What a cell is for."""
    found: list[str] = cell.metadata.get("tags", [])
    return found


def from_script(name: str) -> Notebook:
    """The notebook that a script says, without outputs.

    The same script always gives the same notebook: cells are numbered, not named at random.

    Raises:
        CallerError: there is no such script, or a cell has a tag that is not one of ours.
    """
    notebook = jupytext.read(find(name), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        if unknown := set(tags(cell)) - TAGS:
            raise CallerError(
                f"{name}.py: a cell has the tag {min(unknown)}",
                f"the tags are: {', '.join(TAGS)}",
            )
        cell.id = f"cell-{number:03d}"
        if "prose" in tags(cell):
            cell.metadata.update(FOLDED)
    return notebook


def without_solutions(notebook: Notebook) -> Notebook:
    """The notebook as students get it: solutions are replaced by a stub, nothing has been run.

    A check stops nobody from running all cells: what it raises is expected, and the next cell is run all the same.
    """
    bare = for_grader(notebook)
    bare.cells = [cell for cell in bare.cells if "solution" not in tags(cell)]
    for cell in bare.cells:
        cell.source = SOLUTION.sub(rf"\1{STUB}", cell.source)
        if "check" in tags(cell):
            cell.metadata.tags = [*tags(cell), "raises-exception"]
    return bare


def for_grader(notebook: Notebook) -> Notebook:
    """The notebook, not run, with what nbgrader has to know: where answers are written, and that a check is a point.

    A front end without nbgrader ignores it.

    Raises:
        CallerError: a check is not one line, or its exercise not the code cell before.
    """
    bare = copy.deepcopy(notebook)
    before = None
    for cell in bare.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if "check" in tags(cell):
            found = CHECK.fullmatch(cell.source)
            if found is None or before is None or not SOLUTION.search(before.source):
                raise CallerError(
                    f"{cell.source}: a check is one line, its exercise the code cell before",
                    'write check("<notebook>.<exercise>", answer) below a cell with ### BEGIN SOLUTION',
                )
            point = found[1].replace(".", "-")  # nbgrader takes no dots
            before.metadata["nbgrader"] = _role(f"{point}-answer", solution=True, locked=False)
            cell.metadata["nbgrader"] = _role(point, grade=True, locked=True, points=1)
        before = cell
    return bare


def _role(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool, **more: int
) -> dict[str, Any]:
    common = {"schema_version": 3, "grade_id": grade_id, "task": False}
    return {**common, "grade": grade, "solution": solution, "locked": locked, **more}
