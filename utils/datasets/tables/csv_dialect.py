"""How a table was saved: its encoding, its separator, its decimal sign, and what its columns are called.

Spreadsheets save semicolons and decimal commas in many languages, a tab and UTF-16 as "Unicode text", and programs add
a column of row numbers or leave the header out. What differs from a comma-separated file is reported by the caller.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from utils.base.errors import CallerError
from utils.datasets.tables.array_files import read_bytes

LARGEST = 200_000_000
"""Size limit of a table in bytes, also after decompression."""
LONGEST_LINE = 1_000_000
"""Length limit of a line in characters; a row of MNIST has about 3,000."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "spaces"}
"""In the order of preference."""
_LOOKED_AT = 20
"""Number of rows from which the separator is found."""
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}([. \u00a0\u202f']\d{3})+|\d*),\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_UNNAMED = re.compile(r"|unnamed_\d+|index|rownames|row_names|row|id|no|nr")


@dataclass(frozen=True)
class Cells:
    """The rows of a text file, as text without spaces around the values.

    Attributes:
        rows: those that are not empty; all of the same length but for short ones, which are filled up.
        lines: the number of the last line of each row.
        separator: between the values.
    """

    rows: list[list[str]]
    lines: list[int]
    separator: str


def read_cells(path: Path, names: Sequence[str]) -> Cells:
    """Read a text file of values with the separator that gives the most of the wanted columns.

    Args:
        path: the file.
        names: the wanted columns; empty if they are not known: then rows of equal length decide.

    Raises:
        CallerError: the file cannot be read, or is empty.
    """
    text = _text(path)
    first = text.split("\n", 1)[0].strip()
    if re.fullmatch(r"sep=.", first):  # written by Excel
        return _parsed(path, "\n" + text.partition("\n")[2], first[-1])
    known = {plain_name(name) for name in names}

    def fit(separator: str) -> tuple[int, int, int]:
        rows = _rows(path, text, separator, _LOOKED_AT)[0]
        named = {plain_name(name) for name in rows[0]} & known if rows else set()
        numbers = sum(is_number(with_point(value)) for row in rows for value in row)
        width = len(names) or (len(rows[0]) if rows and len(rows[0]) > 1 else 0)
        return len(named), sum(len(row) == width for row in rows), numbers

    return _parsed(path, text, max(SEPARATORS, key=fit))


def _text(path: Path) -> str:
    try:
        content = read_bytes(path, LARGEST, "table")
        if path.suffix == ".gz":
            content = _decompressed(path, content)
    except FileNotFoundError:
        raise CallerError(f"{path}: there is no such file", "check the path") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise CallerError(f"{path}: not compressed with gzip, or damaged", "give a CSV file") from None
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", "give a CSV file that you may read") from None
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if content and (not text or (wide and not re.search("[0-9A-Za-z]", text))):
        raise CallerError(f"{path}: this is not text in UTF-8", "save the table as CSV (UTF-8)") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(io.StringIO(text), 1):
        if len(line) > LONGEST_LINE:
            raise CallerError(
                f"{path}: line {number} has {len(line):,} characters", f"the limit is {LONGEST_LINE:,}; give a CSV file"
            )
    return text


def _decompressed(path: Path, content: bytes) -> bytes:
    """The content of a gzip file, of which no more than the limit is decompressed."""
    with gzip.open(io.BytesIO(content)) as file:
        plain = file.read(LARGEST + 1)
    if len(plain) > LARGEST:
        raise CallerError(f"{path}: the table has more than {LARGEST:,} bytes", "give a smaller file, or parts of it")
    return plain


def _parsed(path: Path, text: str, separator: str) -> Cells:
    rows, lines = _rows(path, text, separator)
    while rows and not any(rows[-1]):  # spreadsheets add empty rows
        rows, lines = rows[:-1], lines[:-1]
    if not rows:
        raise CallerError(f"{path}: the file is empty", "give a CSV file with a header and rows")
    longest = max(map(len, rows))
    while longest > 1 and not any(row[longest - 1] for row in rows if len(row) == longest):  # and empty columns
        rows, longest = [row[: longest - 1] for row in rows], longest - 1
    return Cells(rows, lines, separator)


def _rows(path: Path, text: str, separator: str, most: int | None = None) -> tuple[list[list[str]], list[int]]:
    """The rows that are not blank lines, and their line numbers."""
    spaced = separator == " "
    found, lines = [], []
    reader = csv.reader(text.split("\n"), delimiter=separator, skipinitialspace=spaced)
    try:
        for row in reader:
            values = [value.strip() for value in row]
            if values and (len(values) > 1 or values[0]):
                found.append(values)
                lines.append(reader.line_num)
            if len(found) == most:
                break
    except csv.Error as error:
        if most is None:
            raise CallerError(f"{path}: line {reader.line_num}: {error}", "give a CSV file") from None
    return found, lines


def plain_name(name: str) -> str:
    """The name of a column without its unit, in one spelling: `Fly ash (kg/m³)` is `fly_ash`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", name.lower())).strip("_")


def renamed(found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The names of a header, each as the wanted name that it means; other names as they are."""
    meant = {plain_name(name): name for name in wanted}
    plain = [plain_name(name) for name in found]
    return [
        name if name in wanted or plain.count(key) > 1 or meant.get(key) in found else meant.get(key, name)
        for name, key in zip(found, plain, strict=True)
    ]


def is_row_number(name: str, values: Sequence[str]) -> bool:
    """Whether a column that is not wanted is one of row numbers or row names, by its name and its distinct values."""
    return bool(_UNNAMED.fullmatch(plain_name(name))) and len(set(values)) == len(values)


def is_number(text: str) -> bool:
    """Whether a text is a finite number with a decimal point."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def has_row_names(rows: Sequence[Sequence[str]]) -> bool:
    """Whether every row has one value more than the header, and it is a name or counts the rows, as R writes them."""
    if len(rows) < 2 or any(len(row) != len(rows[0]) + 1 for row in rows[1:]):
        return False
    first = [row[0] for row in rows[1:]]
    # One row may also have a decimal comma: 1,5,2.
    counted = len(first) > 1 and any(first == list(map(str, range(start, start + len(first)))) for start in (0, 1))
    return counted or all(re.search("[A-Za-z]", value) for value in first)


def has_decimal_comma(values: Sequence[str], separator: str) -> bool:
    """Whether the numbers of a file have a decimal comma.

    `1,234` alone may be a number of thousands: it counts as decimal only where commas do not separate the columns.
    """
    with_comma = [value for value in values if "," in value]
    if not with_comma or not all(_DECIMAL_COMMA.fullmatch(value) for value in with_comma):
        return False
    return separator != "," or not all(_THOUSANDS.fullmatch(value) for value in with_comma)


def with_point(value: str) -> str:
    """A number with a decimal comma as one with a decimal point; any other text as it is."""
    if not _DECIMAL_COMMA.fullmatch(value):
        # 1.234 is a number of thousands beside 0,5.
        return (
            re.sub(r"[. \u00a0\u202f']", "", value)
            if re.fullmatch(r"[+-]?\d{1,3}([. \u00a0\u202f']\d{3})+", value)
            else value
        )
    whole, _, rest = value.partition(",")
    return re.sub(r"[. \u00a0\u202f']", "", whole) + "." + rest
