"""A few of the drills of `make drills`: kills, faults of the machine, invalid inputs; tests/gate kills a sweep."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.drills import faults, inputs, kills
from benchmarks.drills.cases import Case
from benchmarks.drills.files import furnish
from benchmarks.drills.processes import Nursery

KILLS = 1
INPUTS = 50
SHORT = ("two_runs", "file_for_models", "read_only", "large_network", "disk_full")
"""The faults that are drilled here; `make drills` has all of them."""


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """One process that has imported Keras, for all drills; the runs of each have a folder or names of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABS_MIRROR", "")
        with Nursery(tmp_path_factory.mktemp("drills") / "drill") as started:
            yield started


@pytest.mark.slow
@pytest.mark.xdist_group("drills")
def test_a_run_that_is_killed_ends_with_the_same_metrics(nursery: Nursery) -> None:
    """Three kills in turn, while it trains, saves and checks its exports; then it is left to its end."""
    counts = kills.drill(kills.runs(), nursery, KILLS, random.Random(1), chain=3 * KILLS)
    assert {name: found["killed"] for name, found in counts.items()} == dict.fromkeys(kills.WINDOWS, KILLS)
    assert sum(found["resumed"] for found in counts.values()) > 0


@pytest.mark.slow
@pytest.mark.xdist_group("drills")
def test_an_export_that_is_killed_ends_with_the_same_files(nursery: Nursery) -> None:
    assert kills.drill([kills.export(nursery)], nursery, KILLS, random.Random(6))["export"]["killed"] == KILLS


@pytest.mark.slow
@pytest.mark.xdist_group("drills")
def test_a_download_that_is_killed_ends_with_the_same_file(nursery: Nursery) -> None:
    with kills.fetch() as kind:
        assert kills.drill([kind], nursery, KILLS, random.Random(3))["fetch"]["killed"] == KILLS


@pytest.mark.slow
@pytest.mark.xdist_group("drills")
@pytest.mark.parametrize("name", SHORT)
def test_a_fault_of_the_machine(name: str, nursery: Nursery) -> None:
    outcome = {**faults.ONCE, **faults.RANDOM}[name](nursery, random.Random(4))
    if "not measured" in outcome.fault:
        pytest.skip(outcome.fault)
    assert (outcome.status == 0) == (outcome.error == "")


def test_invalid_inputs(tmp_path: Path) -> None:
    found = inputs.drill(tmp_path, INPUTS, seed=5)
    assert found["inputs"] == INPUTS
    assert len(found["kinds"]) >= 15


def test_the_drill_of_inputs_finds_a_traceback_a_result_and_a_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drill itself can fail."""
    place = tmp_path / "place"
    furnish(place)
    case = Case("none", ["labs", "runs", "--lab", "nosuch"])
    assert inputs.fault_of(case, place, tmp_path / "cache") == ""
    assert "status 0" in inputs.fault_of(Case("none", ["labs", "runs"]), place, tmp_path / "cache")

    def broken(*_: object) -> int:
        raise ZeroDivisionError

    def writing(*_: object) -> int:
        (place / "new").touch()
        raise FileNotFoundError(2, "none", "x")

    monkeypatch.setattr("labs.cli.main.execute", broken)
    assert "ZeroDivisionError" in inputs.fault_of(case, place, tmp_path / "cache")
    monkeypatch.setattr("labs.cli.main.execute", writing)
    assert "it wrote" in inputs.fault_of(case, place, tmp_path / "cache")
