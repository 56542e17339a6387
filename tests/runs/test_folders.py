"""Folders of runs: nothing in them is lost, whenever a process is interrupted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from utils.base.atomic_files import sha256, staged
from utils.base.errors import CallerError
from utils.runs import run_folder
from utils.runs.record import Run
from utils.runs.run_folder import RunFolder
from utils.training import checkpoint

REQUEST = {"lab": "regression", "preset": "course", "config": {}, "data": "sha256:0"}


def whole(path: Path, content: str, *, overwrite: bool = False) -> None:
    """A run that is begun and finished."""
    folder = RunFolder(path)
    (folder.begin(REQUEST, overwrite=overwrite) / run_folder.RECORD).write_text(content)
    folder.finish()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_replaces_another_only_when_it_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "run"
    whole(out, "1")
    with pytest.raises(CallerError, match="not empty"):
        RunFolder(out).begin(REQUEST)
    second = RunFolder(out)
    partial = second.begin(REQUEST, overwrite=True)
    assert (out / run_folder.RECORD).read_text() == "1"
    (partial / run_folder.RECORD).write_text("2")
    second.finish()
    assert (out / run_folder.RECORD).read_text() == "2"
    assert names(out) == [run_folder.RECORD]
    assert names(tmp_path) == ["run"], "neither a lock nor an earlier run is left"


def filled_in_vain(folder: Path, problem: type[BaseException]) -> None:
    with staged(folder) as growing:
        (growing / "a").write_text("1")
        raise problem


def test_a_staged_folder_is_complete_or_absent(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with staged(tmp_path / "out") as growing:
        (growing / "a").write_text("1")
        assert names(tmp_path / "out") == []
    assert names(tmp_path / "out") == ["a"]
    for problem in (OSError, KeyboardInterrupt):
        with pytest.raises(problem):
            filled_in_vain(tmp_path / "deep" / "other", problem)
        assert names(tmp_path / "deep") == []
    with pytest.raises(OSError, match="not empty"), staged(tmp_path / "out") as growing:
        (growing / "b").write_text("2")
    assert (names(tmp_path), names(tmp_path / "out")) == (["deep", "out"], ["a"])


def test_files_that_appeared_at_the_name_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "run"
    folder = RunFolder(out)
    (folder.begin(REQUEST) / run_folder.RECORD).write_text("whole")
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(CallerError, match="no longer empty"):
        folder.finish()
    assert (out / "thesis.txt").read_text() == "mine"
    (out / "thesis.txt").unlink()
    again = RunFolder(folder.partial)
    again.resume("regression")
    assert again.is_complete
    again.finish()
    assert (out / run_folder.RECORD).read_text() == "whole"


def test_what_an_earlier_kill_left_is_no_obstacle(tmp_path: Path) -> None:
    out = tmp_path / "run"
    whole(out, "1")
    stale = tmp_path / f".run.replaced-{os.getpid()}"
    stale.mkdir()
    (stale / "file").write_text("stale")
    (tmp_path / ".run.lock").touch()
    whole(out, "2", overwrite=True)
    assert (out / run_folder.RECORD).read_text() == "2"


def test_resuming_removes_what_was_half_written(tmp_path: Path) -> None:
    partial = RunFolder(tmp_path / "run").begin(REQUEST)
    checkpoint.state_of(partial).write_text("state")
    (partial / ".123-state.npz").write_text("half")
    (partial / "saved_model").mkdir()
    run_folder.release(RunFolder(tmp_path / "run").lock)
    assert RunFolder(tmp_path / "run").resume("regression")["preset"] == "course"
    assert names(partial) == [run_folder.REQUEST, checkpoint.state_of(partial).name]


def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    code = f"""if True:
        from pathlib import Path
        from utils.runs.run_folder import RunFolder
        folder = RunFolder(Path({str(out)!r}))
        folder.begin({REQUEST})
        print("held", flush=True)
        input()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    for overwrite in (False, True):
        with pytest.raises(CallerError, match="another process is writing"):
            RunFolder(out).begin(REQUEST, overwrite=overwrite)
    with pytest.raises(CallerError, match="another process is writing"):
        RunFolder(out).resume("regression")
    other.communicate("\n")
    RunFolder(out).begin(REQUEST, overwrite=True)


def test_new_folders_have_different_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MODELS", str(tmp_path))
    folders = [RunFolder.new("regression", 7) for _ in range(3)]
    assert len({folder.begin(REQUEST) for folder in folders}) == 3


def test_processes_of_one_second_have_different_names(tmp_path: Path) -> None:
    """Each claims its name, runs and finishes at once, several times."""
    code = f"""if True:
        from pathlib import Path
        from utils.runs.run_folder import RECORD, RunFolder
        input()
        for _ in range(15):
            folder = RunFolder(Path({str(tmp_path / "same")!r}), taken_names=1000)
            (folder.begin({REQUEST}) / RECORD).write_text("whole")
            folder.finish()
            print(folder.path.name)
    """
    pipe = subprocess.PIPE
    others = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(4)
    ]
    for other in others:
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.flush()
    ended = [other.communicate() for other in others]
    assert [err for _, err in ended] == [""] * 4
    found = [name for out, _ in ended for name in out.split()]
    assert len(found) == len(set(found)) == 60
    assert set(found) == {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}


def test_a_name_that_is_taken_between_two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run finishes under the name after it was found free and before its partial folder is made."""
    plain = Path.mkdir

    def overtaken(path: Path, *words: Any, **named: Any) -> None:
        if path.name == "same.partial" and not (tmp_path / "same").exists():
            plain(tmp_path / "same")
            (tmp_path / "same" / "run.json").write_text("other")
        plain(path, *words, **named)

    monkeypatch.setattr(Path, "mkdir", overtaken)
    folder = RunFolder(tmp_path / "same", taken_names=10)
    assert folder.begin(REQUEST).name == "same-2.partial"
    assert not (tmp_path / "same.partial").exists()


def test_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CallerError, match="unfinished runs"):
        RunFolder(tmp_path / "x.partial").check(overwrite=True)
    target, link = tmp_path / "target", tmp_path / "link"
    target.mkdir()
    link.symlink_to(target)
    assert RunFolder(link).path == target
    monkeypatch.chdir(target)
    assert RunFolder(Path()).path == target
    monkeypatch.setenv("LABS_MODELS", "~/runs")
    assert run_folder.runs_folder() == Path.home() / "runs"
    with pytest.raises(CallerError, match="no run here"):
        Run.open(Path())
    with pytest.raises(CallerError, match="no unfinished run"):
        RunFolder(Path()).resume("regression")


RECORD: dict[str, Any] = {
    "schema": 1,
    "lab": "regression",
    "config": {},
    "data": {"name": "concrete", "digest": "sha256:0", "simulated": False},
    "metrics": {"test": {"rmse": {"value": 1.0, "low": 0.5, "high": 2.0}}},
    "units": {"rmse": "MPa"},
    "versions": {"python": "3.11"},
    "device": {"kind": "cpu"},
    "files": {},
}
LABELS = {
    "features": ["a"],
    "categories": {},
    "trained_between": {"a": [0, 1]},
    "target": "t",
    "unit": "",
    "class_names": [],
    "input_shape": [1],
}


def written(folder: Path, record: Any, labels: Any = LABELS) -> Path:
    """A run's folder with these two files, the labels' digest in the record."""
    folder.mkdir()
    (folder / "labels.json").write_text(labels if isinstance(labels, str) else json.dumps(labels))
    if isinstance(record, dict) and record.get("files") == {}:
        record = {**record, "files": {"labels.json": sha256(folder / "labels.json")}}
    (folder / "run.json").write_text(record if isinstance(record, str) else json.dumps(record))
    return folder


def test_a_good_record_opens(tmp_path: Path) -> None:
    run = Run.open(written(tmp_path / "run", RECORD))
    assert run.record["lab"] == "regression"
    assert run.labels["features"] == ["a"]


@pytest.mark.parametrize(
    "record",
    [
        "",
        "{",
        "[]",
        "null",
        *({key: value for key, value in RECORD.items() if key != left_out} for left_out in RECORD),
        {**RECORD, "schema": "one"},
        {**RECORD, "config": []},
        {**RECORD, "metrics": {"test": {"rmse": 1}}},
        {**RECORD, "metrics": {"test": []}},
        {**RECORD, "device": ["cpu"]},
        {**RECORD, "files": [[1, "a"]]},
        {**RECORD, "data": {"name": "concrete"}},
    ],
)
def test_a_damaged_record_is_refused(record: Any, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"run\.json is damaged"):
        Run.open(written(tmp_path / "run", record))


@pytest.mark.parametrize("labels", ["", "{}", "[]", json.dumps({**LABELS, "trained_between": {"a": "wide"}})])
def test_damaged_labels_are_refused(labels: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"labels\.json is damaged"):
        _ = Run.open(written(tmp_path / "run", RECORD, labels)).labels


def test_another_schema_and_a_changed_file(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="schema 2"):
        Run.open(written(tmp_path / "a", {**RECORD, "schema": 2}))
    run = written(tmp_path / "b", RECORD)
    (run / "labels.json").write_text("{}")
    with pytest.raises(CallerError, match=r"labels\.json is not what the run wrote"):
        Run.open(run)
    record = json.loads((run / "run.json").read_text())
    (run / "labels.json").write_text(json.dumps(LABELS))
    record["files"]["model.keras"] = "sha256:0"
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(CallerError, match=r"model\.keras is missing"):
        Run.open(run)
