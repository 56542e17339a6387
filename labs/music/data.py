"""The tunes as splits: read, normalised, grouped into families of variants, and encoded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.music.config import Config
from labs.music.notation.tunes import Tune, cut, melody, normalise
from utils.base.atomic_files import digest_of_all, sha256
from utils.base.console import say
from utils.base.errors import CallerError, with_extra
from utils.base.paths import files_below, printable
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled
from utils.datasets.splits import RowSplit, Source, Split, Splits, glue, split_rows
from utils.datasets.tables.array_files import read_text
from utils.text.sequences import Vocabulary, rows_of

LONGEST = 4000
"""Largest number of characters per tune; the collections have at most 1,900."""
NAMED = 5
"""Largest number of files and tunes that are reported one by one."""
PHRASE = 8
"""Number of consecutive intervals that make a phrase."""
ALIKE = 0.3
"""Fraction of the shorter tune's phrases that two variants of a tune have in common at least."""
NAMELESS = re.compile(
    r"gan|ainm|untitled|unnamed|nameless|unknown|no|not|without|name|title|tune|air|song|dance|trad|traditional|sans|titre"
    r"|ohne|titel|polka|reel|jig|slide|hornpipe|waltz|march|mazurka|barndance|fling|strathspey|schottische|highland|slip"
    r"|single|double|quadrille|minuet|medley|set|number|nr|op|in|of|major|minor|mix|dor|[a-g]|i{1,3}|iv|vi?"
)
"""Words of which a title consists that names no tune: tunes of such titles are told apart by their notes."""


def load(config: Config) -> Splits:
    """The tunes of the config's data set, split by tune.

    Returns:
        Inputs and targets (tunes, length) int32, see `utils.text.sequences.rows_of`; groups: the number of the tune's
        family of variants. `categories["character"]` is the vocabulary of the training tunes.

    Raises:
        CallerError: the data are not available or contain no tunes, or music21 is not installed.
    """
    paths, source = _found(config)
    tunes = read_tunes(paths)
    rows, groups = _rows(config, tunes)
    vocabulary = Vocabulary.of(tunes[row].text for row in rows.train)
    inputs, targets = rows_of([vocabulary.encode(tune.text) for tune in tunes])
    train, validation, test = rows.take(inputs, targets, groups)
    characters = {"character": vocabulary.symbols}
    splits = Splits(train, validation, test, source, target="next_character", unit="bits", categories=characters)
    return check_splits(splits)


def _found(config: Config) -> tuple[Sequence[Path], Source]:
    """The ABC files of the config."""
    check_music21()
    if config.data_dir is not None and config.data != "auto":
        raise CallerError(f"--data {config.data} and --data-dir exclude each other", "give one of the two")
    if config.data_dir is None:
        obtained = obtain.obtain(config.data, "music")
        return obtained.paths, obtained.source()
    if not config.data_dir.is_dir():
        raise CallerError(f"--data-dir {config.data_dir}: no such folder", "give a folder of .abc files")
    paths = [path for path in files_below(config.data_dir) if path.suffix.lower() == ".abc"]
    if not paths:
        raise CallerError(f"--data-dir {config.data_dir}: it contains no .abc file", "give a folder of .abc files")
    digest = digest_of_all({str(path.relative_to(config.data_dir)): sha256(path) for path in paths})
    return paths, Source(printable(config.data_dir.resolve().name), "your folder", digest, simulated=False)


def _rows(config: Config, tunes: Sequence[Tune]) -> tuple[RowSplit, NDArray[np.intp]]:
    """The rows of each split, and the family of each tune."""
    groups = families(tunes)
    test, validation = config.test_fraction, config.validation_fraction
    return split_rows(groups, test=test, validation=validation, seed=config.split_seed), groups


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """Tunes of other data for `evaluate`, in the characters of the run: the test tunes of a collection, or all tunes of
    a folder. Characters that the network does not know count as its symbol for unknown ones.

    Raises:
        CallerError: the data cannot be obtained or contain no tunes.
    """
    paths, source = _found(config)
    tunes = read_tunes(paths)
    rows, groups = _rows(config, tunes) if config.data_dir is None else (None, families(tunes))
    chosen = np.arange(len(tunes)) if rows is None else rows.test
    known = vocabulary(labels["categories"])
    inputs, targets = rows_of([known.encode(tunes[row].text) for row in chosen])
    return Labelled(
        Split(inputs, targets, groups[chosen]), source, "all its tunes" if rows is None else "its test split"
    )


def check_music21() -> None:
    """Check before long work that tunes can be evaluated and saved.

    Raises:
        CallerError: music21 is not installed.
    """
    if find_spec("music21") is None:
        raise CallerError("reading tunes as music needs music21, which is not installed", with_extra("music"))


def read_tunes(paths: Sequence[Path]) -> list[Tune]:
    """All tunes of ABC files in their order. A file or a tune that cannot be used is reported and left out.

    Raises:
        CallerError: there is no valid tune.
    """
    tunes: list[Tune] = []
    reasons: list[tuple[str, str]] = []
    total = 0
    for path in paths:
        try:
            raw = cut(read_text(path))
        except CallerError as error:
            if len(paths) == 1:
                raise
            reasons.append((path.name, error.message.removeprefix(f"{path}: ")))
            continue
        total += len(raw)
        for number, text in enumerate(raw, 1):
            try:
                tunes.append(_usable(normalise(text), path))
            except CallerError as error:
                reasons.append((f"{path.name}, tune {number}", error.message))
    if not tunes:
        raise CallerError(
            f"{paths[0]}{', …' * (len(paths) > 1)}: there is no tune in ABC notation",
            "".join(f"{reason}; " for _, reason in reasons[:1]) + "a tune has lines X:, M:, L: and K:, then notes",
        )
    _report(reasons, total)
    return tunes


def _usable(tune: Tune, path: Path) -> Tune:
    if len(tune.text) > LONGEST:
        raise CallerError(
            f"a tune ({tune.title}) has {len(tune.text):,} characters",
            f"the limit is {LONGEST:,}; check that each tune has its own X: line",
        )
    if tune.left_out:
        voices = "voice" if len(tune.left_out) == 1 else "voices"
        say(f"note: {path.name}, {tune.title or 'untitled'}: {voices} {', '.join(tune.left_out)} left out")
    return tune


def _report(reasons: Sequence[tuple[str, str]], total: int) -> None:
    """Name the first files and tunes that are left out, and count all."""
    for place, reason in reasons[:NAMED]:
        say(f"note: {place}: {reason}; skipped")
    if reasons:
        tunes = sum(", tune " in place for place, _ in reasons)
        files = f" and {len(reasons) - tunes} files" if len(reasons) > tunes else ""
        different = ", ".join(dict.fromkeys(reason for _, reason in reasons))
        say(f"note: {tunes} of {total} tunes{files} are skipped: {different}")


def families(tunes: Sequence[Tune]) -> NDArray[np.intp]:
    """The number of the family of each tune, (tunes,): its variants and settings in any key.

    Two tunes are in one family if their titles are equal apart from numbers and articles (but for titles that say only
    that there is no name, or name a kind of dance, such as `Gan Ainm` and `Polka 1`), or if the other has at least
    a fraction ALIKE of the phrases of the shorter one. A phrase is PHRASE consecutive intervals along the scale, so
    transposed copies, other note lengths and other ornaments are found. Families that share a tune are merged.
    """
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import connected_components

    phrases = [_phrases(tune) for tune in tunes]
    owner = np.repeat(np.arange(len(tunes)), [len(found) for found in phrases])
    different, column = np.unique(np.concatenate(phrases), axis=0, return_inverse=True)
    shape = len(tunes), max(1, len(different))
    has = csr_array((np.ones(len(owner), dtype=np.int32), (owner, column.ravel())), shape=shape)
    shared = coo_array(has @ has.T)
    counts = np.bincount(owner, minlength=len(tunes))
    alike = shared.data >= ALIKE * np.minimum(counts[shared.row], counts[shared.col])
    pairs = coo_array((shared.data[alike], (shared.row[alike], shared.col[alike])), shape=(len(tunes), len(tunes)))
    melodies = connected_components(pairs, directed=False)[1]
    titles = [_plain_title(tune.title) or f"untitled {number}" for number, tune in enumerate(tunes)]
    return glue(melodies, np.array(titles))


def _phrases(tune: Tune) -> NDArray[np.int64]:
    """The distinct phrases of a tune, (phrases, PHRASE); none for a very short tune."""
    steps = np.diff(np.array(melody(tune), dtype=np.int64))
    if len(steps) < PHRASE:
        return np.zeros((0, PHRASE), dtype=np.int64)
    return np.unique(np.lib.stride_tricks.sliding_window_view(steps, PHRASE), axis=0)


def _plain_title(title: str) -> str:
    words = re.sub(r"[^a-z ]", "", re.sub(r"\(.*?\)|--.*", "", title.lower())).split()
    articles = {"the", "a", "an", "reel", "jig", "hornpipe"}
    kept = [word for word in words if word not in articles]
    return "" if all(map(NAMELESS.fullmatch, kept)) else " ".join(kept)


def vocabulary(categories: Any) -> Vocabulary:
    """The vocabulary in `Splits.categories`, or in a run's `labels.json`."""
    return Vocabulary(tuple(categories["character"]))


def codes(split: Split) -> list[NDArray[np.int32]]:
    """The numbers of the characters of each tune of a split, (characters,), including unknown ones."""
    lengths = (split.targets >= 0).sum(axis=1)
    return [row[1:length] for row, length in zip(split.inputs, lengths, strict=True)]


def texts(split: Split, known: Vocabulary) -> list[str]:
    """The tunes of a split as texts, without unknown characters."""
    return [known.decode(code) for code in codes(split)]


def read(paths: Sequence[Path], labels: Any) -> NDArray[np.int32]:
    """The tunes of ABC files as rows of inputs."""
    known = vocabulary(labels["categories"])
    return rows_of([known.encode(tune.text) for tune in read_tunes(paths)])[0]
