"""The pairs as splits: generated or read, split without leakage in either direction, and encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from labs.translation.config import DATA_FILES, Config
from labs.translation.texts import pairs
from labs.translation.texts.generated import GENERATORS, generate
from utils.base.atomic_files import digest_of_all, sha256
from utils.base.console import say
from utils.base.errors import CallerError
from utils.base.paths import printable
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled
from utils.datasets.splits import Source, Split, Splits, split_rows
from utils.text.pairs.vocabulary import Vocabulary, rows_of, shifted

Array = NDArray[Any]
PARTS = ("train", "validation", "test")
MULTI30K = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
"""Names of the official splits in the names of the files."""
NAMED = 8
"""Largest number of unknown tokens that a message names."""


@dataclass(frozen=True)
class Pairs(Splits):
    """Splits of pairs with their texts.

    Attributes:
        texts: by split, the sources and the targets as texts.
    """

    texts: Mapping[str, pairs.Texts] = field(default_factory=dict)


def load(config: Config) -> Pairs:
    """The pairs of the config's data set, split and encoded.

    No text of the test split, source or target, is a source or a target of training, except for the official splits of
    multi30k, of which pairs that are equal in either direction are left out of training.

    Returns:
        Inputs `source` and `target`, (rows, length) int32: numbers of tokens, 0 behind the end. A source ends with END;
        a target begins with it, see `utils.text.pairs.vocabulary`. Targets: (rows, length) int32, −1 behind the end.
        `categories` has the vocabularies of the training pairs, and the merges of subwords.

    Raises:
        CallerError: the data are not available or cannot be used.
    """
    if config.tied and config.tokens != "subwords":
        raise CallerError(f"--tied: source and target have different {config.tokens}", "add --tokens subwords")
    texts, source = _found(config)
    kept = texts if isinstance(texts, dict) else _split(config, texts)
    if isinstance(texts, dict):
        kept = kept | {"train": pairs.without(texts["train"], texts["validation"] + texts["test"])}
        left_out = len(texts["train"]) - len(kept["train"])
        if left_out:
            say(f"note: {left_out} training pairs are left out: they are in the other splits, too")
    return encoded(config, kept, source)


def encoded(config: Config, texts: Mapping[str, pairs.Texts], source: Source) -> Pairs:
    """The splits of these texts."""
    known = vocabularies_of(config, texts["train"])
    parts, kept = {}, {}
    for name in PARTS:
        codes = [[known[side].encode(pair[side]) for pair in texts[name]] for side in (0, 1)]
        fits = [max(len(first), len(second)) <= config.longest for first, second in zip(*codes, strict=True)]
        kept[name] = [pair for pair, fit in zip(texts[name], fits, strict=True) if fit]
        parts[name] = [[code for code, fit in zip(side, fits, strict=True) if fit] for side in codes]
        if not kept[name]:
            raise CallerError(f"--longest {config.longest}: no pair of the {name} split is left", "give more tokens")
        if not all(fits):
            say(f"note: {name}: {fits.count(False):,} pairs of more than {config.longest} tokens are left out")
    longest = [max(len(code) for name in PARTS for code in parts[name][side]) + 1 for side in (0, 1)]
    train, validation, test = (_as_split(parts[name][0], parts[name][1], longest) for name in PARTS)
    splits = Pairs(
        train,
        validation,
        test,
        source,
        target="next_token",
        unit="",
        categories={
            "source": known[0].symbols,
            "target": known[1].symbols,
            "merges": tuple(" ".join(pair) for pair in known[0].merges),
            "tokens": (known[0].kind, "lower case" if config.lower_case else "as written"),
        },
        texts=kept,
    )
    check_splits(splits, config.batch_size)
    return splits


def _as_split(sources: Sequence[Array], targets: Sequence[Array], longest: Sequence[int]) -> Split:
    """Teacher forcing: the target so far is an input."""
    inputs, predicted = shifted(rows_of(targets, longest[1]))
    return Split({"source": rows_of(sources, longest[0]), "target": inputs}, predicted)


def vocabularies_of(config: Config, texts: pairs.Texts) -> tuple[Vocabulary, Vocabulary]:
    """The vocabularies of both sides, of training pairs; subwords are learned from both sides together."""
    sides = [[pair[side] for pair in texts] for side in (0, 1)]
    if config.tokens == "subwords":
        both = Vocabulary.of(sides[0] + sides[1], "subwords", merges=config.merges)
        return both, both
    first, second = (Vocabulary.of(side, config.tokens, min_count=config.min_count) for side in sides)
    return first, second


def vocabularies(categories: Mapping[str, Sequence[str]]) -> tuple[Vocabulary, Vocabulary]:
    """The vocabularies in `Splits.categories`, or in a run's `labels.json`."""
    merges = [(first, second) for first, second in map(partial(str.split, sep=" "), categories["merges"])]
    kind: Any = categories["tokens"][0]
    first, second = (Vocabulary(kind, tuple(categories[side]), merges) for side in ("source", "target"))
    return first, second


def _found(config: Config) -> tuple[Any, Source]:
    """The pairs, and where they come from; by split where there is an official one."""
    if config.data_dir is not None and config.data != "auto":
        raise CallerError(f"--data {config.data} and --data-dir exclude each other", "give one of the two")
    if config.data_dir is not None:
        paths = pairs.files_of(config.data_dir)
        digest = digest_of_all({path.name: sha256(path) for path in paths})
        name = printable(config.data_dir.resolve().name)
        return _clean(config, pairs.aligned(*paths)), Source(name, "your folder", digest, simulated=False)
    path = Path(config.data)
    if path.suffix.lower() in DATA_FILES:
        source = Source(printable(path.name), "your file", sha256_of(path), simulated=False)
        return _clean(config, pairs.columns(path)), source
    obtained = obtain.obtain(config.data, "translation")
    name = obtained.entry.name
    if name in GENERATORS:
        texts = generate(name, config.pairs)
        return _clean(config, texts), obtained.source(pairs.digest(texts))
    if name == "multi30k":
        return _multi30k(config, obtained), obtained.source()
    return _clean(config, pairs.aligned(*obtained.paths)), obtained.source()


def sha256_of(path: Path) -> str:
    """The digest of a file of the user.

    Raises:
        CallerError: there is no such file.
    """
    if not path.is_file():
        raise CallerError(f"--data {path}: no such file", "give a file with two columns, a tab between them")
    return sha256(path)


def _multi30k(config: Config, obtained: obtain.Obtained) -> dict[str, pairs.Texts]:
    """The official splits of multi30k."""
    if config.source == config.target:
        raise CallerError(f"--source and --target are both {config.source}", "give two different languages")
    files = {path.name: path for path in obtained.paths}
    return {
        name: _clean(config, pairs.aligned(*(files[f"{prefix}.{each}.gz"] for each in (config.source, config.target))))
        for name, prefix in MULTI30K.items()
    }


def _clean(config: Config, texts: pairs.Texts) -> pairs.Texts:
    """White space collapsed, and lower case if the config says so; equal pairs once."""
    lower = config.lower_case
    return list(dict.fromkeys((cleaned(first, lower), cleaned(second, lower)) for first, second in texts))


def cleaned(text: str, lower_case: bool) -> str:
    """A text as the network receives it: NFC, without white space around it, single spaces, perhaps lower case."""
    return pairs.normalised(text.lower() if lower_case else text)


def _split(config: Config, texts: pairs.Texts) -> dict[str, pairs.Texts]:
    """The pairs by split: all that share a text, as source or target, are in one."""
    rows = split_rows(
        pairs.groups(texts), test=config.test_fraction, validation=config.validation_fraction, seed=config.split_seed
    )
    return {name: [texts[row] for row in part] for name, part in zip(PARTS, rows, strict=True)}


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """Pairs of other data for `evaluate`, in the tokens of the run: the test split, or all pairs of the user's files.

    Raises:
        CallerError: the data cannot be obtained.
    """
    texts, source = _found(config)
    own = config.data_dir is not None or Path(config.data).suffix.lower() in DATA_FILES
    chosen = texts["test"] if isinstance(texts, dict) else texts if own else _split(config, texts)["test"]
    known = vocabularies(labels["categories"])
    sides = [[vocabulary.encode(pair[side]) for pair in chosen] for side, vocabulary in enumerate(known)]
    longest = [max(map(len, side)) + 1 for side in sides]
    return Labelled(_as_split(sides[0], sides[1], longest), source, "all its pairs" if own else "its test split")


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Array:
    """The lines of text files as sources, (rows, length) int32."""
    texts = [(line, f"{printable(str(path))}: line {number}") for path in paths for number, line in pairs.lines(path)]
    return sources(texts, labels)


def sources(texts: Sequence[tuple[str, str]], labels: Mapping[str, Any]) -> Array:
    """Texts as a network receives them, (rows, length) int32.

    Args:
        texts: with the name of each, for the messages.
        labels: a run's `labels.json`.

    Raises:
        CallerError: a text is empty or longer than the longest training text, or a character is not known.
    """
    vocabulary = vocabularies(labels["categories"])[0]
    lower_case = labels["categories"]["tokens"][1] == "lower case"
    most = labels["input_shape"]["source"][0] - 1
    codes = []
    for text, name in texts:
        clean = cleaned(text, lower_case)
        if not clean:
            raise CallerError(f"{name}: the text is empty", "give a text to translate")
        codes.append(vocabulary.encode(clean))
        if len(codes[-1]) > most:
            raise CallerError(
                f"{name}: the text has {len(codes[-1]):,} tokens, the network reads {most}",
                f"give at most {most} {vocabulary.kind}, as long as the longest training text",
            )
        _check_known(vocabulary, clean, name)
    return rows_of(codes)


def _check_known(vocabulary: Vocabulary, text: str, name: str) -> None:
    """Refuse unknown characters; unknown words and subwords are reported, because the network has learned of some."""
    unknown = vocabulary.unknown(text)
    if not unknown:
        return
    named = " ".join(map(repr, unknown[:NAMED])) + (" …" if len(unknown) > NAMED else "")
    if vocabulary.kind == "characters":
        known = "".join(sorted(vocabulary.symbols[3:]))
        raise CallerError(
            f"{name}: the network does not know the characters {named}",
            f"it knows those of its training texts: {known[:200]}{'…' * (len(known) > 200)}",
        )
    say(f"note: {name}: not in the vocabulary: {named}")
