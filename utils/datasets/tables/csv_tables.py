"""Read tables with a schema. Errors name the row and the column of an invalid value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.console import say
from utils.base.errors import CallerError
from utils.base.named_arrays import Arrays
from utils.datasets.tables import csv_dialect
from utils.datasets.tables.columns import Column, raw, schema
from utils.datasets.tables.csv_dialect import SEPARATORS

Array = NDArray[Any]


def read_table(path: Path, columns: Sequence[Column], *, target: str | None = None, header: bool = True) -> Array:
    """Read a file with the columns of the schema, in any order if it has a header.

    The separator and the decimal sign are found out; a byte-order mark, Windows line ends and spaces around a value are
    ignored; a file named `.gz` is decompressed. A missing header, units in the names (`cement (kg)`) and a column of
    row numbers are recognised. What differs from a comma-separated file with the columns of the schema is reported.

    Args:
        path: the file.
        columns: the schema, in the order of the result.
        target: the target column of labelled tables; it only makes the error clearer.
        header: whether the first line names the columns; if not, they are in the order of the schema.

    Returns:
        (rows, columns) float64, at least one row: numbers, every one finite in float32, and codes of levels.

    Raises:
        CallerError: the file cannot be read, its header differs, a value is not a finite number or none of the
            levels, there are no rows.
    """
    names = [column.name for column in columns]
    cells = csv_dialect.read_cells(path, names)
    notes = [] if cells.separator == "," else [f"the columns are separated by {SEPARATORS[cells.separator]}"]
    body, lines = cells.rows, cells.lines
    if header and not _lacks_header(body, columns):
        found = _header(path, body, names, target, notes)
        body, lines = body[1:], lines[1:]
    else:
        found = names
        if len(body[0]) != len(names):
            raise CallerError(f"{path}: {len(body[0])} values per row", f"give {len(names)}: {','.join(names)}")
        if header:
            notes.append(f"it has no header; the columns are taken for {', '.join(names)}")
    if not body:
        raise CallerError(f"{path}: the file has a header but no rows", "add a row for each prediction you want")
    body = _filled(path, body, lines, len(found))
    values = {name: list(column) for name, column in zip(found, zip(*body, strict=True), strict=True)}
    numeric = [column.name for column in columns if not column.levels and not column.label]
    if csv_dialect.has_decimal_comma([value for name in numeric for value in values[name]], cells.separator):
        values |= {name: list(map(csv_dialect.with_point, values[name])) for name in numeric}
        notes.append("the decimal sign is a comma")
    for note in notes:
        say(f"note: {path}: {note}")
    return np.stack([_values(path, values[column.name], column, lines) for column in columns], axis=1)


@dataclass(frozen=True)
class TextTable:
    """A table whose columns were not known beforehand.

    Attributes:
        path: its file.
        columns: (rows,) text by name, in the order of the file.
        lines: the number of the line of each row.
    """

    path: Path
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]

    def numbers(self, name: str) -> Array:
        """A column as (rows,) float64.

        Raises:
            CallerError: a value is not a finite number.
        """
        return _values(self.path, self.columns[name], Column(name), self.lines)


def read_text_table(path: Path) -> TextTable:
    """Read a file with a header and any columns; the dialects are those of `read_table`.

    A first column without a name that numbers the rows is left out.

    Raises:
        CallerError: the file cannot be read, has no header or no rows, or a name appears twice.
    """
    cells = csv_dialect.read_cells(path, ())
    notes = [] if cells.separator == "," else [f"the columns are separated by {SEPARATORS[cells.separator]}"]
    header, body = cells.rows[0], cells.rows[1:]
    # Whole numbers may be the names of classes.
    if any(csv_dialect.is_number(name) and not name.isdigit() for name in map(csv_dialect.with_point, header)):
        raise CallerError(
            f"{path}: it has no header: the first line is {','.join(header[:4])}", "name the columns in the first line"
        )
    if not body:
        raise CallerError(f"{path}: the file has a header but no rows", "add a row for each prediction")
    body = _filled(path, body, cells.lines[1:], len(header))
    columns = list(map(list, zip(*body, strict=True)))
    if csv_dialect.plain_name(header[0]) in ("", "unnamed_0") and csv_dialect.is_row_number("", columns[0]):
        notes.append("the first column has no name and the numbers of the rows; it is left out")
        header, columns = header[1:], columns[1:]
    twice = [name for name in header if header.count(name) > 1]
    if twice or "" in header:
        what = f"the column {twice[0]} appears twice" if twice and twice[0] else "a column has no name"
        raise CallerError(f"{path}: {what}", "give each column a name of its own in the first line")
    commas = [csv_dialect.has_decimal_comma(values, cells.separator) for values in columns]
    if any(commas):
        notes.append("the decimal sign is a comma")
    for note in notes:
        say(f"note: {path}: {note}")
    read = [
        list(map(csv_dialect.with_point, values)) if comma else values
        for values, comma in zip(columns, commas, strict=True)
    ]
    return TextTable(path, dict(zip(header, read, strict=True)), cells.lines[1:])


def _lacks_header(rows: Sequence[Sequence[str]], columns: Sequence[Column]) -> bool:
    """Whether the first row has a value of each column, and so no names."""
    first = [csv_dialect.with_point(value) for value in rows[0]]
    if len(first) != len(columns) or all(column.label for column in columns):
        return False
    return all(
        column.label or (value in column.levels if column.levels else csv_dialect.is_number(value))
        for value, column in zip(first, columns, strict=True)
    )


def _header(
    path: Path, rows: Sequence[list[str]], names: Sequence[str], target: str | None, notes: list[str]
) -> list[str]:
    """The names of the columns, as in the schema; those of row numbers are removed from `rows`."""
    header = rows[0]
    if all(map(csv_dialect.is_number, header)):
        raise CallerError(
            f"{path}: {len(header)} values per row and no header", f"give {len(names)}: {','.join(names)}"
        )
    if csv_dialect.has_row_names(rows):
        header.insert(0, "")
    found = csv_dialect.renamed(header, [*names, target] if target else names)
    changed = [f"{old!r} is read as {new}" for old, new in zip(header, found, strict=True) if old != new]
    if changed:
        notes.append(f"{', '.join(changed)}; units are not converted")
    first = [row[0] for row in rows[1:]]
    if len(found) == len(names) + 1 and found[0] not in names and csv_dialect.is_row_number(found[0], first):
        notes.append(f"the first column ({found[0] or 'without a name'}) has the numbers of the rows and is left out")
        found = found[1:]
        for row in rows:
            del row[0]
    _check_header(path, found, names, target)
    return found


def _filled(path: Path, rows: Sequence[list[str]], lines: Sequence[int], width: int) -> list[list[str]]:
    """Rows of equal length: a short row is filled up with empty values, which are reported where they are read."""
    for row, line in zip(rows, lines, strict=True):
        if len(row) > width:
            raise CallerError(
                f"{path}: line {line}: {len(row)} values instead of {width}",
                "give every row as many values as the header has; put a value with a decimal comma in quotes",
            )
    return [row + [""] * (width - len(row)) for row in rows]


def _check_header(path: Path, found: list[str], wanted: Sequence[str], target: str | None) -> None:
    twice = [name for name in found if found.count(name) > 1]
    if twice:
        raise CallerError(f"{path}: the column {twice[0]} appears twice", "remove one of the two")
    missing = [name for name in wanted if name not in found]
    extra = [name for name in found if name not in wanted]
    if missing:
        unknown = f"; not known: {', '.join(extra)}" if extra else ""
        raise CallerError(
            f"{path}: missing column {', '.join(missing)}{unknown}",
            f"the header must have: {','.join(wanted)}",
        )
    if extra == [target]:
        raise CallerError(f"{path}: the column {target} is what the model predicts", "remove that column")
    if extra:
        raise CallerError(f"{path}: unknown column {', '.join(extra)}", f"the header must have: {','.join(wanted)}")


def _values(path: Path, text: Sequence[str], column: Column, lines: Sequence[int]) -> Array:
    """A column as float64: its numbers, or the codes of its levels."""
    import pandas as pd

    if column.label:
        return pd.factorize(np.array(text, dtype=object))[0].astype("float64")
    if column.levels:
        codes = {level: float(code) for code, level in enumerate(column.levels)}
        found = np.array([codes.get(value, np.nan) for value in text])
        unusable, kind = np.isnan(found), f"none of {', '.join(column.levels)}"
    else:
        found = pd.to_numeric(pd.Series(text, dtype=object), errors="coerce").to_numpy("float64")
        with np.errstate(over="ignore"):  # a network computes in float32, where 1e300 is infinite
            unusable, kind = ~np.isfinite(found.astype("float32")), "not a finite number"
    if unusable.any():
        row, many = int(unusable.argmax()), int(unusable.sum())
        raise CallerError(
            f"{path}: line {lines[row]}, column {column.name}: {text[row]!r} is {kind}",
            f"correct it ({many} such value{'s' if many > 1 else ''} in the column)",
        )
    return found


def read_rows(paths: Sequence[Path], labels: Mapping[str, Any]) -> Arrays:
    """Read the rows of CSV files to predict from, one file after the other.

    Args:
        paths: the files.
        labels: a run's `labels.json`: its columns, their levels, and the target that must not be among them.

    Returns:
        Raw inputs of the model, see `utils.datasets.tables.columns.raw`.

    Raises:
        CallerError: see `read_table` and `schema`.
    """
    columns = schema(labels)
    tables = [read_table(path, columns, target=labels["target"]) for path in paths]
    return raw(np.concatenate(tables), labels["features"], labels["categories"])
