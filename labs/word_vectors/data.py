"""The text of the lab as numbers of words, and the questions that the vectors are evaluated on; no Keras."""

from __future__ import annotations

import os
import re
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.word_vectors.config import Config
from labs.word_vectors.evaluation.questions import TASKS, Questions, load_questions, part_of
from labs.word_vectors.evaluation.scores import available
from utils.base.atomic_files import digest_of_all, sha256
from utils.base.errors import CallerError, with_extra
from utils.base.paths import files_below
from utils.datasets import obtain
from utils.datasets.catalog import find
from utils.datasets.corpora import REVIEWS, movie_reviews, text_lines
from utils.datasets.locate import lacks_package
from utils.datasets.splits import Source, Split
from utils.text.padding import TokenRows
from utils.text.tokens import clean
from utils.text.vocabularies import UNKNOWN, WordVocabulary, count_words

FEWEST_TOKENS = 1000
"""Fewest words of a text from which vectors are trained."""
Texts = Callable[[], Iterator[str]]
"""Yields the cleaned texts, from the beginning each time that it is called."""


@dataclass(frozen=True)
class Text:
    """A text to train on, and the questions whose words it has.

    Attributes:
        source: of the text.
        words: the vocabulary, by descending count.
        counts: (words,) int64, how often each occurs.
        rows: the texts as rows of `words`, int32; words outside the vocabulary are left out, as in word2vec.
        tokens: number of words of the texts, those outside the vocabulary included.
        questions: the questions of all tasks.
        all: the covered questions, see `Questions.covered`.
        covered: by task, the number of covered and of all questions.
        load_seconds: duration of reading and counting.
    """

    source: Source
    words: tuple[str, ...]
    counts: NDArray[np.int64]
    rows: TokenRows
    tokens: int
    questions: Questions
    all: Split
    covered: dict[str, tuple[int, int]]
    load_seconds: float = 0.0

    def sizes(self) -> dict[str, int]:
        """What the text consists of, for the data check of a notebook."""
        return {"texts": len(self.rows), "words": len(self.rows.tokens), "different words": len(self.words)}

    def part(self, name: str) -> Split:
        """The covered questions of one half, `validation` or `test`; settings are chosen on validation."""
        assert self.all.names is not None, "see `Questions.covered`"
        return take(self.all, np.flatnonzero([part_of(words) == name for words in self.all.names]))

    @property
    def test(self) -> Split:
        """The half of the questions that nothing was chosen on."""
        return self.part("test")


def take(split: Split, rows: NDArray[np.intp]) -> Split:
    """Rows of covered questions."""
    assert isinstance(split.targets, dict), "see `Questions.covered`"
    assert split.groups is not None, "see `Questions.covered`"
    assert split.names is not None, "see `Questions.covered`"
    targets = {name: values[rows] for name, values in split.targets.items()}
    return Split(split.inputs[rows], targets, split.groups[rows], split.names[rows])


def without(text: Text, task: str) -> Text:
    """The text without the questions of a task."""
    kept = Questions(tuple(each for each in text.questions.all if TASKS[each.task] != task), text.questions.digest)
    every, covered = kept.covered({word: row for row, word in enumerate(text.words)}.get)
    return replace(text, questions=kept, all=every, covered=covered)


def load(config: Config) -> Text:
    """Read the text, choose the vocabulary and number the words.

    Raises:
        CallerError: the text is not available or has too few words, no word occurs `min_count` times, the vectors do
            not fit in memory, or an extra that the config needs is not installed.
    """
    start = time.perf_counter()
    _check_peers(config)
    texts, source = _texts(config)
    vocabulary = WordVocabulary.of(count_words(texts()), min_count=config.min_count, largest=config.most_words)
    check_memory(len(vocabulary.words), config.dimension)
    encoded = vocabulary.encode(texts())
    known = encoded.tokens != UNKNOWN
    lengths = np.bincount(encoded.row_numbers()[known], minlength=len(encoded))
    rows = TokenRows.of_lengths(encoded.tokens[known] - 2, lengths)
    if len(rows.tokens) < FEWEST_TOKENS or len(vocabulary.words) < 2:
        raise CallerError(
            f"--min-count {config.min_count}: {len(vocabulary.words)} words are left, which occur "
            f"{len(rows.tokens):,} times: too few to train on",
            f"give a smaller --min-count, or a longer text than {vocabulary.total:,} words",
        )
    questions = load_questions()
    places = {word: row for row, word in enumerate(vocabulary.words)}
    every, covered = questions.covered(places.get)
    text = Text(source, vocabulary.words, vocabulary.counts, rows, vocabulary.total, questions, every, covered)
    if not available(text.test, text.part("validation")):
        raise CallerError(
            f"{source.name}: the vocabulary has the words of {len(every)} questions, too few to evaluate the vectors",
            "use a longer text in English, or a smaller --min-count",
        )
    return replace(text, load_seconds=time.perf_counter() - start)


def _check_peers(config: Config) -> None:
    """Raise CallerError if an option needs a package that is not installed."""
    for option, wanted, name in (("gensim", config.gensim, "simlex-gensim"), ("glove", config.glove, "glove-6b-50d")):
        entry = find(name)
        if wanted and lacks_package(entry):
            raise CallerError(f"--{option}: the package {entry.package} is not installed", with_extra(entry.extra))


def check_memory(words: int, dimension: int) -> None:
    """Raise CallerError if the vectors of a vocabulary do not fit in memory.

    Training has two vectors per word, and its gradients, figures and exports need copies of one of them.
    """
    needed = 8 * words * dimension * 4
    memory = _memory()
    if memory is not None and needed > 0.8 * memory:
        raise CallerError(
            f"{words:,} words with {dimension} numbers each need about {needed / 1e9:.1f} GB, "
            f"this machine has {memory / 1e9:.1f} GB",
            f"give --most-words {int(words * 0.8 * memory / needed)}, a larger --min-count or a smaller --dimension",
        )


def _memory() -> int | None:
    """Bytes of memory of this machine; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _texts(config: Config) -> tuple[Texts, Source]:
    """The cleaned texts of a config, and where they come from."""
    if config.data_dir is not None:
        return _own(config.data_dir, config.part)
    obtained = obtain.obtain(config.data, "word_vectors")
    name, path = obtained.entry.name, obtained.paths[0]
    source = Source(name, obtained.found, obtained.digest, obtained.entry.simulated)
    if name in REVIEWS:
        cleaned = [clean(text) for text in spread(movie_reviews(path, name).texts, config.part)]
        return lambda: iter(cleaned), source
    return lambda: map(clean, spread(brown(path), config.part)), source


def spread(texts: Iterable[str], part: float) -> Iterator[str]:
    """A fraction of the texts: with 0.2 every fifth."""
    return (text for number, text in enumerate(texts) if int((number + 1) * part) > int(number * part))


def _own(place: Path, part: float) -> tuple[Texts, Source]:
    """The lines of a text file, or of all .txt files of a folder; they are read twice and not kept in memory."""
    if not place.exists():
        raise CallerError(
            f"--data-dir {place}: there is no such file or folder", "give a text file or a folder of them"
        )
    paths = [path for path in files_below(place) if path.suffix.lower() == ".txt"] if place.is_dir() else [place]
    if not paths:
        raise CallerError(f"--data-dir {place}: the folder has no file named .txt", "give text files in UTF-8")
    digests = {str(path.relative_to(place)) if place.is_dir() else path.name: sha256(path) for path in paths}
    if not any(path.stat().st_size for path in paths):
        raise CallerError(f"--data-dir {place}: the file is empty", "give a text file with words")
    source = Source(place.resolve().name, "your folder", digest_of_all(digests), simulated=False)
    return lambda: map(clean, spread((line for path in paths for line in text_lines(path)), part)), source


def brown(path: Path) -> Iterator[str]:
    """The sentences of the Brown corpus without their tags.

    Args:
        path: `brown.zip`, whose members `brown/ca01` … have one sentence per line and `word/tag` for each word.
    """
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if re.fullmatch(r"brown/c[a-r]\d\d", name):
                for line in archive.read(name).decode("ascii").splitlines():
                    if line.strip():
                        yield " ".join(token.rpartition("/")[0] for token in line.split())


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> NDArray[np.int32]:
    """Inputs for `predict`: the words of text files as rows of the vocabulary, (words,) int32.

    Raises:
        CallerError: a file cannot be read or has no words, or a word is not in the vocabulary of the run.
    """
    places = {word: row for row, word in enumerate(labels["categories"]["word"])}
    rows = []
    for path in paths:
        words = [word for line in text_lines(path) for word in clean(line).split()]
        if not words:
            raise CallerError(f"{path}: the file has no words", "give words, separated by spaces or line breaks")
        unknown = [word for word in words if word not in places]
        if unknown:
            raise CallerError(
                f"{path}: the vocabulary of the run does not have {', '.join(unknown[:3])}",
                f"leave such words out; it has {len(places):,} words",
            )
        rows += [places[word] for word in words]
    return np.array(rows, dtype=np.int32)
