"""The commands on runs: runs, open, clean."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import webbrowser
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from labs.cli.records.runs import age
from tests.conftest import ROOT, Command
from utils.base.paths import PRETRAINED
from utils.runs import listing
from utils.runs.record import digests, read_record
from utils.runs.run_folder import RunFolder, release

REQUEST = {"lab": "regression", "preset": "course", "config": {}, "data": "sha256:0"}


def made(folder: Path, lab: str = "regression", value: float | None = 9.0, seed: int = 7, **more: Any) -> Path:
    """A run as its record describes it, without a model."""
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<!DOCTYPE html>")
    better = more.pop("better", "lower")
    metrics = {} if value is None else {"rmse": {"value": value, "low": value - 1, "high": value + 1}}
    record = {
        **{"schema": 1, "lab": lab, "preset": "course", "config": {"seed": seed}, "command": f"python -m labs.{lab}"},
        "data": {"name": "concrete", "digest": "sha256:0", "simulated": False},
        "metrics": {"test": metrics},
        **{"units": {"rmse": "MPa"}, "better": {"rmse": better}, "versions": {}, "device": {}},
        "files": digests(folder),
        "finished": "2026-01-01T00:00:00Z",
    }
    (folder / "run.json").write_text(json.dumps(record | more))
    return folder


def unfinished(path: Path) -> Path:
    folder = RunFolder(path)
    (folder.begin(REQUEST) / "state.npz").write_bytes(b"0" * 2_000_000)
    release(folder.lock)
    return folder.partial


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABS_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_networks_of_the_project_are_no_runs_of_the_user() -> None:
    assert read_record(PRETRAINED / "music-best")["lab"] == "music"
    assert [run.folder for run in listing.finished_runs(PRETRAINED.parent) if run.folder.parent == PRETRAINED] == []


def test_runs_are_listed_and_sorted(models: Path, command: Command) -> None:
    made(models / "regression" / "a", value=9.0, seed=3, finished="2026-01-01T00:00:00Z")
    made(models / "regression" / "b", value=5.0, seed=2, finished="2026-03-01T00:00:00Z")
    simulated = {"name": "galaxies", "digest": "sha256:0", "simulated": True}
    made(
        models / "c", lab="galaxy", value=0.5, seed=1, better="higher", data=simulated, finished="2026-02-01T00:00:00Z"
    )
    made(models / "galaxy" / "d", lab="galaxy", value=0.7, seed=4, better="higher", finished="2025-02-01T00:00:00Z")
    made(models / "galaxy" / "old", lab="galaxy", value=None, finished="not a date")
    unfinished(models / "regression" / "e")

    def order(*words: str) -> list[str]:
        ended = command("labs", "runs", *words, "--json")
        assert ended.status == 0
        return [Path(run["run"]).name for run in ended.json]

    assert order() == ["old", "b", "c", "a", "d"], "the newest first; without a date, that of the file"
    assert order("--sort", "metric") == ["d", "c", "old", "b", "a"]
    assert order("--sort", "seed") == ["c", "b", "a", "d", "old"]
    assert order("--sort", "data")[-1] == "c"
    assert order("--sort", "run", "--lab", "regression") == ["a", "b"]
    ended = command("labs", "runs")
    assert "rmse 5.00 MPa" in ended.out
    assert "galaxies (SIMULATED)" in ended.out
    assert "1 unfinished run; python -m labs clean" in ended.err
    assert "rmse –" not in ended.out


def test_what_cannot_be_read_is_left_out(models: Path, command: Command) -> None:
    assert command("labs", "runs").err.startswith("no runs in ")
    good = made(models / "regression" / "good")
    (models / "regression" / "bad").mkdir()
    (models / "regression" / "bad" / "run.json").write_text("{")
    made(models / "regression" / "later", schema=2)
    made(models / ".trash" / "hidden")
    ended = command("labs", "runs", "--json")
    assert [Path(run["run"]).name for run in ended.json] == [good.name]
    assert "bad: run.json is damaged (JSON: " in ended.err
    assert "; it is left out" in ended.err
    assert "schema 2" in ended.err
    assert command("labs", "runs", "--lab", "music").err.count("no runs of music") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("runs --sort size", "--sort: invalid choice 'size'"),
        ("runs --lab astrology", "--lab astrology: there is no such lab"),
        ("open nowhere", "nowhere: there is no run here"),
        ("open", "there is no run in "),
        ("clean nowhere", "nowhere: there is no run here"),
        ("clean .", "there is no run here"),
        ("clean /", "there is no run here"),
        ("evaluate /", "there is no run here"),
        ("open /", "there is no run here"),
    ],
)
def test_bad_input(words: str, said: str, models: Path, command: Command) -> None:
    ended = command("labs", *words.split())
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 2


def test_open(models: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    made(models / "regression" / "old", finished="2026-01-01T00:00:00Z")
    new = made(models / "regression" / "new", finished="2026-02-01T00:00:00Z")
    opened: list[str] = []

    def browser(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", browser)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    ended = command("labs", "open")
    assert (ended.status, ended.out, opened) == (0, f"{new / 'report.html'}\n", [])
    assert "no browser can be opened" in ended.err
    ended = command("labs", "open", models / "regression" / "old", DISPLAY=":0")
    assert (ended.status, ended.err) == (0, "")
    assert opened == [(models / "regression" / "old" / "report.html").as_uri()]

    def broken(url: str) -> bool:
        raise webbrowser.Error("none")

    monkeypatch.setattr("webbrowser.open", broken)
    assert "no browser can be opened" in command("labs", "open").err
    (new / "report.html").write_text("changed")
    assert "report.html is not what the run wrote" in command("labs", "open").err
    made(models / "regression" / "early", files={}, finished="2026-03-01T00:00:00Z")
    ended = command("labs", "open")
    assert ended.status == 2
    assert "this run has no report.html" in ended.err


def test_clean_removes_what_is_unfinished(models: Path, command: Command) -> None:
    kept = made(models / "regression" / "kept")
    partial = unfinished(models / "regression" / "e")
    foreign = models / "thesis.partial"
    foreign.mkdir()
    (foreign / "chapter.txt").write_text("mine")
    asked = command("labs", "clean")
    assert asked.status == 2
    assert "1 run would be removed, and nobody can be asked" in asked.err
    assert partial.is_dir()
    ended = command("labs", "clean", "--yes")
    assert (ended.status, ended.out) == (0, "removed 1 run, 2.0 MB\n")
    assert not partial.exists()
    assert kept.is_dir()
    assert (foreign / "chapter.txt").is_file()
    assert sorted(path.name for path in partial.parent.iterdir()) == ["kept"], "no lock or hidden folder is left"
    assert command("labs", "clean", "--yes").err == "there is nothing to remove\n"


@pytest.mark.parametrize(
    ("answer", "removed"), [("y\n", True), ("Yes\n", True), ("\n", False), ("no\n", False), ("", False)]
)
def test_clean_asks(
    answer: str, removed: bool, models: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    run = made(models / "regression" / "a")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    ended = command("labs", "clean", run)
    assert "Remove 1 run, 0.0 MB? [y/N]" in ended.err
    assert run.exists() != removed
    assert ended.status == 0


def test_clean_removes_named_runs_only_if_all_are_runs(models: Path, command: Command) -> None:
    run, partial = made(models / "regression" / "a"), unfinished(models / "regression" / "b")
    ended = command("labs", "clean", run, models / "regression", "--yes")
    assert ended.status == 2
    assert run.is_dir()
    ended = command("labs", "clean", run, models / "regression" / "b", run, "--yes")
    assert ended.out.startswith("removed 2 runs, 2.0 MB")
    assert not run.exists()
    assert not partial.exists()


def test_a_run_that_is_being_written_is_kept(models: Path, command: Command) -> None:
    code = f"""if True:
        from pathlib import Path
        from utils.runs.run_folder import RunFolder
        folder = RunFolder(Path({str(models / "regression" / "busy")!r}))
        folder.begin({REQUEST})
        print("held", flush=True)
        input()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    busy, idle = models / "regression" / "busy.partial", unfinished(models / "regression" / "idle")
    ended = command("labs", "clean", "--yes")
    assert "busy.partial is kept: another process is writing it" in ended.err
    assert busy.is_dir()
    assert not idle.exists()
    named = command("labs", "clean", busy, "--yes")
    assert named.status == 2
    assert "another process is writing this run" in named.err
    assert not listing.remove(busy)
    assert busy.is_dir()
    other.communicate("\n")
    assert command("labs", "clean", "--yes").out.startswith("removed 1 run")
    assert not busy.exists()


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (61, "1 min"), (7200, "2 h"), (86400 * 3.2, "3 d")]
)
def test_ages(seconds: float, text: str) -> None:
    assert age(timedelta(seconds=seconds)) == text
