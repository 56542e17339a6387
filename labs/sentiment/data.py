"""Reviews as splits: cleaned texts, their labels, and the vocabulary of the training texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.sentiment import pretrained
from labs.sentiment.config import DATA_FILES, Config
from labs.sentiment.encoding import Encoding
from utils.base.atomic_files import sha256
from utils.base.console import say
from utils.base.errors import CallerError
from utils.base.paths import printable
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.blocks import split_blocks
from utils.datasets.corpora import Corpus, as_texts, labelled_texts, movie_reviews
from utils.datasets.labelled import Labelled, renumbered
from utils.datasets.splits import RowSplit, Source, Split, Splits, glue, row_digests, split_rows
from utils.datasets.tables.array_files import read_text
from utils.datasets.tables.text_columns import LONGEST_TEXT
from utils.text.tokens import clean, token_bytes

Array = NDArray[Any]
NEIGHBOURS = 10
"""Number of consecutive reviews that the audit of a random split takes for those of one movie; the file does not name
movies."""


@dataclass(frozen=True)
class Reviews(Splits):
    """Splits of cleaned texts, (rows,) of str, with the config that says how a network is given their words."""

    config: Config = field(default_factory=Config)

    @cached_property
    def encoding(self) -> Encoding:
        """The words of the training texts, and all texts as numbers of them; computed when it is first needed."""
        return Encoding.of(self.config, self)


def encoding(splits: Splits) -> Encoding:
    """The encoding of splits that `load` returned."""
    assert isinstance(splits, Reviews), "splits of this lab"
    return splits.encoding


def load(config: Config) -> Reviews:
    """The texts of the config's data set, cleaned and split.

    By default the last fifth of each label is the test split and the last tenth of the rest validation, because the
    file is sorted by label and movie. Equal texts are in one split.

    Returns:
        Inputs (rows,) of str, cleaned (`utils.text.tokens.clean`); targets (rows,) int64.

    Raises:
        CallerError: the data are not available or cannot be used.
    """
    if config.vectors is not None:
        pretrained.source(config)  # before the texts are read
    corpus, source = _found(config)
    texts = corpus.texts
    rows = _fewer(config, _split(config, texts, corpus.targets), corpus.targets)
    names = corpus.class_names
    neighbours = None
    if config.split == "random" and source.name == "imdb":
        say("note: a random split leaks: neighbouring reviews are of one movie, which makes the accuracy too high")
        neighbours = np.arange(len(texts)) // NEIGHBOURS
    parts = rows.take(texts, corpus.targets, neighbours)
    reviews = Reviews(*parts, source, target="sentiment", class_names=names, config=config)
    check_splits(reviews, config.batch_size)
    return reviews


def _found(config: Config) -> tuple[Corpus, Source]:
    """The cleaned texts, and where they come from."""
    if config.data_dir is not None:
        raise CallerError(
            f"--data-dir {config.data_dir}: this lab reads one CSV file", "give it with --data, such as reviews.csv"
        )
    path = Path(config.data)
    if path.suffix.lower() in DATA_FILES:
        corpus = labelled_texts(path, config.text_column, config.label_column, clean)
        return corpus, Source(printable(path.name), "your file", sha256(path), simulated=False)
    obtained = obtain.obtain(config.data, "sentiment")
    name = obtained.entry.name
    # Both data sets are in one file: the name is part of what the digest stands for.
    return movie_reviews(obtained.paths[0], name, clean), Source(name, obtained.found, obtained.digest, simulated=False)


def _fewer(config: Config, rows: RowSplit, targets: Array) -> RowSplit:
    """The splits with `train_rows` training rows, evenly spread over those of each class.

    Raises:
        CallerError: there are not as many.
    """
    if not config.train_rows:
        return rows
    if config.train_rows > len(rows.train):
        raise CallerError(f"--train-rows {config.train_rows:,}: there are {len(rows.train):,}", "give a smaller number")
    by_class = rows.train[np.argsort(targets[rows.train], kind="stable")]
    chosen = by_class[np.linspace(0, len(by_class) - 1, config.train_rows).astype(int)]
    return rows._replace(train=np.sort(chosen))


def _split(config: Config, texts: Array, targets: Array) -> RowSplit:
    groups = glue(row_digests(texts))
    test, validation = config.test_fraction, config.validation_fraction
    if config.split == "blocks":
        return split_blocks(targets, groups, test=test, validation=validation)
    return split_rows(groups, test=test, validation=validation, seed=config.split_seed, classes=targets)


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """The test split of other data for `evaluate`, with the classes as the run counts them.

    Raises:
        CallerError: the data cannot be obtained, or do not have the classes of the run.
    """
    corpus, source = _found(config)
    texts = corpus.texts
    rows = _split(config, texts, corpus.targets).test
    targets = renumbered(source.name, corpus.targets, corpus.class_names, labels["class_names"])
    return Labelled(Split(texts[rows], targets[rows]), source, "its test split")


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Array:  # noqa: ARG001
    """Inputs for `predict`: the cleaned text of each file. A path that is no file but contains a space is a text.

    Raises:
        CallerError: a file cannot be read, or a text has no word.
    """
    return as_texts(
        [cleaned(str(path) if _is_text(path) else read_text(path), printable(str(path))[:60]) for path in paths]
    )


def _is_text(path: Path) -> bool:
    try:
        return any(map(str.isspace, str(path))) and not path.exists()
    except OSError:  # too long for a name
        return True


def cleaned(text: str, name: str) -> str:
    """A text as the model receives it.

    Args:
        text: as the user gave it; one that is too long is cut, which is reported.
        name: of the text, for the messages.

    Raises:
        CallerError: it has no word.
    """
    if len(text) > LONGEST_TEXT:
        say(f"note: {name}: the text is cut after {LONGEST_TEXT:,} characters")
    found = clean(text[:LONGEST_TEXT])
    if not token_bytes(found):
        raise CallerError(f"{name}: the text has no word", "give a text with words")
    return found
