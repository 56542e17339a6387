"""The notebooks that students and instructors get: exercises, with numbers of a student's own, and the answer key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from labs.exercises import is_graded, recorded, variants
from utils.base.paths import EXERCISES

COURSE_CODE = "COURSE_CODE.md"
"""The page with the courses' code lines and what Keras 3 has instead."""
LINK_INTO_PROJECT = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)]+)\)")


def notebooks() -> dict[str, list[str]]:
    """The full names of the exercises that are graded, by notebook, in the notebook's order."""
    found: dict[str, list[str]] = {}
    for name, about in recorded().items():
        if is_graded(name):
            found.setdefault(about["notebook"], []).append(name)
    return found


def exercise_notebook(path: Path, student: str) -> bytes:
    """A notebook without solutions; for a student, a cell before each numeric exercise has their numbers.

    Args:
        path: of the notebook as it is delivered.
        student: id, or empty.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _away_from_project(_source(cell)).splitlines(keepends=True)
    if not student:
        return _bytes(notebook)
    asked = {about["answer"]: name for name, about in recorded().items() if about["notebook"] == path.stem}
    cells: list[Any] = []
    for cell in notebook["cells"]:
        for answer, name in asked.items():
            differing = variants(name)
            if differing and _is_exercise(cell) and _source(cell).startswith(f"{answer} ="):
                told = differing.told(name, student)
                text = f"**Your numbers:** {told}. Use these instead of the numbers in the text."
                cells.append({"cell_type": "markdown", "id": f"numbers-{answer}", "metadata": {}, "source": [text]})
        cells.append(cell)
    notebook["cells"] = cells
    return _bytes(notebook)


def solved_notebook(path: Path) -> bytes:
    """A notebook with the solutions in the places of the answers."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    solved = [about["solution"] for about in recorded().values() if about["notebook"] == path.stem]
    places = [cell for cell in notebook["cells"] if _is_exercise(cell)]
    for cell, solution in zip(places, solved, strict=True):
        cell["source"] = solution.rstrip("\n").splitlines(keepends=True)
    return _bytes(notebook)


def delivered() -> list[Path]:
    """The notebooks without solutions, sorted by name."""
    return sorted(EXERCISES.glob("*.ipynb"))


def delivered_pages() -> list[Path]:
    """The pages that the notebooks link to, and that lie beside them in a student's folder."""
    inside = EXERCISES / COURSE_CODE  # in a wheel
    return [inside if inside.is_file() else EXERCISES.parent / COURSE_CODE]


def _away_from_project(text: str) -> str:
    """A text with the links of a student's folder: to the pages beside it; a file of the project is only named."""
    beside = re.sub(rf"\.\./(?={re.escape(COURSE_CODE)})", "", text)
    return LINK_INTO_PROJECT.sub(r"\1 (`\2` in the project)", beside)


def _is_exercise(cell: dict[str, Any]) -> bool:
    return "exercise" in cell["metadata"].get("tags", [])


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _bytes(notebook: dict[str, Any]) -> bytes:
    return (json.dumps(notebook, indent=1) + "\n").encode()
