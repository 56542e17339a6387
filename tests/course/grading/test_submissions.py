"""Whose a notebook is follows from where it is; a damaged file is graded with 0, not an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labs.course.grading.submissions import find, student_of
from utils.base.errors import CallerError

NOTEBOOKS = {"regression": ["regression.rmse"], "00_start_here": ["start_here.steps"]}


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("ada/regression.ipynb", "ada"),
        ("ada/week 2/regression.ipynb", "ada"),
        ("Ada Byron_123456_assignsubmission_file_/regression.ipynb", "123456"),
        ("byronada_1234_56789_regression.ipynb", "1234"),
        ("byronada_LATE_1234_56789_regression-1.ipynb", "1234"),
        ("ada_regression.ipynb", "ada"),
        ("ada.byron-00_start_here.ipynb", "ada.byron"),
        ("ada_regression (2).ipynb", "ada"),
        ("ada.ipynb", "ada"),
    ],
)
def test_the_student(path: str, student: str) -> None:
    assert student_of(Path("all") / path, Path("all"), NOTEBOOKS) == student


def test_a_single_file_belongs_to_its_folder() -> None:
    path = Path("/courses/ada/regression.ipynb")
    assert student_of(path, path, NOTEBOOKS) == "ada"


def notebook(*sources: object) -> str:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "text"}, *cells], "nbformat": 4})


def test_notebooks_are_found_by_name_or_by_their_checks(tmp_path: Path) -> None:
    for name, text in {
        "ada/regression.ipynb": notebook("x = 1", ["y = 2\n", "z = 3"]),
        "bob/homework.ipynb": notebook("check('start_here.steps', steps)"),
        "bob/.ipynb_checkpoints/homework-checkpoint.ipynb": notebook("check('start_here.steps', steps)"),
        "cleo/notes.ipynb": notebook("x = 1"),
        "dan/regression.ipynb": "{",
        "eve/regression.ipynb": "[]",
        "fay/regression.ipynb": '{"cells": [{"cell_type": "code"}]}',
        "gus/regression.ipynb": "[" * 100_000,
        "hal/regression.ipynb": json.dumps(
            {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1"]}]}]}
        ),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = {one.student: one for one in find([tmp_path], NOTEBOOKS)}
    assert found["ada"].cells == ("x = 1", "y = 2\nz = 3")
    assert found["bob"].notebook == "00_start_here"
    assert (found["cleo"].notebook, found["cleo"].fault) == ("", "no exercise of the labs is in this notebook")
    assert "JSONDecodeError" in found["dan"].fault
    assert all("no notebook" in found[name].fault for name in ("eve", "fay", "gus"))
    assert all(found[name].notebook == "regression" for name in ("dan", "eve", "fay", "gus"))
    assert found["hal"].cells == ("a = 1",)
    chosen = {one.student for one in find([tmp_path], NOTEBOOKS, "regression")}
    assert chosen == {"ada", "cleo", "dan", "eve", "fay", "gus", "hal"}, "cleo's may be the wanted one"
    (tmp_path / "ada" / "notes.ipynb").write_text(notebook("x = 1"))
    assert [one.path.name for one in find([tmp_path], NOTEBOOKS, "regression") if one.student == "ada"] == [
        "regression.ipynb"
    ]


def test_callers_mistakes(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="no such file or folder"):
        find([tmp_path / "nothing"], NOTEBOOKS)
    with pytest.raises(CallerError, match="there is no notebook"):
        find([tmp_path], NOTEBOOKS)
    for name in ("ada_regression.ipynb", "ada/regression.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(notebook("x = 1"))
    with pytest.raises(CallerError, match="are both the notebook regression of ada"):
        find([tmp_path], NOTEBOOKS)
