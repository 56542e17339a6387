"""Whatever the order of the columns and the way the file was saved, a table reads as the numbers that are in it."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs.regression.data import FEATURES, TARGET
from utils.base.errors import CallerError
from utils.datasets.catalog import data_folder
from utils.datasets.tables.columns import numbers
from utils.datasets.tables.csv_tables import read_table

finite = st.floats(-1e9, 1e9, allow_nan=False)
shared_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(
    rows=st.lists(st.lists(finite, min_size=8, max_size=8), min_size=1, max_size=5),
    order=st.permutations(FEATURES),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    blanks=st.integers(0, 2),
)
@shared_folder
def test_tables_come_back(
    rows: list[list[float]], order: list[str], end: str, mark: bool, blanks: int, tmp_path: Path
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, order, lineterminator=end)
    writer.writeheader()
    writer.writerows(dict(zip(FEATURES, row, strict=True)) for row in rows)
    path = tmp_path / "table.csv"
    path.write_bytes((text.getvalue() + end * blanks).encode("utf-8-sig" if mark else "utf-8"))
    table = read_table(path, numbers(*FEATURES))
    np.testing.assert_array_equal(table, np.array(rows))


@given(content=st.binary(max_size=200))
@shared_folder
def test_no_file_gives_anything_but_a_table_or_a_callers_mistake(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(CallerError):
        read_table(path, numbers(*FEATURES))


@given(text=st.text(alphabet='ab,;"\n\t\r 1.', max_size=60))
@shared_folder
def test_odd_text_after_a_good_header(text: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes((",".join(FEATURES) + "\n" + text).encode())
    try:
        table = read_table(path, numbers(*FEATURES))
    except CallerError:
        return
    assert np.isfinite(table).all()


def test_a_compressed_table(tmp_path: Path) -> None:
    content = (",".join(FEATURES) + "\n\n" + "1,2,3,4,5,6,7,8\n" + "1,2,3,4,5,6,7,eight\n").encode()
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(content[: content.rindex(b"1,")]))
    np.testing.assert_array_equal(read_table(path, numbers(*FEATURES)), [[1, 2, 3, 4, 5, 6, 7, 8]])
    path.write_bytes(gzip.compress(content))
    with pytest.raises(CallerError, match="line 4, column age: 'eight' is not a finite number"):
        read_table(path, numbers(*FEATURES))
    for damaged in (content, gzip.compress(content)[:-20], gzip.compress(content)[:30] + bytes(60)):
        path.write_bytes(damaged)
        with pytest.raises(CallerError, match="not compressed with gzip, or damaged"):
            read_table(path, numbers(*FEATURES))


@pytest.mark.real_data
def test_embedded_concrete_is_the_courses_file(mirror: Path) -> None:
    """Number by number the file that the courses link to, whose columns have other names."""
    courses = np.genfromtxt(mirror / "concrete" / "concrete_data.csv", delimiter=",", skip_header=1)
    ours = read_table(data_folder() / "concrete.csv", numbers(*FEATURES, TARGET))
    np.testing.assert_array_equal(ours, courses)
