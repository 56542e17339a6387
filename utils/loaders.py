"""Reading files into arrays, with an error that names the row and the column of what cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from utils.errors import CallerError

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path, columns: Sequence[str], *, target: str | None = None) -> pd.DataFrame:
    """Read a CSV file of numbers: comma-separated, a header, exactly the named columns in any order.

    A byte-order mark, Windows line ends and spaces around a value are read as what they are: nothing.

    Args:
        path: the file.
        columns: the names that the header must hold, in the order wanted.
        target: a column that a table of labelled rows would hold; only makes the error clearer.

    Returns:
        Float64 columns in the order of `columns`, at least one row, every value finite in float32.

    Raises:
        CallerError: the file cannot be read, its header differs, a value is not a finite number, there are no rows.
    """
    text = _read_text(path)
    header = [name.strip() for name in text.iloc[0]]
    _check_header(path, header, columns, target)
    rows = text.iloc[1:].set_axis(header, axis="columns").reset_index(drop=True)
    if rows.empty:
        raise CallerError(f"{path}: there is a header and no row", "add a row for each prediction you want")
    return _numbers(path, rows[list(columns)])


def _read_text(path: Path) -> pd.DataFrame:
    """Every value as text, the header too, so that what is wrong can be shown as it stands in the file."""
    import pandas as pd

    try:
        return pd.read_csv(
            path,
            compression=None,
            header=None,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            index_col=False,
            on_bad_lines="error",
        )
    except FileNotFoundError:
        raise CallerError(f"{path}: there is no such file", "check the path") from None
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
        raise CallerError(f"{path}: the column {twice[0]} stands twice", "remove one of the two")
    missing = [name for name in wanted if name not in found]
    extra = [name for name in found if name not in wanted]
    if missing:
        unknown = f"; not known: {', '.join(extra)}" if extra else ""
        raise CallerError(
            f"{path}: missing column {', '.join(missing)}{unknown}",
            f"the header must hold: {','.join(wanted)}",
        )
    if extra == [target]:
        raise CallerError(f"{path}: the column {target} is what the model predicts", "remove that column")
    if extra:
        raise CallerError(f"{path}: unknown column {', '.join(extra)}", f"the header must hold: {','.join(wanted)}")


def _numbers(path: Path, text: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    table = text.apply(lambda column: pd.to_numeric(column.str.strip(), errors="coerce")).astype("float64")
    with np.errstate(over="ignore"):  # a network computes in float32, where 1e300 is infinite
        unusable = np.argwhere(~np.isfinite(table.to_numpy().astype("float32")))
    if len(unusable):
        row, column = unusable[0]
        raise CallerError(
            f"{path}: row {row + 1}, column {text.columns[column]}: {text.iat[row, column]!r} is not a finite number",
            f"correct it ({len(unusable)} such value{'s' if len(unusable) > 1 else ''} in the file)",
        )
    return table
