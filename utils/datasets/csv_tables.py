"""Read tables with a schema. Errors name the row and the column of an invalid value."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]


@dataclass(frozen=True)
class Column:
    """A column of a table: a number, or one of a few levels.

    Attributes:
        name: name in the header.
        levels: levels of a categorical column, as in the file; the code of a level is its index. Empty for numbers.
        label: whether it is any text, coded in the order of appearance. For groups, not for inputs.
    """

    name: str
    levels: tuple[str, ...] = ()
    label: bool = False


def numbers(*names: str) -> tuple[Column, ...]:
    """Columns of numbers."""
    return tuple(Column(name) for name in names)


def categories(columns: Sequence[Column]) -> dict[str, tuple[str, ...]]:
    """The levels of the categorical columns, by name."""
    return {column.name: column.levels for column in columns if column.levels}


def read_table(path: Path, columns: Sequence[Column], *, target: str | None = None, header: bool = True) -> Array:
    """Read a comma-separated file with the columns of the schema, in any order if it has a header.

    A byte-order mark, Windows line ends and spaces around a value are ignored. A file named `.gz` is decompressed.

    Args:
        path: the file.
        columns: the schema, in the order of the result.
        target: the target column of labelled tables; it only makes the error clearer.
        header: whether the first line names the columns.

    Returns:
        (rows, columns) float64, at least one row: numbers, every one finite in float32, and codes of levels.

    Raises:
        CallerError: the file cannot be read, its header differs, a value is not a finite number or none of the
            levels, there are no rows.
    """
    text = _read_text(path)
    names = [column.name for column in columns]
    if header:
        found = [name.strip() for name in text.iloc[0]]
        _check_header(path, found, names, target)
        text = text.iloc[1:].set_axis(found, axis="columns")
    elif text.shape[1] == len(names):
        text = text.set_axis(names, axis="columns")
    else:
        raise CallerError(f"{path}: {text.shape[1]} values per row", f"give {len(names)}: {','.join(names)}")
    if text.empty:
        raise CallerError(f"{path}: the file has a header but no rows", "add a row for each prediction you want")
    return np.stack([_values(path, text[column.name].str.strip(), column) for column in columns], axis=1)


def _read_text(path: Path) -> pd.DataFrame:
    """Every value as text, including the header, so that errors show an invalid value as it is in the file."""
    import pandas as pd

    try:
        return pd.read_csv(
            path,
            compression="gzip" if _is_compressed(path) else None,
            header=None,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            index_col=False,
            on_bad_lines="error",
        )
    except FileNotFoundError:
        raise CallerError(f"{path}: there is no such file", "check the path") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise CallerError(f"{path}: not compressed with gzip, or damaged", "give a CSV file") from None
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", "give a CSV file that you may read") from None
    except pd.errors.EmptyDataError:
        raise CallerError(f"{path}: the file is empty", "give a CSV file with a header and rows") from None
    except UnicodeDecodeError:
        raise CallerError(f"{path}: this is not text in UTF-8", "save the table as CSV (UTF-8)") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise CallerError(
            f"{path}: {str(error).rsplit('error: ', maxsplit=1)[-1]}",
            "give every row as many values as the header has",
        ) from None


def _check_header(path: Path, found: list[str], wanted: Sequence[str], target: str | None) -> None:
    other = next((mark for mark in ";\t|" if len(found) == 1 and mark in found[0]), None)
    if other is not None:
        raise CallerError(f"{path}: the columns are separated by {other!r}", "separate them by commas")
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


def _values(path: Path, text: pd.Series[str], column: Column) -> Array:
    """A column as float64: its numbers, or the codes of its levels."""
    import pandas as pd

    if column.label:
        return pd.factorize(text)[0].astype("float64")
    if column.levels:
        codes: Array = pd.Index(column.levels, dtype=text.dtype).get_indexer(pd.Index(text)).astype("float64")
        unusable, kind = codes < 0, f"none of {', '.join(column.levels)}"
    else:
        codes = pd.to_numeric(text, errors="coerce").to_numpy("float64")
        with np.errstate(over="ignore"):  # a network computes in float32, where 1e300 is infinite
            unusable, kind = ~np.isfinite(codes.astype("float32")), "not a finite number"
    if unusable.any():
        row, many = int(unusable.argmax()), int(unusable.sum())
        raise CallerError(
            f"{path}: line {_line(path, int(text.index[row]))}, column {column.name}: {text.iloc[row]!r} is {kind}",
            f"correct it ({many} such value{'s' if many > 1 else ''} in the column)",
        )
    return codes


def _line(path: Path, row: int) -> int:
    """The line number (from 1) of a row (from 0); blank lines are not rows."""
    opened = gzip.open if _is_compressed(path) else open
    with opened(path, "rt", encoding="utf-8-sig") as file:
        written = [number for number, line in enumerate(file.read().splitlines(), 1) if line.strip()]
    return written[row]


def _is_compressed(path: Path) -> bool:
    return path.suffix == ".gz"


def read_rows(paths: Sequence[Path], labels: Mapping[str, Any]) -> Array:
    """Read the rows of CSV files to predict from, one file after the other.

    Args:
        paths: the files.
        labels: a run's `labels.json`: its columns, their levels, and the target that must not be among them.

    Returns:
        (rows, columns) float32, numbers and codes of levels.

    Raises:
        CallerError: see `read_table`.
    """
    schema = [Column(name, tuple(labels["categories"].get(name, ()))) for name in labels["features"]]
    tables = [read_table(path, schema, target=labels["target"]) for path in paths]
    return np.concatenate(tables).astype("float32")


def one_hot(inputs: Array, features: Sequence[str], levels: Mapping[str, Sequence[str]]) -> Array:
    """One-hot encode the codes and keep the numbers, for a linear model.

    Args:
        inputs: (rows, features), numbers and codes.
        features: names of the columns.
        levels: levels of the categorical columns, by name.

    Returns:
        (rows, numbers and levels together) float64.
    """
    parts = []
    for name, values in zip(features, inputs.T.astype("float64"), strict=True):
        parts.append(values[:, None] == np.arange(len(levels[name])) if name in levels else values[:, None])
    return np.concatenate(parts, axis=1).astype("float64")
