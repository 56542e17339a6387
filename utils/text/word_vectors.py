"""Word vectors: one vector per word, their neighbours and analogies, and the files of word2vec, text and binary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from utils.base.atomic_files import replacing
from utils.base.errors import CallerError

VECTORS = "vectors.bin"
"""The word vectors in the folder of a run, in word2vec's binary format."""
BINARY = (".bin",)
"""Suffixes of files in the binary format; every other file is text."""
LONGEST_WORD = 10_000
"""Largest number of bytes of a word in a file."""
LARGEST_FILE = 2**33
CHUNK = 1024
"""Number of words whose cosines with all words are in memory at a time."""

PART = 128
"""Number of columns of a part in which the largest value is found first."""

Array = NDArray[Any]
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """Words and their vectors.

    Attributes:
        words: by descending count, if they come from a lab or from word2vec.
        vectors: (words, dimension) float32.
    """

    words: tuple[str, ...]
    vectors: Vectors

    def __post_init__(self) -> None:
        if len(self.words) != len(self.vectors) or self.vectors.ndim != 2:
            raise ValueError(f"{len(self.words)} words, but vectors of shape {self.vectors.shape}")

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._numbers

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in reversed(list(enumerate(self.words)))}

    @cached_property
    def directions(self) -> Vectors:
        """The vectors at length one, (words, dimension) float32; a vector of zeros stays one."""
        return normalized(self.vectors)

    def number(self, word: str) -> int:
        """The row of a word. The word is looked up as it is, then in lower case.

        Raises:
            CallerError: it is unknown; the hint has similar words.
        """
        for spelling in (word, word.lower()):
            if spelling in self._numbers:
                return self._numbers[spelling]
        raise CallerError(f"{word}: the vocabulary has no such word", self._similar(word))

    def _similar(self, word: str) -> str:
        import difflib

        frequent = self.words[:50_000]
        near = difflib.get_close_matches(word.lower(), frequent, n=3, cutoff=0.75)
        if near:
            return f"did you mean {', '.join(near)}?"
        return f"it has {len(self):,} words; the most frequent are {', '.join(self.words[:5])}"

    def of(self, words: Sequence[str]) -> Vectors:
        """The vectors of words, (len(words), dimension); zeros for a word that is unknown. As they initialize a layer.

        Example:
            found = read_word_vectors(run / VECTORS)
            known = [word in found for word in vocabulary.words]
            matrix = found.of(vocabulary.words)
        """
        matrix = np.zeros((len(words), self.vectors.shape[1]), dtype=np.float32)
        places = np.array([self._numbers.get(word, -1) for word in words], dtype=np.intp)
        matrix[places >= 0] = self.vectors[places[places >= 0]]
        return matrix

    def nearest(self, queries: Array, most: int, without: Sequence[Sequence[int]] = ()) -> tuple[Array, Array]:
        """The words whose vectors have the largest cosine with each query.

        Args:
            queries: (queries, dimension).
            most: number of words per query.
            without: row numbers of words that are left out, by query: usually the words of the query itself.

        Returns:
            Row numbers (queries, most) int32 and cosines (queries, most) float32, the largest first.
        """
        directions, most = normalized(np.asarray(queries, dtype=np.float32)), min(most, len(self))
        numbers, cosines = [], []
        for start in range(0, len(directions), CHUNK):
            found = directions[start : start + CHUNK] @ self.directions.T
            for row, left_out in enumerate(without[start : start + CHUNK]):
                found[row, list(left_out)] = -np.inf
            best = _largest(found, most)
            values = np.take_along_axis(found, best, axis=1)
            order = np.lexsort((best, -values), axis=1)
            numbers.append(np.take_along_axis(best, order, axis=1).astype(np.int32))
            cosines.append(np.take_along_axis(values, order, axis=1))
        return np.concatenate(numbers), np.concatenate(cosines)

    def neighbours(self, word: str, most: int = 10) -> list[tuple[str, float]]:
        """The words with the largest cosine to a word, without the word itself.

        Raises:
            CallerError: the word is unknown.
        """
        number = self.number(word)
        return self._nearest(self.vectors[number], most, [number])

    def analogy(self, one: str, other: str, third: str, most: int = 10) -> list[tuple[str, float]]:
        """Words d with `one` is to `other` as `third` is to d: those nearest to other − one + third (3CosAdd).

        The vectors have length one before they are added. The three words themselves are left out, as usual; without
        this rule the third word is often the nearest.

        Raises:
            CallerError: a word is unknown.

        Source:
            Mikolov, Yih and Zweig, Linguistic Regularities in Continuous Space Word Representations (2013).
        """
        a, b, c = numbers = [self.number(word) for word in (one, other, third)]
        return self._nearest(self.directions[b] - self.directions[a] + self.directions[c], most, numbers)

    def _nearest(self, query: Array, most: int, without: Sequence[int]) -> list[tuple[str, float]]:
        found, cosines = self.nearest(query[None], most, [without])
        pairs = zip(found[0], cosines[0], strict=True)
        return [(self.words[i], float(value)) for i, value in pairs if np.isfinite(value)]  # not those left out


def _largest(values: Array, most: int) -> NDArray[np.intp]:
    """Columns of the largest values of each row, (rows, most), in no order.

    They are among the parts of the row with the largest maxima, so that only these parts are sorted.
    """
    rows, columns = values.shape
    parts = columns // PART
    if parts <= most:
        return np.argpartition(values, columns - most, axis=1)[:, columns - most :]
    maxima = values[:, : parts * PART].reshape(rows, parts, PART).max(axis=2)
    chosen = np.argpartition(maxima, parts - most, axis=1)[:, parts - most :]
    places = (chosen[:, :, None] * PART + np.arange(PART)).reshape(rows, -1)
    places = np.hstack([places, np.broadcast_to(np.arange(parts * PART, columns), (rows, columns - parts * PART))])
    found = np.take_along_axis(values, places, axis=1)
    return np.take_along_axis(places, np.argpartition(found, -most, axis=1)[:, -most:], axis=1)


def normalized(vectors: Array) -> Vectors:
    """Vectors at length one, (rows, dimension) float32; a vector of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)


def write_word_vectors(path: Path, found: WordVectors) -> None:
    """Write in the format of word2vec that the suffix names: `.bin` is binary, every other suffix is text.

    Both begin with a line of two numbers: words and dimension. In the text format a line has a word and its numbers,
    separated by spaces; in the binary format the numbers are float32, the least significant byte first, and a line feed
    follows. gensim reads both (`KeyedVectors.load_word2vec_format`).

    Raises:
        ValueError: a word is empty or contains white space, which separates words in these formats.
    """
    for word in found.words:
        if word.encode().split() != [word.encode()]:
            raise ValueError(f"the word {word!r} is empty or contains white space")
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(f"{len(found)} {found.vectors.shape[1]}\n".encode())
        binary = path.suffix in BINARY
        for word, vector in zip(found.words, found.vectors.astype("<f4"), strict=True):
            numbers = vector.tobytes() if binary else " ".join(f"{value:.9g}" for value in vector.tolist()).encode()
            file.write(word.encode() + b" " + numbers + b"\n")


def read_word_vectors(path: Path) -> WordVectors:
    """Read word vectors in a format of word2vec, or in that of GloVe, which has no first line of two numbers.

    Args:
        path: the suffix `.bin` means binary, every other one text.

    Raises:
        CallerError: the file cannot be read, is empty, damaged or too large, or is in another format.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise CallerError(f"{path}: the file has more than 8 GB", "give a file with fewer words")
        with path.open("rb") as file:
            return _read_binary(path, file) if path.suffix in BINARY else _read_text(path, file)
    except FileNotFoundError:
        raise CallerError(f"{path}: there is no such file", "check the path") from None
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", "give a file that you may read") from None


def _read_binary(path: Path, file: BinaryIO) -> WordVectors:
    rows, dimension = _header(path, file.readline(100))
    size = path.stat().st_size
    if rows * (dimension * 4 + 2) > size:
        raise _damaged(path, f"it is too short for {rows:,} words of {dimension} numbers")
    words: list[str] = []
    vectors = np.empty((rows, dimension), dtype="<f4")
    for row in range(rows):
        words.append(_word(path, file))
        content = file.read(4 * dimension)
        if len(content) < 4 * dimension:
            raise _damaged(path, f"it ends within the vector of {words[-1]}")
        vectors[row] = np.frombuffer(content, dtype="<f4")
    return _checked(path, words, vectors)


def _word(path: Path, file: BinaryIO) -> str:
    """The word before the next space; some programs write a line feed before it, others do not."""
    letters = bytearray()
    while (letter := file.read(1)) != b" ":
        if not letter or len(letters) > LONGEST_WORD:
            raise _damaged(path, "a word has no end")
        letters += letter
    return _decoded(path, bytes(letters).lstrip(b"\n"))


def _read_text(path: Path, file: BinaryIO) -> WordVectors:
    lines = _lines(path, file)
    first = next(lines, [])
    if not first:
        raise CallerError(f"{path}: the file is empty", "give a file of word vectors")
    if len(first) == 2:
        rows, _ = _header(path, b" ".join(first))
        first = next(lines, [])
    else:
        rows = None
    dimension = len(first) - 1
    words, numbers = [], []
    for line, fields in enumerate((first, *lines) if first else (), 1 if rows is None else 2):
        if len(fields) != dimension + 1:
            raise _damaged(path, f"line {line} has {len(fields) - 1} numbers instead of {dimension}")
        words.append(_decoded(path, fields[0]))
        try:
            numbers.append(np.array(fields[1:], dtype=np.float32))
        except ValueError:
            raise _damaged(path, f"line {line} has something else than numbers after the word") from None
    if not words or (rows is not None and rows != len(words)):
        raise _damaged(path, f"it has {len(words):,} words, its first line says {rows or 0:,}")
    return _checked(path, words, np.stack(numbers))


def _lines(path: Path, file: BinaryIO) -> Iterator[list[bytes]]:
    most = 1_000_000
    while line := file.readline(most):
        if b"\0" in line or (len(line) == most and not line.endswith(b"\n")):
            raise _damaged(path, "this is not text; a file in the binary format has the suffix .bin")
        if line.strip():
            yield line.split()


def _header(path: Path, line: bytes) -> tuple[int, int]:
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        if not line:
            raise CallerError(f"{path}: the file is empty", "give a file of word vectors")
        raise _damaged(path, "its first line is not the number of words and the dimension")
    rows, dimension = map(int, fields)
    if not rows or not 1 <= dimension <= 16_384:
        raise _damaged(path, f"it has {rows:,} words of {dimension} numbers")
    return rows, dimension


def _decoded(path: Path, word: bytes) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError:
        raise _damaged(path, f"the word {word[:40]!r} is not UTF-8") from None


def _checked(path: Path, words: Sequence[str], vectors: Array) -> WordVectors:
    if not np.isfinite(vectors).all():
        raise _damaged(path, "a vector has a number that is not finite")
    return WordVectors(tuple(words), np.ascontiguousarray(vectors, dtype=np.float32))


def _damaged(path: Path, why: str) -> CallerError:
    return CallerError(
        f"{path}: {why}", "give a file in a format of word2vec: text, or binary with the suffix .bin, or GloVe's text"
    )
