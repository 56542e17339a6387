"""Arrays of the cache: computed once, complete or absent."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from utils.base.errors import CallerError
from utils.datasets.cache import CachedArray, RowWriter

VALUES = np.random.default_rng(0).normal(size=(50, 4, 3)).astype("float32")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kind"


def left(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if path.name != ".lock")


def test_computed_once_from_any_order_and_thread(home: Path) -> None:
    calls = []

    def fill(rows: RowWriter) -> dict[str, str]:
        calls.append(1)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda first: rows.write(first, VALUES[first : first + 5]), range(45, -1, -5)))
        return {"digest": rows.digest()}

    array = CachedArray("kind", "a", has_notes=True)
    for _ in range(2):
        array.compute_once(VALUES.shape, "<f4", fill)
    assert calls == [1]
    np.testing.assert_array_equal(array.rows()[:], VALUES)
    saved = BytesIO()
    np.save(saved, VALUES)
    assert array.path.read_bytes() == saved.getvalue(), "the bytes are those of numpy.save"
    assert set(array.notes()) == {"digest"}
    assert left(home) == ["a.json", "a.npy"]


def test_rows_that_are_not_written_are_zero_and_others_are_converted() -> None:
    array = CachedArray("kind", "a")
    array.compute_once((5, 2), "<f2", lambda rows: rows.write(1, np.arange(4.0).reshape(2, 2)))
    assert array.rows()[:].tolist() == [[0, 0], [0, 1], [2, 3], [0, 0], [0, 0]]
    assert array.rows().dtype == np.float16


def test_cut_short_or_without_its_notes_it_is_computed_again(home: Path) -> None:
    def fill(rows: RowWriter) -> dict[str, str]:
        rows.write(0, VALUES)
        return {}

    array = CachedArray("kind", "a", has_notes=True)
    for spoiled, length in ((home / "a.json", None), (array.path, 400), (array.path, None)):
        array.compute_once(VALUES.shape, "<f4", fill)
        spoiled.unlink() if length is None else os.truncate(spoiled, length)
        assert not array.complete
    array.compute_once(VALUES.shape, "<f4", fill)
    np.testing.assert_array_equal(array.rows()[:], VALUES)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, OSError])
def test_nothing_is_left_where_the_computation_fails(error: type[BaseException], home: Path) -> None:
    def fill(rows: RowWriter) -> None:
        rows.write(0, VALUES[:10])
        raise error

    with pytest.raises(error):
        CachedArray("kind", "a").compute_once(VALUES.shape, "<f4", fill)
    assert left(home) == []


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Files of at most 4,096 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_reported(home: Path) -> None:
    with pytest.raises(CallerError, match=r"the cache .*kind cannot be written \(File too large\)") as raised:
        CachedArray("kind", "a").compute_once((5000,), "<f4", lambda rows: rows.write(0, np.zeros(5000)))
    assert "LABS_DATA_HOME" in raised.value.hint
    assert left(home) == []


def test_a_disk_that_fills_up_while_rows_are_written(home: Path) -> None:
    def fill(rows: RowWriter) -> None:
        with Path("/dev/full").open("wb") as full:
            os.dup2(full.fileno(), rows._file.fileno())
        rows.write(0, VALUES)

    with pytest.raises(CallerError, match=r"cannot be written \(No space left on device\)"):
        CachedArray("kind", "a").compute_once(VALUES.shape, "<f4", fill)
    assert left(home) == []


TWICE = """
import sys, time
import numpy as np
from utils.datasets.cache import CachedArray
def fill(rows):
    print("computed", flush=True)
    time.sleep(1.5)
    rows.write(0, np.ones((3, 2)))
array = CachedArray("kind", "a")
array.compute_once((3, 2), "<f4", fill)
assert array.rows()[:].sum() == 6
"""


def test_of_two_processes_one_computes() -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TWICE], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    assert "".join(out for out, _ in ended) == "computed\n"
    assert "waiting: another process is writing to" in "".join(error for _, error in ended)
