"""Read a column of texts and a column of labels from a CSV file of any size, row by row.

Fields may be quoted and contain separators, quotes and line breaks. The file is UTF-8, or Latin-1 where that is not
ambiguous. An overlong text is cut while it is read, so that memory does not grow with it.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from utils.base.console import say
from utils.base.errors import CallerError

LONGEST_TEXT = 1_000_000
"""Length limit of a text in characters; the longest review of IMDb has 13,704."""
_SEPARATORS = (",", ";", "\t", "|")
_PIECE = 1 << 20
_WIDE = (b"\xff\xfe", b"\xfe\xff")


class Row(NamedTuple):
    """The wanted fields of one row, without white space around them, and the number of its first line."""

    fields: list[str]
    line: int


def read_columns(path: Path, names: Sequence[str]) -> Iterator[Row]:
    """The wanted columns of a CSV file, row by row.

    Args:
        path: the file; its first line has the names of the columns, in any order and with others among them.
        names: the wanted columns.

    Raises:
        CallerError: the file cannot be read or decoded, is empty, lacks a column, or a row lacks one of the fields.
    """
    encoding = find_encoding(path)
    with path.open("rb") as file, io.TextIOWrapper(file, encoding, newline="") as text:
        before = csv.field_size_limit(sys.maxsize if sys.maxsize < 2**31 else 2**31 - 1)
        try:
            yield from _rows(path, text, names)
        finally:
            csv.field_size_limit(before)


def _rows(path: Path, text: io.TextIOWrapper, names: Sequence[str]) -> Iterator[Row]:
    first = text.readline(LONGEST_TEXT)
    if not first.strip():
        raise CallerError(f"{path}: the file is empty", "give a CSV file with a header and rows")
    separator = max(_SEPARATORS, key=lambda sign: len(set(_split(first, sign)) & set(names)))
    header = _split(first, separator)
    missing = [name for name in names if name not in header]
    if missing:
        raise CallerError(
            f"{path}: there is no column {', '.join(missing)}",
            f"the columns are: {', '.join(header[:10])}; name them with --text-column and --label-column",
        )
    places = [header.index(name) for name in names]
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.begin_row()
        first_line = lines.number + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise CallerError(
                f"{path}: line {first_line}: {error}", "close each quote, and write a quote in a text twice"
            ) from None
        if row is None:
            return
        if not any(row):
            continue
        if len(row) <= max(places):
            raise CallerError(
                f"{path}: line {first_line}: {len(row)} fields instead of {len(header)}",
                "put a text that contains the separator or a line break in quotes",
            )
        fields = [row[place].strip() for place in places]
        if lines.dropped or max(map(len, fields)) > LONGEST_TEXT:
            say(f"note: {path}: line {first_line}: the text is cut after {LONGEST_TEXT:,} characters")
        yield Row([field[:LONGEST_TEXT] for field in fields], first_line)


def _split(line: str, separator: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=separator))]
    except csv.Error:
        return []


class _Lines:
    """Lines for `csv.reader`; of an overlong field only what the reader needs to find its end is passed on.

    Attributes:
        number: of the last line that was read.
        dropped: whether a part of the current row was left out.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._held = -1
        self.number = 1
        self.dropped = False

    def begin_row(self) -> None:
        """The reader has finished a row: if it asks for more than one line, it is in a quoted field."""
        self._held, self.dropped = -1, False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while line := self._line():
            self.number += 1
            if self._held > LONGEST_TEXT and '"' not in line:
                self.dropped = True
                continue
            self._held = max(self._held, 0) + len(line)
            return line
        raise StopIteration

    def _line(self) -> str:
        """The next line. One that is much too long loses its middle, but for quotes and separators."""
        pieces = [self._text.readline(_PIECE)]
        while len(pieces[-1]) == _PIECE and not pieces[-1].endswith(("\n", "\r")):
            if len(pieces) > 3:
                self.dropped = True
                pieces[-2] = re.sub(r'[^",;\t|]+', "", pieces[-2])
            pieces.append(self._text.readline(_PIECE))
        return "".join(pieces)


def find_encoding(path: Path) -> str:
    """The encoding of a text file: `utf-8-sig`, `utf-16` or `latin-1`, which is reported.

    A file is Latin-1 if it is not UTF-8, nothing in it looks like UTF-8, and it has no byte from 80 to 9F, which are
    control characters in Latin-1 and letters or quotes in other encodings.

    Raises:
        CallerError: the file cannot be read, or is in another encoding; the first such line is named.
    """
    try:
        with path.open("rb") as file:
            return _encoding(path, file)
    except FileNotFoundError:
        raise CallerError(f"{path}: there is no such file", "check the path") from None
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", "give a text file that you may read") from None


def _encoding(path: Path, file: BinaryIO) -> str:
    wrong = line = 0
    multibyte = other = False
    for number, content in enumerate(iter(lambda: file.readline(_PIECE), b""), 1):
        if number == 1 and content.startswith(_WIDE):
            return "utf-16"
        ends = content.endswith(b"\n")
        if b"\0" in content:
            raise CallerError(f"{path}: line {line + 1}: it contains NUL bytes", "give a text file in UTF-8")
        try:
            content.decode("utf-8")
            multibyte = multibyte or not content.isascii()
        except UnicodeDecodeError as error:
            if not ends and len(content) == _PIECE and error.start > _PIECE - 4:  # a character in two pieces
                file.seek(error.start - _PIECE, 1)
                continue
            wrong = wrong or line + 1
            other = other or bool(re.search(rb"[\x80-\x9f]", content))
        line += ends
    if not wrong:
        return "utf-8-sig"
    if multibyte or other:
        raise CallerError(
            f"{path}: line {wrong}: this is not text in UTF-8, and it is not clear which encoding it is",
            "save the file as UTF-8",
        )
    say(f"note: {path}: line {wrong}: this is not UTF-8; the file is read as Latin-1")
    return "latin-1"
