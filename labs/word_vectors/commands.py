"""`python -m labs.word_vectors neighbours|analogy|map|save`: what the vectors of a run say about words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from utils.base.config import STRICT, Definition, Seed
from utils.base.console import say, show, wrapped
from utils.base.errors import CallerError
from utils.base.text_tables import table
from utils.text.word_vectors import VECTORS, WordVectors, read_word_vectors, write_word_vectors

Most = Annotated[int, Field(ge=1, le=1000)]
SUFFIXES = (".txt", ".vec", ".bin")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Neighbours:
    """Print the words whose vectors have the largest cosine with the vector of each word."""

    words: Positional[tuple[str, ...]]
    """The words."""
    run: Path | None = None
    """The folder of a run of this lab, or a file of word vectors; defaults to the newest run."""
    top_k: Most = 10
    """Number of neighbours."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Print them."""
        if not self.words:
            raise CallerError("missing: WORDS", f"{definition.program} neighbours WORD…")
        found = _vectors(self.run, definition)
        near = {word: found.neighbours(word, self.top_k) for word in self.words}
        if self.json:
            show(json.dumps(near))
            return 0
        for word, words in near.items():
            show(f"{word}:\n{_table(words)}")
        return 0


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Analogy:
    """Print the words that complete an analogy: `king man woman` asks for the word nearest to king − man + woman."""

    words: Positional[tuple[str, str, str]]
    """Three words: the first is to the second as the wanted word is to the third."""
    run: Path | None = None
    """The folder of a run of this lab, or a file of word vectors; defaults to the newest run."""
    top_k: Most = 10
    """Number of words."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Print them."""
        first, second, third = self.words
        found = _vectors(self.run, definition).analogy(second, first, third, self.top_k)
        if self.json:
            show(json.dumps({"words": self.words, "nearest": found}))
            return 0
        show(f"{first} − {second} + {third}:\n{_table(found)}")
        say(wrapped("note: the three words themselves are left out, as usual; often one of them is the nearest"))
        return 0


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Map:
    """Draw a map of words by PCA and t-SNE."""

    words: Positional[tuple[str, ...]] = ()
    """The words, at least five; defaults to those of the figure of a run."""
    run: Path | None = None
    """The folder of a run of this lab, or a file of word vectors; defaults to the newest run."""
    out: Path = Path("map.png")
    """The image."""
    overwrite: bool = False
    """Replace the image."""
    seed: Seed = 7
    """Seed of t-SNE."""

    def execute(self, definition: Definition) -> int:
        """Draw it."""
        from utils.base.atomic_files import replacing

        _check_new(self.out, (".png", ".svg", ".pdf"), overwrite=self.overwrite)
        if self.words and len(set(self.words)) < 5:
            raise CallerError(f"{len(set(self.words))} words: too few for a map", "give at least five, or none")
        found = _vectors(self.run, definition)
        for word in self.words:
            found.number(word)
        from labs.word_vectors import figures
        from labs.word_vectors.evaluation.chosen import MAP

        groups = {"words": list(dict.fromkeys(self.words))} if self.words else figures.known(MAP, found)
        if sum(map(len, groups.values())) < figures.FEWEST:
            raise CallerError("the vocabulary has too few of the usual words", "give at least five words")
        with replacing(self.out) as temporary:
            figures.word_map(found, groups, self.seed).savefig(temporary, dpi=150)
        show(str(self.out))
        return 0


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Save:
    """Save the vectors of a run in a format of word2vec: .txt or .vec is text, .bin is binary; gensim reads both."""

    file: Positional[Path]
    """The file to write."""
    run: Path | None = None
    """The folder of a run of this lab, or a file of word vectors; defaults to the newest run."""
    overwrite: bool = False
    """Replace the file."""

    def execute(self, definition: Definition) -> int:
        """Save them."""
        _check_new(self.file, SUFFIXES, overwrite=self.overwrite)
        found = _vectors(self.run, definition)
        write_word_vectors(self.file, found)
        show(f"{self.file}: {len(found):,} words, {found.vectors.shape[1]} numbers each")
        return 0


def _check_new(path: Path, suffixes: Sequence[str], *, overwrite: bool) -> None:
    """Raise CallerError if a file cannot be written, before long work."""
    if path.suffix.lower() not in suffixes:
        raise CallerError(f"{path}: the suffix says the format", f"use one of: {', '.join(suffixes)}")
    if path.is_dir() or (path.exists() and not overwrite):
        raise CallerError(f"{path}: it exists", "give another name, or --overwrite to replace a file")
    if not path.absolute().parent.is_dir():
        raise CallerError(f"{path}: there is no folder {path.parent}", "create it first")


def _vectors(place: Path | None, definition: Definition) -> WordVectors:
    """The vectors of a run, of a file, or of the newest run of the lab.

    Raises:
        CallerError: there is none, or it is a run of another lab.
    """
    if place is not None and place.is_file():
        return read_word_vectors(place)
    from labs.cli.records.open import opened_by
    from utils.runs.listing import finished_runs

    if place is None:
        place = next((run.folder for run in finished_runs() if run.record["lab"] == definition.name), None)
        if place is None:
            raise CallerError("there is no run of this lab yet", f"train one first: {definition.program}")
    run = opened_by(place, definition)
    return read_word_vectors(run.path(VECTORS))


def _table(words: Sequence[tuple[str, float]]) -> str:
    return table(["word", "cosine"], [[word, f"{cosine:.3f}"] for word, cosine in words])
