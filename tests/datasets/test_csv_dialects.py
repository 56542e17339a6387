"""Tables as spreadsheets and programs save them: separators, decimal signs, headers, row numbers, units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs.regression.data import FEATURES
from utils.base.errors import CallerError
from utils.datasets.tables.columns import Column, numbers
from utils.datasets.tables.csv_tables import read_table

COLUMNS = numbers(*FEATURES)
ROWS = [[300.5, 0, 0, 180.2, 0, 1000, 800, 28], [540, 0, 12.25, 162, 2.5, 1040, 676, 7]]


def saved(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def text_of(rows: Any, separator: str = ",", decimal: str = ".", header: tuple[str, ...] = FEATURES) -> str:
    lines = [separator.join(f"{value:g}".replace(".", decimal) for value in row) for row in rows]
    return "\n".join([*([separator.join(header)] if header else []), *lines]) + "\n"


@pytest.mark.parametrize("header", [FEATURES, FEATURES[::-1], ()])
@pytest.mark.parametrize(
    ("separator", "decimal", "said"),
    [
        (",", ".", []),
        (";", ".", ["semicolons"]),
        (";", ",", ["semicolons", "the decimal sign is a comma"]),
        ("\t", ",", ["tabs", "the decimal sign is a comma"]),
        ("\t", ".", ["tabs"]),
        ("|", ".", ["vertical bars"]),
        (" ", ".", ["spaces"]),
    ],
)
def test_separators_and_decimal_signs(
    separator: str, decimal: str, said: list[str], header: tuple[str, ...], tmp_path: Path, capsys: Any
) -> None:
    rows = [row[::-1] for row in ROWS] if header[:1] == FEATURES[-1:] else ROWS
    path = saved(tmp_path / "a.csv", text_of(rows, separator, decimal, header))
    np.testing.assert_array_equal(read_table(path, COLUMNS), ROWS)
    notes = capsys.readouterr().err.splitlines()
    wanted = [*said[:1], *([] if header else ["it has no header; the columns are taken for cement, "]), *said[1:]]
    assert len(notes) == len(wanted)
    for note, part in zip(notes, wanted, strict=True):
        assert note.startswith(f"note: {path}: ")
        assert part in note


@given(
    rows=st.lists(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=1, max_size=5),
    separator=st.sampled_from([";", "\t", "|"]),
    header=st.booleans(),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_come_back_with_a_decimal_comma(
    rows: list[list[float]], separator: str, header: bool, tmp_path: Path
) -> None:
    lines = [separator.join(repr(value).replace(".", ",") for value in row) for row in rows]
    path = saved(tmp_path / "a.csv", "\n".join([*([separator.join("abc")] if header else []), *lines]))
    np.testing.assert_array_equal(read_table(path, numbers(*"abc")), rows)


@pytest.mark.parametrize(
    ("lines", "numbers_read"),
    [
        (["a;b", "1.234,5;2"], [[1234.5, 2]]),
        (["a;b", "1 234,5;12 000"], [[1234.5, 12000]]),
        (["a;b", "0,5;1.234"], [[0.5, 1234]]),
        (["a;b", "1,5e3;-,25"], [[1500, -0.25]]),
        (["a,b", '"1,5",2'], [[1.5, 2]]),
        (["a;b", "1.234;2"], [[1.234, 2]]),
        (["sep=;", "a;b", "1;2"], [[1, 2]]),
        (["a;b;", "1;2;", ";;"], [[1, 2]]),
        (["a,b", "1,2", ",", ""], [[1, 2]]),
    ],
)
def test_what_spreadsheets_write(lines: list[str], numbers_read: list[list[float]], tmp_path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        np.testing.assert_array_equal(
            read_table(saved(tmp_path / "a.csv", end.join(lines)), numbers("a", "b")), numbers_read
        )


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["a,b", '"1,234",2'], "line 2, column a: '1,234' is not a finite number"),
        (["a;b", "1.5;2,5;3"], "line 2: 3 values instead of 2"),
        (["a,b", "1,5,2"], "line 2: 3 values instead of 2"),
        (["a;b", "0,5;1,2,3"], "column a: '0,5' is not a finite number"),
        (["1,2,3"], "3 values per row and no header"),
        (["a,b,c", "1,2,3"], "unknown column c"),
        (["A,a,b", "1,2,3"], "unknown column A"),
    ],
)
def test_what_is_not_guessed(lines: list[str], error: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=error):
        read_table(saved(tmp_path / "a.csv", "\n".join(lines)), numbers("a", "b"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", text_of(ROWS, "\t", ","), encoding)
    np.testing.assert_array_equal(read_table(path, COLUMNS), ROWS)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("cement (kg)", "'cement (kg)' is read as cement"),
        ("Cement [kg/m³]", "'Cement [kg/m³]' is read as cement"),
        ("CEMENT", "'CEMENT' is read as cement"),
        ("Cement (component 1)(kg in a m^3 mixture)", "is read as cement"),
    ],
)
def test_units_and_other_spellings_of_names(header: str, said: str, tmp_path: Path, capsys: Any) -> None:
    path = saved(tmp_path / "a.csv", text_of(ROWS, header=(header, *FEATURES[1:])))
    np.testing.assert_array_equal(read_table(path, COLUMNS), ROWS)
    err = capsys.readouterr().err
    assert said in err
    assert "units are not converted" in err


def test_spaces_and_hyphens_in_names(tmp_path: Path) -> None:
    header = tuple(f"{name.replace('_', ' ').title()} (kg)" for name in FEATURES)
    np.testing.assert_array_equal(read_table(saved(tmp_path / "a.csv", text_of(ROWS, ";", ",", header)), COLUMNS), ROWS)


def test_the_target_is_recognised_with_its_unit(tmp_path: Path) -> None:
    text = text_of([[*row, 1] for row in ROWS], header=(*FEATURES, "Compressive strength (MPa)"))
    with pytest.raises(CallerError, match="compressive_strength is what the model predicts"):
        read_table(saved(tmp_path / "a.csv", text), COLUMNS, target="compressive_strength")


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "id", "ID", "row", "No."])
@pytest.mark.parametrize("first", [0, 1, 57])
def test_a_column_of_row_numbers_is_left_out(name: str, first: int, tmp_path: Path, capsys: Any) -> None:
    text = text_of([[first + i, *row] for i, row in enumerate(ROWS)], header=(name, *FEATURES))
    np.testing.assert_array_equal(read_table(saved(tmp_path / "a.csv", text), COLUMNS), ROWS)
    assert "has the numbers of the rows and is left out" in capsys.readouterr().err


def test_row_names_as_r_writes_them(tmp_path: Path) -> None:
    for names in (["1", "2"], ["mix A", "mix B"]):
        lines = [",".join(f'"{name}"' for name in FEATURES)]
        lines += [f'"{name}",' + ",".join(map(str, row)) for name, row in zip(names, ROWS, strict=True)]
        path = saved(tmp_path / "a.csv", "\n".join(lines))
        np.testing.assert_array_equal(read_table(path, COLUMNS), ROWS)


def test_other_first_columns_are_not_taken_for_row_numbers(tmp_path: Path) -> None:
    for name, values in (("sand", [1, 2]), ("id", [7, 7])):
        text = text_of([[value, *row] for value, row in zip(values, ROWS, strict=True)], header=(name, *FEATURES))
        with pytest.raises(CallerError, match=f"unknown column {name}"):
            read_table(saved(tmp_path / "a.csv", text), COLUMNS)


LEVELS = (Column("doors", ("2", "3", "5more")), Column("safety", ("low", "high")))


def test_a_table_of_levels_without_header(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "2;low\n5more;high\n")
    assert read_table(path, LEVELS).tolist() == [[0, 0], [2, 1]]
    with pytest.raises(CallerError, match="missing column doors, safety"):
        read_table(saved(tmp_path / "b.csv", "2;middling\n5more;high\n"), LEVELS)


def test_a_header_and_rows_are_told_apart_by_every_column(tmp_path: Path) -> None:
    """A header with a number as a name is no row."""
    columns = (Column("2020"), Column("b"))
    assert read_table(saved(tmp_path / "a.csv", "2020,b\n1,2\n"), columns).tolist() == [[1, 2]]
