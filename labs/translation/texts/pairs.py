"""Pairs of texts from files, and the checks and groups of pairs."""

from __future__ import annotations

import gzip
import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.datasets.splits import glue
from utils.datasets.tables.array_files import read_text

Texts = list[tuple[str, str]]
SIDES = ("source.txt", "target.txt")
"""The files of a folder of pairs: line n of the one is translated into line n of the other."""


def files_of(folder: Path) -> list[Path]:
    """The two files of a folder of pairs.

    Raises:
        CallerError: one of them is missing.
    """
    if not folder.is_dir():
        raise CallerError(f"--data-dir {folder}: no such folder", f"give a folder with {' and '.join(SIDES)}")
    missing = [name for name in SIDES if not (folder / name).is_file()]
    if missing:
        raise CallerError(
            f"--data-dir {folder}: there is no {missing[0]}",
            f"give a folder with {' and '.join(SIDES)}, in which equal lines belong together",
        )
    return [folder / name for name in SIDES]


def aligned(source: Path, target: Path) -> Texts:
    """The pairs of two files, line by line.

    Raises:
        CallerError: a file cannot be read, has an empty line, or the files have different numbers of lines.
    """
    first, second = (list(lines(path)) for path in (source, target))
    if len(first) != len(second):
        raise CallerError(
            f"{source.name} has {len(first):,} lines, {target.name} has {len(second):,}",
            "line n of the one must be the translation of line n of the other",
        )
    return [(one, other) for (_, one), (_, other) in zip(first, second, strict=True)]


def columns(path: Path) -> Texts:
    """The pairs of a file with two columns, a tab between them.

    Raises:
        CallerError: the file cannot be read, or a line has another number of columns or an empty one.
    """
    found: Texts = []
    for number, line in lines(path):
        cells = line.split("\t")
        if len(cells) != 2:
            raise CallerError(
                f"{path}: line {number} has {len(cells)} column{'s' * (len(cells) != 1)}, not 2",
                "give a source, a tab and a target in each line",
            )
        if not all(map(str.strip, cells)):
            raise CallerError(f"{path}: line {number} has an empty column", "give a source and a target in each line")
        found.append((cells[0], cells[1]))
    return found


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, which may be compressed with gzip, with their numbers; the last one may lack its end.

    Raises:
        CallerError: the file cannot be read, is no text in UTF-8, or has an empty line.
    """
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else read_text(path)
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        if not line.strip():
            raise CallerError(
                f"{path}: line {number} is empty", "remove it; in two files that belong together, in both"
            )
        yield number, line


def normalised(text: str) -> str:
    """A text with composed letters (Unicode NFC), without white space around it and with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def groups(texts: Texts) -> NDArray[np.intp]:
    """The group of each pair, (rows,): pairs that share a text, as source or target, directly or through others."""
    numbers: dict[str, int] = {}
    ends = np.array([[numbers.setdefault(text, len(numbers)) for text in pair] for pair in texts])
    # Each text is a node: a pair joins its two, so that a target that is a source elsewhere joins both pairs.
    of_text = glue(np.concatenate([ends[:, 0], ends[:, 1]]), np.tile(np.arange(len(texts)), 2))
    return of_text[: len(texts)]


def without(texts: Texts, others: Iterable[tuple[str, str]]) -> Texts:
    """The pairs that are not among others, in either direction."""
    taken = {pair for first, second in others for pair in ((first, second), (second, first))}
    return [pair for pair in texts if pair not in taken]


def digest(texts: Texts) -> str:
    """The SHA-256 of pairs, as `sha256:…`."""
    content = "\n".join("\t".join(pair) for pair in texts)
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
