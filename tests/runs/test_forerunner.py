"""The process that checks the exports waits beside short trainings only."""

from __future__ import annotations

from typing import Any

from utils.runs.supervised import LONG, SOON, _Forerunner
from utils.training.results import Batch, Reporter


class Process:
    """Notes whether it runs."""

    def __init__(self) -> None:
        self.runs = False

    def start(self) -> None:
        self.runs = True

    def stop(self) -> None:
        self.runs = False


class Heard(Reporter):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def __call__(self, row: dict[str, float], epochs: int, seconds_left: float) -> None:
        self.told.append((row["epoch"], epochs, seconds_left))

    def batch(self, position: Batch) -> None:
        self.told.append(position)

    def stage(self, name: str) -> None:
        self.told.append(name)


def test_it_waits_beside_a_short_training_and_returns_at_the_end_of_a_long_one() -> None:
    process: Any = Process()
    heard = Heard()
    report = _Forerunner(heard, process)
    report.stage("build")
    assert process.runs
    report({"epoch": 1}, 9, LONG - 1)
    assert process.runs
    position = Batch(2, 9, 1, 10, 0.5, 1.0, LONG + 1)
    report.batch(position)
    assert not process.runs
    report({"epoch": 2}, 9, SOON + 1)
    assert not process.runs, "it is not started again before the end is near"
    report({"epoch": 3}, 9, SOON - 1)
    assert process.runs
    process.stop()
    report.stage("evaluate")
    assert process.runs, "early stopping ends the training before it is expected"
    assert heard.told == ["build", (1, 9, LONG - 1), position, (2, 9, SOON + 1), (3, 9, SOON - 1), "evaluate"]
