"""Grading: points for right answers, none for anything else, and no damage by hostile code."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labs.course.grade import grade
from labs.course.grading import isolation, submissions
from labs.course.grading.isolation import ALL
from labs.course.grading.student import Limits, answered
from labs.course.handout import delivered, notebooks, solved_notebook
from labs.exercises import recorded, variants
from tests.conftest import ROOT, Command
from tests.course.hostile import write_all


def offered() -> list[str]:
    with answered(["answer = 1"], "answer", Limits(60)) as probe:
        return probe.limits


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces and seccomp are of Linux")


@pytest.fixture
def course(tmp_path: Path) -> Callable[..., Path]:
    """`course(ada="solved", bob="released")`: a folder of submissions of the notebook on regression."""

    def write(**students: str) -> Path:
        (path,) = (path for path in delivered() if path.stem == "regression")
        for student, kind in students.items():
            target = tmp_path / "submitted" / student / "regression.ipynb"
            target.parent.mkdir(parents=True)
            target.write_bytes(solved_notebook(path) if kind == "solved" else path.read_bytes())
        return tmp_path / "submitted"

    return write


@pytest.mark.slow
def test_the_key_of_every_notebook_gets_all_points_and_the_exercises_none(tmp_path: Path) -> None:
    for path in delivered():
        for student, content in (("key", solved_notebook(path)), ("blank", path.read_bytes())):
            (tmp_path / student).mkdir(exist_ok=True)
            (tmp_path / student / path.name).write_bytes(content)
    graded = grade(submissions.find([tmp_path], notebooks()), Limits(60), 2)
    assert len(graded) == 2 * len(delivered())
    for one in graded:
        asked = notebooks()[one.points.notebook]
        assert list(one.points.points) == asked
        assert one.points.total == (len(asked) if one.points.student == "key" else 0), one.feedback


@pytest.mark.slow
@linux
def test_hostile_submissions(tmp_path: Path) -> None:
    """In a process of its own, as an instructor would; within a minute."""
    if set(offered()) != set(ALL):
        pytest.skip(f"this system offers only {', '.join(offered())}")
    expected = write_all(tmp_path)
    precious = tmp_path / "precious.txt"
    precious.write_text("grades")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    words = ["grade", "submitted", "--json", "--seconds", "6", "--megabytes", "1024", "--workers", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "labs", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "this system does not limit" not in done.stderr
    graded = {one["student"]: one for one in json.loads(done.stdout)}
    assert set(graded) == set(expected)
    for kind, attack in expected.items():
        page = (tmp_path / "grades" / "feedback" / f"{kind}-00_start_here.md").read_text(encoding="utf-8")
        assert sum(graded[kind]["points"].values()) == attack.points, page
        assert attack.words in page, page
    assert {path: path.read_bytes() for path in before} == before
    assert {path for path in tmp_path.rglob("*") if path.is_file() and "grades" not in path.parts} == set(before)
    # Another test may be grading at this moment; a process that was left behind stays.
    deadline = time.monotonic() + 60
    while b"labs.course.grading.child" in subprocess.run(["ps", "-ef"], capture_output=True, check=True).stdout:
        assert time.monotonic() < deadline, "a process of a submission was left behind"
        time.sleep(0.5)


def test_the_command_writes_grades_feedback_and_a_table_of_a_platform(
    course: Callable[..., Path], command: Command, tmp_path: Path
) -> None:
    place = course(ada="solved", bob="released")
    (tmp_path / "roster.csv").write_text("Student,ID,SIS Login ID,Section\nA,1,ada,x\nE,2,eve,x\n")
    words = ["grade", place, "--notebook", "regression", "--csv", "canvas", "--roster", tmp_path / "roster.csv"]
    done = command("labs", *words, "--workers", "2", "--seconds", "60")
    assert done.status == 0, done.err
    assert [line.split()[:3] for line in done.out.splitlines()[-2:]] == [
        ["ada", "regression", "4/4"],
        ["bob", "regression", "0/4"],
    ]
    with (tmp_path / "grades" / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert (rows["ada"]["points"], rows["bob"]["points"], rows["ada"]["regression.rmse"]) == ("4", "0", "1")
    assert "ada,x,4" in (tmp_path / "grades" / "canvas-regression.csv").read_text()
    assert "not in the roster, or more than once: bob" in done.err
    assert "right" in (tmp_path / "grades" / "feedback" / "ada-regression.md").read_text(encoding="utf-8")
    again = command("labs", *words)
    assert (again.status, again.err.splitlines()[0]) == (2, "error: grades already exists")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["grade"], "missing: SUBMISSIONS"),
        (["grade", "nothing"], "nothing: no such file or folder"),
        (["grade", ".", "--notebook", "tides"], "--notebook tides: there is none"),
        (["grade", ".", "--roster", "x.csv"], "--roster needs --csv"),
        (["grade", ".", "--seconds", "0"], "a limit is too small"),
        (["grade", ".", "--csv", "blackboard"], "--csv: invalid choice 'blackboard'"),
        (["grade", ".", "--out", "."], ". already exists"),
        (["grade", ".", "--out", ".", "--overwrite"], ". is not a folder of grades"),
    ],
)
def test_callers_mistakes(words: list[str], message: str, command: Command) -> None:
    done = command("labs", *words)
    assert done.status == 2
    assert done.err.splitlines()[0] == f"error: {message}"
    assert done.err.splitlines()[1].startswith("hint: ")


def test_each_student_is_graded_with_their_own_numbers(course: Callable[..., Path]) -> None:
    place = course(ada="solved", bob="solved")
    differing = variants("regression.parameters")
    assert differing is not None
    numbers = differing.of("regression.parameters", "ada")
    path = place / "ada" / "regression.ipynb"
    solution = recorded()["regression.parameters"]["solution"]
    own = f"i, w = {tuple(numbers.values())}\nparameters = (i + 1) * w + (w + 1) * w + w + 1\n"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "".join(cell["source"]) == solution.rstrip("\n"):
            cell["source"] = own
    path.write_text(json.dumps(notebook), encoding="utf-8")
    found = submissions.find([place], notebooks())
    points = {one.points.student: one.points for one in grade(found, Limits(60), 2, variants=True)}
    assert points["ada"].total == 4
    assert points["bob"].points["regression.parameters"] == 0, "the answer to the text's numbers is not his"
    assert points["bob"].total == 3


def test_the_limits_of_a_process_end_it_with_its_children() -> None:
    start = time.perf_counter()
    with answered(["answer = 1"], "answer", Limits(60)) as found:
        assert found.value == 1
    with (
        pytest.raises(AssertionError, match="no result after 2 s"),
        answered(["while True:\n    answer = 1"], "answer", Limits(2)),
    ):
        pass
    assert time.perf_counter() - start < 60


def test_a_student_may_use_keras_where_an_answer_needs_it(tmp_path: Path) -> None:
    """And only there: importing it costs seconds."""
    cells = ["import keras\nimport sys", "def loaded():\n    return 'keras' in sys.modules"]
    with answered(cells, "loaded", Limits(60)) as found:
        assert found.value() is False
    assert "keras" not in found.fault


def test_a_system_that_offers_less_is_reported(
    course: Callable[..., Path], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "ALL", (*ALL, "gravity"))
    done = command("labs", "grade", course(ada="solved"), "--seconds", "60")
    assert done.status == 0
    assert "this system does not limit" in done.err
    assert "gravity" in done.err
