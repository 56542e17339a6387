"""`verify`, `baseline`, `sweep` from the command line: what they refuse, and trials neither lost nor doubled."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from labs import find_definition
from labs.cli.gate.baseline import Baseline
from labs.cli.gate.sweep import Sweep, asked_of, compared, parse_grid, trials_of
from labs.cli.gate.verify import Verify
from labs.regression.lab import lab as regression
from tests.conftest import ROOT, Command
from utils.base.atomic_files import write_json
from utils.base.errors import CallerError, CheckError
from utils.gate import bands
from utils.gate.parallel import outcome_file, outcomes
from utils.gate.trial import Outcome, Trial, run


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("verify", "--seeds", "0"), "--seeds: 0"),
        (("verify", "astrology"), "there is no lab astrology"),
        (("verify", "--preset", "none"), "there are no bands"),
        (("verify", "--junit", "nowhere/verdict.xml"), "there is no such folder"),
        (("baseline", "regression"), "missing: --reason"),
        (("baseline", "regression", "--reason", " "), "--reason is empty"),
        (("baseline", "regression", "--reason", "r", "--seeds", "3"), "--seeds: 3 are too few"),
        (("baseline", "regression", "--reason", "r", "--preset", "none"), "no such preset"),
        (("baseline", "regression", "--reason", "r", "--data", "none"), "no data set of the lab"),
        (("baseline", "pneumonia", "--reason", "r", "--data", "chest-xray"), "a folder of your own"),
        (("sweep",), "missing: LAB"),
        (("sweep", "regression"), "--set is missing"),
        (("sweep", "regression", "--set", "units"), "not a name with values"),
        (("sweep", "regression", "--set", "units=1,,2"), "not a name with values"),
        (("sweep", "regression", "--set", "units=1", "--set", "units=2"), "units is set twice"),
        (("sweep", "regression", "--set", "seed=1"), "seed is set twice"),
        (("sweep", "regression", "--set", "units=10,10"), "a value is repeated"),
        (("sweep", "regression", "--grid", "units=10"), "unknown option --grid"),
        (("sweep", "regression", "--set", "unit=1"), "no such hyperparameter"),
        (("sweep", "regression", "--set", "units=0"), "--units: input should be greater"),
        (("sweep", "regression", "--set", "units=ten"), "--units: input should be a valid integer"),
        (("sweep", "regression", "--set", "units=1", "--seeds", "0"), "--seeds: 0"),
        (("sweep", "regression", "--set", "units=1", "--address", "127.0.0.1:9"), "no Ray cluster answers there"),
        (("sweep", "regression", "--set", "units=1", "--address", "nowhere"), "no Ray cluster answers there"),
        (("sweep", "--resume", "nowhere"), "this is not a sweep"),
    ],
)
def test_bad_words_are_refused_before_any_work(command: Command, words: tuple[str, ...], error: str) -> None:
    ended = command("labs", *words)
    assert ended.status == 2
    told = ended.err.splitlines()[-2]
    assert told.startswith("error: "), ended.err
    assert error in told
    assert ended.err.splitlines()[-1].startswith("hint: ")
    assert ended.out == ""


def test_a_grid_is_every_combination_with_every_seed() -> None:
    grid = parse_grid(["learning-rate=1e-3,3e-3", "units=10,50", "activation=relu"])
    assert grid == {"learning_rate": [1e-3, 3e-3], "units": [10, 50], "activation": ["relu"]}
    request = {"lab": "regression", "preset": "quick", "data": "auto", "seeds": 3, "grid": grid}
    trials = trials_of(find_definition("regression"), request)
    assert len(trials) == 12
    assert len({trial.key for trial in trials}) == 12


def test_a_sweep_of_auto_keeps_the_set_that_it_stood_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(trials: list[Trial], *_: Any, **__: Any) -> Any:
        assert {trial.data for trial in trials} == {"concrete"}
        raise KeyboardInterrupt

    monkeypatch.setenv("LABS_MODELS", str(tmp_path))
    monkeypatch.setattr("labs.cli.gate.sweep.outcomes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Sweep(lab="regression", grid=("units=1,2",), preset="quick").execute()
    (folder,) = (tmp_path / "sweeps").iterdir()
    assert asked_of(folder)["data"] == "concrete"


def some(setting: Any, validation: float | None, test: float = 0.0) -> Outcome:
    trial = {"changes": {"units": setting}, "seed": 1}
    if validation is None:
        return {"trial": trial, "error": "diverged", "hint": ""}
    return {"trial": trial, "validation": {"rmse": validation}, "measures": {"test rmse": test}, "seconds": 1.0}


def test_settings_are_chosen_on_validation_and_test_is_told_of_the_chosen_one_alone() -> None:
    came = [some(1, 5.0, 1.0), some(1, 7.0, 1.0), some(2, 4.0, 9.0), some(2, 4.0, 9.5), some(3, None), some(3, 1.0)]
    found = compared(came, {"units": [1, 2, 3]}, "rmse", "lower")
    assert [each["setting"]["units"] for each in found] == [2, 1, 3], "one that failed comes last"
    assert found[0]["test_mean"] == pytest.approx(9.25)
    assert not any("test_mean" in each for each in found[1:])
    assert found[2]["failed"] == ["diverged"]
    assert compared(came, {"units": [1, 2, 3]}, "rmse", "higher")[0]["setting"]["units"] == 1


def test_a_folder_without_a_request_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="not a sweep"):
        asked_of(tmp_path)
    (tmp_path / "request.json").write_text('{"lab": "regression", "preset": "quick", "config": {}, "data": ""}')
    with pytest.raises(CallerError, match="not a sweep"):
        asked_of(tmp_path)


def test_the_clock_begins_when_what_is_kept_on_disk_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features of a backbone are made when a network is built; a machine's first trial would be slow by them alone."""
    order = []

    def build(config: Any, splits: Any) -> Any:
        order.append("built")
        return regression.build(config, splits)

    def pace() -> float:
        order.append("clock")
        return 1.0

    monkeypatch.setattr("utils.gate.trial.find", lambda _: regression.replace(build=build))
    monkeypatch.setattr("utils.gate.trial.pace", pace)
    monkeypatch.setattr("utils.gate.trial.limit_threads", lambda _: None)
    run(Trial("labs.regression.lab", "quick", 1, "concrete", {"epochs": 1}))
    assert order == ["clock", "built", "built", "clock"]


def trials(number: int) -> list[Trial]:
    return [Trial("labs.regression.lab", "quick", seed, "concrete", {"epochs": 2}) for seed in range(number)]


def test_a_training_that_does_not_fit_in_memory_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr("utils.gate.trial.find", lambda _: regression.replace(build=build))
    monkeypatch.setattr("utils.gate.trial.limit_threads", lambda _: None)
    assert "memory" in run(Trial("labs.regression.lab", "quick", 1, "concrete"))["error"]


def test_what_is_kept_counts_as_done_unless_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def trained(missing: list[Trial], _: int) -> Any:
        done.extend(trial.seed for trial in missing)
        yield from ((trial, {"trial": asdict(trial), "seconds": 1.0}) for trial in missing)

    monkeypatch.setattr("utils.gate.parallel._in_processes", trained)
    write_json(outcome_file(tmp_path, trials(2)[0]), {"trial": asdict(trials(2)[0]), "error": "the disk is full"})
    write_json(outcome_file(tmp_path, trials(2)[1]), {"trial": asdict(trials(2)[1]), "seconds": 2.0})
    assert [outcome["seconds"] for outcome in outcomes(trials(3), tmp_path)] == [1.0, 2.0, 1.0]
    assert done == [0, 2]


def test_a_baseline_takes_its_own_files_away_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    band = bands.read_bands(bands.bands_folder(), "regression")[0]

    def trained(some: list[Trial], folder: Path, **_: Any) -> list[Outcome]:
        for trial in some:
            write_json(outcome_file(folder, trial), {})
        return []

    monkeypatch.setattr("labs.cli.gate.baseline.outcomes", trained)
    monkeypatch.setattr("labs.cli.gate.baseline.of_command", lambda *_: {})
    monkeypatch.setattr("utils.gate.bands.band_of", lambda *_, **__: band)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("ten years")
    ended = Baseline(lab="regression", reason="r", bands=tmp_path / "bands", resume=folder).execute()
    assert ended == 0
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_bands_whose_package_is_missing_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [band for name in ("regression", "music") for band in bands.read_bands(bands.bands_folder(), name)]
    monkeypatch.setattr("utils.datasets.locate.lacks_package", lambda entry: entry.name == "oneills")
    assert {band.lab for band in Verify()._chosen(known)} == {"regression"}


@pytest.mark.slow
def test_a_defect_in_a_trial_is_told_as_what_it_is(tmp_path: Path) -> None:
    broken = replace(trials(1)[0], altered="tests.gate.test_gate:broken")
    with pytest.raises(CheckError, match="a defect of this test"):
        outcomes([broken], tmp_path, workers=1)


def broken(_: Any) -> Any:
    raise RuntimeError("a defect of this test")


@pytest.mark.slow
def test_metrics_do_not_depend_on_the_number_of_workers_and_nothing_is_done_twice(tmp_path: Path) -> None:
    done: list[int] = []
    alone = outcomes(trials(2), tmp_path / "one", workers=1, on_done=lambda *told: done.append(told[1]))
    assert done == [1, 2]
    both = outcomes(trials(3), tmp_path / "two", workers=2)
    assert [each["measures"] for each in alone] == [each["measures"] for each in both[:2]]
    assert both[0]["measures"] != both[1]["measures"], "another seed is another training"
    before = outcome_file(tmp_path / "two", trials(1)[0]).stat().st_mtime_ns
    outcome_file(tmp_path / "two", trials(2)[1]).unlink()
    again = outcomes(trials(3), tmp_path / "two", workers=2)
    assert outcome_file(tmp_path / "two", trials(1)[0]).stat().st_mtime_ns == before
    assert again[1]["measures"] == both[1]["measures"]


def children_of(process: subprocess.Popen[str]) -> list[int]:
    """Processes that a command has started and that run now."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


@pytest.mark.slow
def test_a_sweep_survives_a_killed_worker_and_resumes_after_an_interruption(tmp_path: Path) -> None:
    """A worker is killed, its trial is run again; the sweep itself is interrupted, and resumed: every trial once."""
    # Trainings of seconds: with shorter ones the sweep ends before it can be interrupted.
    options = ("--preset", "quick", "--data", "concrete", "--set", "epochs=800,900", "--seeds", "2")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-m", "labs", "sweep", "regression", *options, "--workers", "2"]
    with subprocess.Popen(
        call,
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background hands its children a SIGINT that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            err, folder, first, workers = interrupted_sweep(process, tmp_path)
        finally:
            process.kill()
    assert f"--resume {folder.relative_to(tmp_path)}" in err
    assert 1 <= len(first) < 4
    assert workers, "trials were running when the sweep was interrupted"
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers), "trials must not outlive the sweep"
    resumed = subprocess.run(
        [sys.executable, "-m", "labs", "sweep", "--resume", folder, "--workers", "2", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(resumed.stdout)
    assert sorted((row["epochs"], row["seed"]) for row in told["trials"]) == [(800, 1), (800, 2), (900, 1), (900, 2)]
    assert all(not row["error"] for row in told["trials"])
    assert len(list((folder / "trials").glob("*.json"))) == 4
    for name, when in first.items():
        assert (folder / "trials" / name).stat().st_mtime_ns == when
    assert (folder / "table.csv").read_text().count("\n") == 5
    assert (folder / "comparison.png").stat().st_size > 10_000


def interrupted_sweep(process: subprocess.Popen[str], tmp_path: Path) -> tuple[str, Path, dict[str, int], list[int]]:
    """Kill one worker, wait for the first outcome, and interrupt: errors, folder, outcomes with times, last workers."""

    def wait_for(found: Callable[[], list[Any]]) -> list[Any]:
        deadline = time.monotonic() + 120
        while not found() and time.monotonic() < deadline:
            time.sleep(0.2)
        return found()

    os.kill(wait_for(lambda: children_of(process))[0], signal.SIGKILL)
    (folder,) = (tmp_path / "models" / "sweeps").glob("[!.]*")
    wait_for(lambda: list((folder / "trials").glob("*.json")))
    workers = wait_for(lambda: children_of(process))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return err, folder, {path.name: path.stat().st_mtime_ns for path in (folder / "trials").glob("*.json")}, workers


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install '.[scale]'")
def test_trials_on_a_ray_cluster_have_the_metrics_of_those_in_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # a head of this machine alone has no token to share
    ray = [sys.executable, "-m", "ray.scripts.scripts"]
    port = free_port()
    head = [*ray, "start", "--head", "--block", f"--port={port}", "--num-cpus=1", "--include-dashboard=false"]
    with subprocess.Popen(head, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_it_answers(port)
            there = outcomes(trials(1), tmp_path / "there", address=f"127.0.0.1:{port}")
        finally:
            process.terminate()
    here = outcomes(trials(1), tmp_path / "here")
    assert [each["measures"] for each in there] == [each["measures"] for each in here]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.5)
    raise TimeoutError
