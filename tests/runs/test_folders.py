"""Folders in which runs grow: nothing that stands there is lost, whatever happens when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from utils.base.atomic_files import sha256
from utils.base.errors import CallerError
from utils.runs import run_folder
from utils.runs.record import Run
from utils.training import checkpoint

REQUEST = {"lab": "regression", "preset": "course", "config": {}, "data": "sha256:0"}


def whole(folder: Path, content: str, *, overwrite: bool = False) -> None:
    """A run that is begun and finished."""
    partial = run_folder.begin(folder, REQUEST, overwrite=overwrite)
    (partial / run_folder.RECORD).write_text(content)
    run_folder.finish(partial, folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_replaces_another_only_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "run"
    whole(out, "1")
    with pytest.raises(CallerError, match="holds something"):
        run_folder.begin(out, REQUEST)
    second = run_folder.begin(out, REQUEST, overwrite=True)
    assert (out / run_folder.RECORD).read_text() == "1"
    (second / run_folder.RECORD).write_text("2")
    run_folder.finish(second, out)
    assert (out / run_folder.RECORD).read_text() == "2"
    assert names(out) == [run_folder.RECORD]
    assert names(tmp_path) == ["run"]


def filled_in_vain(folder: Path, problem: type[BaseException]) -> None:
    with run_folder.whole(folder) as growing:
        (growing / "a").write_text("1")
        raise problem


def test_a_whole_folder_or_none(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with run_folder.whole(tmp_path / "out") as growing:
        (growing / "a").write_text("1")
        assert names(tmp_path / "out") == []
    assert names(tmp_path / "out") == ["a"]
    for problem in (OSError, KeyboardInterrupt):
        with pytest.raises(problem):
            filled_in_vain(tmp_path / "deep" / "other", problem)
        assert names(tmp_path / "deep") == []
    with pytest.raises(OSError, match="not empty"), run_folder.whole(tmp_path / "out") as growing:
        (growing / "b").write_text("2")
    assert (names(tmp_path), names(tmp_path / "out")) == (["deep", "out"], ["a"])


def test_what_came_to_stand_at_the_name_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "run"
    partial = run_folder.begin(out, REQUEST)
    (partial / run_folder.RECORD).write_text("whole")
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(CallerError, match="something has come to stand"):
        run_folder.finish(partial, out)
    assert (out / "thesis.txt").read_text() == "mine"
    (out / "thesis.txt").unlink()
    again, _ = run_folder.resumable(partial, "regression")
    run_folder.finish(again, out)
    assert (out / run_folder.RECORD).read_text() == "whole"


def test_what_an_earlier_kill_left_strands_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    whole(out, "1")
    stale = tmp_path / f".run.replaced-{os.getpid()}"
    stale.mkdir()
    (stale / "file").write_text("stale")
    whole(out, "2", overwrite=True)
    assert (out / run_folder.RECORD).read_text() == "2"


def test_resuming_sweeps_what_was_half_written(tmp_path: Path) -> None:
    partial = run_folder.begin(tmp_path / "run", REQUEST)
    checkpoint.state_of(partial).write_text("state")
    (partial / ".123-state.npz").write_text("half")
    (partial / "saved_model").mkdir()
    run_folder.release(partial)
    run_folder.resumable(tmp_path / "run", "regression")
    assert names(partial) == [run_folder.REQUEST, checkpoint.state_of(partial).name]


def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    begin = f"run_folder.begin(Path({str(out)!r}), {REQUEST})"
    code = f"from pathlib import Path; from utils.runs import run_folder; {begin}; print('held', flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    for overwrite in (False, True):
        with pytest.raises(CallerError, match="another process is writing"):
            run_folder.begin(out, REQUEST, overwrite=overwrite)
    with pytest.raises(CallerError, match="another process is writing"):
        run_folder.resumable(out, "regression")
    other.communicate("\n")
    run_folder.begin(out, REQUEST, overwrite=True)


def test_new_folders_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MODELS", str(tmp_path))
    found = set()
    for _ in range(3):
        folder = run_folder.new_folder("regression", 7)
        run_folder.begin(folder, REQUEST)
        found.add(folder)
    assert len(found) == 3


def test_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CallerError, match="unfinished runs"):
        run_folder.check_free(tmp_path / "x.partial", overwrite=True)
    target, link = tmp_path / "target", tmp_path / "link"
    target.mkdir()
    link.symlink_to(target)
    assert run_folder.named(link) == target
    monkeypatch.chdir(target)
    assert run_folder.named(Path()) == target
    with pytest.raises(CallerError, match="no run here"):
        Run.open(Path())
    with pytest.raises(CallerError, match="no unfinished run"):
        run_folder.resumable(Path(), "regression")


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
