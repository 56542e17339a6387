"""`labs start` and `labs key`: what is delivered, and that a student's work is never overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labs.course import start
from labs.course.handout import delivered, delivered_pages, exercise_notebook, notebooks
from labs.exercises import recorded, variants
from notebooks.tools.script import STUB
from tests.conftest import ROOT, Command
from utils.base.errors import CallerError
from utils.teaching.variants import FOLDER_RECORD


class Release:
    """The delivered notebooks, which a test may replace by a new version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.folder / f"{name}.ipynb").write_text(json.dumps({"cells": [], "metadata": {"is": text}}))


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    made = Release(tmp_path / "release")
    monkeypatch.setattr(start, "delivered", lambda: sorted(made.folder.glob("*.ipynb")))
    monkeypatch.setattr(start, "delivered_pages", list)
    return made


def text(path: Path) -> str:
    found: str = json.loads(path.read_text())["metadata"]["is"]
    return found


def test_new_notebooks_are_added_and_changed_ones_are_kept(release: Release, tmp_path: Path) -> None:
    work = tmp_path / "work"
    release.write(a="1", b="1")
    assert start.deliver(work) == {"a.ipynb": "written", "b.ipynb": "written"}
    assert start.deliver(work) == {"a.ipynb": "unchanged", "b.ipynb": "unchanged"}
    (work / "a.ipynb").write_text('{"metadata": {"is": "my answer"}}')
    release.write(c="1")
    done = start.deliver(work)
    assert done == {"a.ipynb": "kept: you changed it", "b.ipynb": "unchanged", "c.ipynb": "written"}
    release.write(a="2", b="2")
    done = start.deliver(work)
    assert done["a.ipynb"] == "kept; the new version is a.new.ipynb"
    assert done["b.ipynb"] == "updated to the new version"
    assert [text(work / f"{name}.ipynb") for name in ("a", "a.new", "b")] == ["my answer", "2", "2"]
    assert start.deliver(work)["a.ipynb"] == "kept; the new version is a.new.ipynb"
    (work / "a.new.ipynb").unlink()
    assert start.deliver(work)["a.ipynb"] == "kept: you changed it", "it is not delivered again"
    release.write(a="3")
    start.deliver(work)
    release.write(a="4")
    assert start.deliver(work)["a.ipynb"] == "kept; the new version is a.new.ipynb"
    assert text(work / "a.new.ipynb") == "4", "an unchanged new version is replaced by a newer one"
    (work / "a.new.ipynb").write_text('{"metadata": {"is": "my other answer"}}')
    release.write(a="5")
    assert start.deliver(work)["a.ipynb"].startswith("kept; for the new version, rename a.new.ipynb")
    assert [text(work / f"{name}.ipynb") for name in ("a", "a.new")] == ["my answer", "my other answer"]


def test_a_deleted_notebook_is_written_again_and_a_foreign_file_is_kept(release: Release, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    release.write(a="1", b="1")
    (work / "b.ipynb").write_text('{"metadata": {"is": "of another course"}}')
    assert start.deliver(work)["b.ipynb"] == "kept; the new version is b.new.ipynb"
    (work / "a.ipynb").unlink()
    assert start.deliver(work)["a.ipynb"] == "written"
    for damaged in ("{", "[]", '{"delivered": 3}'):
        (work / FOLDER_RECORD).write_text(damaged)
        (work / "a.ipynb").write_text('{"metadata": {"is": "my answer"}}')
        start.deliver(work)
        assert text(work / "a.ipynb") == "my answer", "without a record, nothing is overwritten"
        assert text(work / "b.ipynb") == "of another course"


def test_the_command(command: Command, tmp_path: Path) -> None:
    done = command("labs", "start", "work")
    assert done.status == 0
    names = [path.name for path in (*delivered(), *delivered_pages())]
    assert done.out.splitlines() == [f"{name}: written" for name in names]
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == sorted([FOLDER_RECORD, *names])
    assert f"jupyter lab {tmp_path / 'work'}" in done.err
    (tmp_path / "file").write_text("")
    for words, message in (
        ([ROOT / "homework"], f"{ROOT / 'homework'} is inside the project, where an update or git can overwrite"),
        ([ROOT], f"{ROOT} is inside the project"),
        (["file"], f"{tmp_path / 'file'} is not a folder"),
    ):
        refused = command("labs", "start", *words)
        assert refused.status == 2
        assert refused.err.startswith(f"error: {message}")
    (tmp_path / ".git").mkdir()
    assert "is in a git repository" in command("labs", "start", "work").err


def test_without_a_folder_the_notebooks_go_home(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert command("labs", "start").status == 0
    assert (tmp_path / "home" / "keras-labs" / "regression.ipynb").is_file()


def cells(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(content)["cells"]
    return found


@pytest.mark.parametrize("path", delivered(), ids=lambda path: path.stem)
def test_what_students_open_first_has_no_solution_and_no_button_of_a_grader(path: Path) -> None:
    released = path.read_text(encoding="utf-8")
    assert "nbgrader" not in released
    for about in recorded().values():
        solved = about["solution"].split("\n", 1)[1].strip()
        if about["notebook"] == path.stem:
            assert solved not in "\n".join("".join(cell["source"]) for cell in cells(path.read_bytes()))
    assert released.count(STUB) == sum(about["notebook"] == path.stem for about in recorded().values())


def test_a_student_gets_numbers_of_their_own(command: Command, tmp_path: Path) -> None:
    assert command("labs", "start", "work", "--student", "ada").status == 0
    told = 0
    for path in delivered():
        bare, own = cells(exercise_notebook(path, "")), cells((tmp_path / "work" / path.name).read_bytes())
        added = [cell for cell in own if cell not in bare]
        assert [cell for cell in own if cell in bare] == bare
        for cell in added:
            (name,) = (name for name in notebooks()[path.stem] if cell["id"] == f"numbers-{recorded()[name]['answer']}")
            differing = variants(name)
            assert differing is not None
            assert differing.told(name, "ada") in "".join(cell["source"])
            assert "exercise" in own[own.index(cell) + 1]["metadata"]["tags"]
            told += 1
    assert told == sum(variants(name) is not None for name in recorded())
    assert json.loads((tmp_path / "work" / FOLDER_RECORD).read_text())["student"] == "ada"
    assert "unchanged" in command("labs", "start", "work").out, "the folder knows its student"
    refused = command("labs", "start", "work", "--student", "bob")
    assert refused.err.splitlines()[0] == f"error: --student bob: {tmp_path / 'work'} belongs to ada"


def test_without_a_student_only_links_differ_from_the_exercises() -> None:
    for path in delivered():
        bare, given = cells(path.read_bytes()), cells(exercise_notebook(path, ""))
        assert [cell["id"] for cell in given] == [cell["id"] for cell in bare]
        changed = [cell for cell, other in zip(given, bare, strict=True) if cell != other]
        assert {cell["cell_type"] for cell in changed} <= {"markdown"}
        assert all("../" not in "".join(cell["source"]) for cell in changed)


def test_the_answer_key(command: Command, tmp_path: Path) -> None:
    assert command("labs", "key", "key").status == 0
    for path in delivered():
        solved = (tmp_path / "key" / path.name).read_text(encoding="utf-8")
        assert STUB not in solved
        assert len(cells(solved.encode())) == len(cells(path.read_bytes()))
    assert command("labs", "key", "key").err.splitlines()[0] == "error: key: the folder is not empty"


def test_writing_is_all_or_nothing(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release.write(a="1")
    start.deliver(tmp_path / "work")
    release.write(a="2")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "a.ipynb")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        start.deliver(tmp_path / "work")
    assert text(tmp_path / "work" / "a.ipynb") == "1"


def test_the_hint_names_a_folder_that_is_allowed() -> None:
    with pytest.raises(CallerError) as refused:
        start._check(ROOT / "notebooks")
    assert "~/keras-labs" in refused.value.hint
