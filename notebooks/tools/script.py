"""Convert a script to a notebook, with or without solutions.

A script is in jupytext's percent format. Its cells may have these tags:

    setup     the first cell: Keras and the data; `notebooks.tools.hosted` adds path and installation
    prose     displays text with numbers from the run; the code is hidden
    try       an experiment for the student, ready to run
    exercise  a cell with a solution between `### BEGIN SOLUTION` and `### END SOLUTION`
    check     checks an exercise in one line: `check("<notebook>.<exercise>", answer)`
    solution  the whole cell is left out of the exercises (any kind of cell)
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from notebooks.tools.hosted import with_installation
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
HIDDEN_CODE = {"jupyter": {"source_hidden": True}, "cellView": "form"}
"""Hides the code of a cell in JupyterLab, Notebook and Colab."""

Notebook = Any
Cell = Any


def names() -> list[str]:
    """The names of the notebooks, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("__"))


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
        if "prose" in tags(cell):
            cell.metadata.update(HIDDEN_CODE)
    return notebook


def without_solutions(notebook: Notebook) -> Notebook:
    """The notebook for students: solutions are replaced by a stub, and there are no outputs.

    The checks are tagged `raises-exception`, so that "Run all" continues after a check that does not pass.
    """
    bare = for_grader(notebook)
    bare.cells = [cell for cell in bare.cells if "solution" not in tags(cell)]
    for cell in bare.cells:
        cell.source = SOLUTION.sub(rf"\1{STUB}", cell.source)
        if "check" in tags(cell):
            cell.metadata.tags = [*tags(cell), "raises-exception"]
    return bare


def for_grader(notebook: Notebook) -> Notebook:
    """The notebook without outputs, with nbgrader's metadata: exercises are answers, each check is worth one point.

    Front ends without nbgrader ignore the metadata.

    Raises:
        CallerError: a check is not a single line, or the code cell before it is not an exercise.
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
                    f"{cell.source}: a check must be a single line after the code cell of its exercise",
                    'write check("<notebook>.<exercise>", answer) below a cell with ### BEGIN SOLUTION',
                )
            point = found[1].replace(".", "-")  # nbgrader does not allow dots
            before.metadata["nbgrader"] = _role(f"{point}-answer", solution=True, locked=False)
            cell.metadata["nbgrader"] = _role(point, grade=True, locked=True, points=1)
        before = cell
    return bare


def _role(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool, **more: int
) -> dict[str, Any]:
    common = {"schema_version": 3, "grade_id": grade_id, "task": False}
    return {**common, "grade": grade, "solution": solution, "locked": locked, **more}
