"""Grading the exercises with nbgrader, from the course folder to the grades."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from notebooks.tools import script
from notebooks.tools.grading import write_course
from tests.conftest import ROOT

CORRECT = {
    "steps": "return math.ceil(rows / batch_size)",
    "baseline": "return float(np.sqrt(np.mean((test_targets - np.mean(train_targets)) ** 2)))",
    "leaks": "return int(np.isin(test_groups, train_groups).sum())",
}
WRONG = CORRECT | {"steps": "return rows // batch_size", "baseline": "return undefined"}


def solved(name: str, answers: dict[str, str]) -> Any:
    """The exercises with each stub replaced by an answer."""
    notebook = nbformat.read(script.EXERCISES / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        for function, answer in answers.items():
            if cell.source.startswith(f"def {function}("):
                imports = "import math\nimport numpy as np\n\n"
                cell.source = imports + cell.source.replace(script.STUB, answer)
    return notebook


@pytest.mark.slow
def test_a_grading_run(tmp_path: Path) -> None:
    """Three students: all exercises solved, one of three solved, none solved."""
    pytest.importorskip("nbgrader", reason="the grader is not installed: pip install '.[instructor]'")
    course = tmp_path / "course"
    name = "00_start_here"
    write_course(course, [name])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # nbgrader runs alembic by name
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "LABS_MODELS": str(tmp_path / "models")}

    def nbgrader(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words], cwd=course, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    nbgrader("generate_assignment", name)
    released = nbformat.read(course / "release" / name / f"{name}.ipynb", as_version=4)
    ours = script.without_solutions(script.from_script(name))
    assert [cell.source for cell in released.cells] == [cell.source for cell in ours.cells]
    for student, answers in (("ada", CORRECT), ("bob", WRONG), ("cleo", {})):
        submitted = course / "submitted" / student / name / f"{name}.ipynb"
        submitted.parent.mkdir(parents=True)
        nbformat.write(solved(name, answers), submitted)
    nbgrader("autograde", name)
    nbgrader("export")
    header, *rows = (line.split(",") for line in (course / "grades.csv").read_text().splitlines())
    grades = [dict(zip(header, row, strict=True)) for row in rows]
    points = {grade["student_id"]: (float(grade["score"]), float(grade["max_score"])) for grade in grades}
    assert points == {"ada": (3.0, 3.0), "bob": (1.0, 3.0), "cleo": (0.0, 3.0)}
