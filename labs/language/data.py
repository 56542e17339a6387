"""The text as splits of windows of tokens; no Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.language.config import Config
from labs.language.ngrams import LONGEST, Baselines
from utils.base.atomic_files import sha256
from utils.base.errors import CallerError
from utils.base.paths import printable
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.corpora import as_texts, plain_text, plays
from utils.datasets.labelled import Labelled
from utils.datasets.splits import Source, Split, Splits, split_rows
from utils.text.next_token import rows_of_text
from utils.text.tokenizing.byte_pairs import BytePairs
from utils.text.tokenizing.characters import Characters
from utils.text.tokenizing.encoded import SPECIAL, UNKNOWN, Encoded, Tokenizer
from utils.text.tokenizing.words import Words

PARTS = ("train", "validation", "test")
CARRIED = 8
"""Recurrent networks are evaluated on windows of this many times the training length."""
SHORTEST_SPAN, LONGEST_SPAN = 256, 1024
"""Limits of these windows, in tokens."""
MOST_TRAINED = 1 << 17
"""Most tokens of the training text on which networks are evaluated."""
BYTES = 256 + len(SPECIAL)
"""Number of tokens of bpe that are there before it learns any."""


@dataclass(frozen=True)
class Texts(Splits):
    """A text in three parts: its tokens, and as splits the windows on which networks are evaluated.

    The training split is the end of the training text and no longer than the test split; networks learn from all text.

    Attributes:
        config: the hyperparameters.
        texts: the three parts, by name.
    """

    config: Config = field(default_factory=Config)
    texts: Mapping[str, str] = field(default_factory=dict)
    tokenizer: Tokenizer = field(default_factory=lambda: Characters(SPECIAL))
    encoded: Mapping[str, Encoded] = field(default_factory=dict)

    @property
    def amount(self) -> str:
        """The size of the training text; the rows of the training split are only what is evaluated of it."""
        return f"{len(self.texts['train']):,} training characters"

    @cached_property
    def baselines(self) -> Baselines:
        """The n-grams of this text; fitted when they are first needed."""
        tokens = [self.encoded[name].tokens for name in ("train", "validation")]
        longest = self.config.ngram or LONGEST[self.config.tokens]
        return Baselines.of(tokens, len(self.tokenizer.symbols), longest, self.validation, self.test)


def texts_of(splits: Splits) -> Texts:
    """Splits that `load` returned."""
    assert isinstance(splits, Texts), "splits of this lab"
    return splits


def load(config: Config, tokenizer: Tokenizer | None = None) -> Texts:
    """The text of the config, divided into tokens that its training part determines.

    The last tenth of a text is the test split and the tenth before it validation; of `plays`, whole plays are.

    Args:
        config: the hyperparameters.
        tokenizer: that of a trained network, if the text is for that.

    Returns:
        Inputs (windows, span) int32 and targets, see `utils.text.next_token.rows_of_text`.

    Raises:
        CallerError: the text is not available, cannot be read, or is too short.
    """
    check(config)
    parts, source = _found(config)
    _check_length(parts, config)
    tokenizer = learn(config, parts["train"]) if tokenizer is None else tokenizer
    encoded = {name: tokenizer.encode(text) for name, text in parts.items()}
    _check_tokens(encoded, config, source.name)
    train, validation, test = (encoded[name] for name in PARTS)
    found = Texts(
        _rows(train[-min(len(test), MOST_TRAINED) :], config),
        _rows(validation, config),
        _rows(test, config),
        source,
        target="next_token",
        unit="bits",
        categories=tokenizer.state(),
        config=config,
        texts=parts,
        tokenizer=tokenizer,
        encoded=encoded,
    )
    check_splits(found)
    return found


def check(config: Config) -> None:
    """Raise CallerError for settings that exclude each other, before the text is read."""
    if config.data_dir is not None:
        raise CallerError(f"--data-dir {config.data_dir}: this lab reads one text file", "give it with --data")
    if config.test_fraction + config.validation_fraction >= 1:
        raise CallerError(
            f"--test-fraction {config.test_fraction:g} and --validation-fraction {config.validation_fraction:g} leave "
            "no text for training",
            "give fractions whose sum is below 1",
        )
    if config.tokens == "bpe" and config.vocabulary < BYTES:
        raise CallerError(f"--vocabulary {config.vocabulary}: bpe has {BYTES} tokens at least", f"give {BYTES} or more")
    multiple = config.heads * (2 if config.positions == "rotary" else 1)
    if config.network == "transformer" and config.units % multiple:
        raise CallerError(
            f"--units {config.units}: the width cannot be divided into {config.heads} heads",
            f"give a multiple of {multiple}",
        )
    if config.network != "transformer" and config.embedding == 0 and config.tokens == "words":
        raise CallerError("--embedding 0: one-hot vectors of words need too much memory", "give a width, such as 128")


def _found(config: Config) -> tuple[dict[str, str], Source]:
    """The text in three parts, and where it comes from."""
    path = Path(config.data)
    if path.suffix or path.name != config.data:
        text, source = plain_text(path), Source(printable(path.name), "your file", sha256(path), simulated=False)
    else:
        obtained = obtain.obtain(config.data, "language")
        source = obtained.source()
        if source.name == "plays":
            return _by_play(plays(obtained.paths), config), source
        text = plain_text(obtained.paths[0])
    last = round(len(text) * (1 - config.test_fraction))
    first = round(len(text) * (1 - config.test_fraction - config.validation_fraction))
    return {"train": text[:first], "validation": text[first:last], "test": text[last:]}, source


def _by_play(texts: Sequence[str], config: Config) -> dict[str, str]:
    share = config.validation_fraction / (1 - config.test_fraction)
    rows = split_rows(np.arange(len(texts)), test=config.test_fraction, validation=share, seed=0)
    return {name: "\n".join(texts[row] for row in numbers) for name, numbers in rows._asdict().items()}


def _check_length(parts: Mapping[str, str], config: Config) -> None:
    shortest = min(map(len, parts.values()))
    if shortest < config.length + 2 or not all(text.strip() for text in parts.values()):
        total = sum(map(len, parts.values()))
        raise CallerError(
            f"--data {config.data}: the text has {total:,} characters, its shortest split {shortest:,}: too few for "
            f"--length {config.length}",
            "give a longer text, or a smaller --length",
        )


def _check_tokens(encoded: Mapping[str, Encoded], config: Config, name: str) -> None:
    if len(np.unique(encoded["train"].tokens)) < 2:
        raise CallerError(f"{name}: the training text has one different token: too few to predict", "give another text")
    for part, text in encoded.items():
        if len(text) < config.length + 2:
            raise CallerError(
                f"--length {config.length}: the {part} split of {name} has {len(text):,} tokens",
                f"give a longer text, or a --length of at most {max(1, min(map(len, encoded.values())) - 2)}",
            )


def learn(config: Config, text: str) -> Tokenizer:
    """The tokenizer of a config, from the training text."""
    if config.tokens == "characters":
        return Characters.learn(text)
    if config.tokens == "bpe":
        return BytePairs.learn(text, config.vocabulary)
    words = Words.learn(text, config.vocabulary, config.min_count)
    if len(words.symbols) < len(SPECIAL) + 2:
        raise CallerError(
            f"--min-count {config.min_count}: {len(words.symbols) - len(SPECIAL)} words of the training text occur so "
            "often",
            "give a smaller --min-count, a longer text, or --tokens characters",
        )
    return words


def tokenizer_of(categories: Mapping[str, Sequence[str]]) -> Tokenizer:
    """The tokenizer of a run, from `categories` in its `labels.json`."""
    kind = Words if "word" in categories else BytePairs if "bytes" in categories else Characters
    made: Tokenizer = kind.of_state(categories)
    return made


def beginning(tokenizer: Tokenizer) -> NDArray[np.int32]:
    """The tokens that stand before a text of its own: the end of a line, as if one ended there."""
    tokens = tokenizer.encode("\n").tokens
    return tokens if UNKNOWN not in tokens else np.array([len(SPECIAL)], np.int32)


def windows(config: Config) -> tuple[int, int]:
    """Number of tokens of a window of the evaluation, and of those that only give context.

    A transformer has windows of the training length that overlap by half, so that every token is predicted from half a
    context at least. A recurrent network is evaluated on longer windows than it learns from, of which the first eighth
    gives it a state.
    """
    if config.network == "transformer":
        return config.length, config.length // 2
    span = max(SHORTEST_SPAN, min(CARRIED * config.length, LONGEST_SPAN))
    return span, span // CARRIED


def _rows(encoded: Encoded, config: Config) -> Split:
    return Split(*rows_of_text(encoded, *windows(config)))


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """The test split of another text for `evaluate`, in the tokens of the run.

    Raises:
        CallerError: the text cannot be read, or is too short.
    """
    parts, source = _found(config)
    encoded = tokenizer_of(labels["categories"]).encode(parts["test"])
    if len(encoded) < 2:
        raise CallerError(f"--data {config.data}: its test split has {len(encoded)} tokens", "give a longer text")
    return Labelled(_rows(encoded, config), source, "its test split")


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> NDArray[np.object_]:  # noqa: ARG001
    """Inputs for `predict`: the text of each file, (rows,) of str. A path that is no file but has a space is a text.

    Raises:
        CallerError: a file cannot be read, or a text has no character but white space.
    """
    return as_texts([_text(path) for path in paths])


def _text(path: Path) -> str:
    given = str(path)
    try:
        is_text = any(map(str.isspace, given)) and not path.exists()
    except OSError:  # too long for a name
        is_text = True
    text = given.encode("utf-8", "replace").decode() if is_text else plain_text(path)
    if not text.strip():
        raise CallerError(f"{printable(given)[:60]}: the text is empty", "give a text with characters")
    return text


def rows_of_own(text: str, tokenizer: Tokenizer, config: Config) -> Split:
    """A text of its own as windows: its first token counts, too, after the end of a line."""
    encoded = tokenizer.encode(text)
    start = beginning(tokenizer)
    none = np.zeros(len(start), np.int32)
    columns: list[Any] = [
        np.concatenate([first, rest])
        for first, rest in ((start, encoded.tokens), (none, encoded.characters), (none, encoded.spelling))
    ]
    return _rows(replace(encoded, tokens=columns[0], characters=columns[1], spelling=columns[2]), config)
