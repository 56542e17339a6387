"""What word vectors are evaluated on: pairs of words that people judged, and analogies; no Keras."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.datasets import catalog
from utils.datasets.locate import here, lacks_package
from utils.datasets.obtain import fetch
from utils.datasets.splits import Split

TASKS = ("wordsim", "simlex", "semantic", "syntactic")
"""The tasks by their number in `Question.task`; the last two are analogies."""
PARTS = ("validation", "test")


class Question(NamedTuple):
    """One row of a task.

    Attributes:
        task: an index of TASKS.
        words: the two words of a pair, or the four words of an analogy, in lower case.
        target: the mean judgement of a pair; 1 for an analogy.
    """

    task: int
    words: tuple[str, ...]
    target: float


@dataclass(frozen=True)
class Questions:
    """All questions of the tasks that are available.

    Attributes:
        all: in the order of their files.
        digest: of the names of the files with their digests.
    """

    all: tuple[Question, ...]
    digest: str

    def covered(self, number: Callable[[str], int | None]) -> tuple[Split, dict[str, tuple[int, int]]]:
        """The questions all of whose words are in a vocabulary.

        Args:
            number: from a word to its row, or None.

        Returns:
            A split with inputs (rows, 4) int32, rows of the words, those of a pair followed by −1; targets `task`
            (rows,) int64 and `target` (rows,) float32; as groups the first pair of words. And by task the number of
            covered and of all questions.
        """
        rows, kept = [], []
        counts = {name: [0, 0] for name in dict.fromkeys(TASKS[question.task] for question in self.all)}
        for question in self.all:
            found = [number(word) for word in question.words]
            counts[TASKS[question.task]][1] += 1
            if None in found:
                continue
            counts[TASKS[question.task]][0] += 1
            rows.append([*found, *[-1] * (4 - len(found))])
            kept.append(question)
        pairs = np.array([" ".join(question.words[:2]) for question in kept], dtype=str)
        split = Split(
            np.array(rows, dtype=np.int32).reshape(-1, 4),
            {
                "task": np.array([question.task for question in kept], dtype=np.int64),
                "target": np.array([question.target for question in kept], dtype=np.float32),
            },
            np.unique(pairs, return_inverse=True)[1].astype(np.int64),
            np.array([" ".join(question.words) for question in kept], dtype=str),
        )
        return split, {name: (covered, total) for name, (covered, total) in counts.items()}


def part_of(words: str) -> str:
    """`validation`, `test`, or empty: the half in which the pairs of a question are.

    Each pair of words is in one half by a digest of its words, whatever the vocabulary. An analogy has two pairs; it
    is in a half if both are, so that settings chosen on one half were not chosen on a pair of the other.
    """
    split = words.split()
    halves = {_half(*split[start : start + 2]) for start in range(0, len(split), 2)}
    return PARTS[halves.pop()] if len(halves) == 1 else ""


def _half(one: str, other: str) -> int:
    return hashlib.blake2b(f"{one} {other}".encode(), digest_size=1).digest()[0] % 2


def load_questions() -> Questions:
    """Read the tasks: WordSim-353 and the analogies are embedded, SimLex-999 is used where it is on this machine.

    SimLex-999 may not be distributed with the project. It is looked for in the cache, a mirror and the package gensim,
    and not downloaded without being asked for: `python -m labs data fetch word-vectors`.
    """
    found, digests = [], []
    for name, read in (("wordsim-353", _pairs(0)), ("analogies", _analogies)):
        obtained = fetch(catalog.find(name))
        found += list(read(obtained.paths[0]))
        digests.append(obtained.digest)
    simlex = _simlex()
    if simlex is not None:
        found[_end_of(found, 0) : _end_of(found, 0)] = _pairs(1)(simlex[0])
        digests.append(simlex[1])
    return Questions(tuple(found), hashlib.sha256(" ".join(digests).encode()).hexdigest())


def _end_of(questions: list[Question], task: int) -> int:
    return sum(question.task <= task for question in questions)


def _simlex() -> tuple[Path, str] | None:
    """The file of SimLex-999 and its digest, without a download."""
    for name in ("word-vectors", "simlex-gensim"):
        entry = catalog.find(name)
        if lacks_package(entry):
            continue
        (found,) = here(entry)
        if found is not None:
            return found.paths[0], found.digest
    return None


def _pairs(task: int) -> Callable[[Path], Iterator[Question]]:
    def read(path: Path) -> Iterator[Question]:
        """Two words and the mean judgement per line, separated by tabs; `#` begins a comment."""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                one, other, judged = line.lower().split("\t")[:3]
                yield Question(task, (one, other), float(judged))

    return read


def _analogies(path: Path) -> Iterator[Question]:
    """Four words per line; `: name` begins a category, whose name has `gram` if it is syntactic."""
    task = TASKS.index("semantic")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.startswith(":"):
                task = TASKS.index("syntactic" if line.split()[1].startswith("gram") else "semantic")
            else:
                yield Question(task, tuple(line.lower().split()), 1.0)
