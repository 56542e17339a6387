"""Evaluating tunes as music: whether they parse, how their notes are distributed, and how much they copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from labs.music.notation import scores
from labs.music.notation.tunes import is_field

SHORT = 6
"""Number of characters by which runs are indexed."""


def judged(tunes: Sequence[str], trained: Corpus) -> dict[str, Any]:
    """Properties of tunes as music. Fractions are of all tunes, including those that music21 cannot parse.

    Args:
        tunes: in the lab's form, or what a network writes in place of it.
        trained: the notes of the training tunes.

    Returns:
        `parse_rate`, `inner_bars_right`, `ends_on_tonic`: fractions. `longest_copied_run`: number of characters of a
        tune's longest run of notes that is also in a training tune, `median` and `largest`. `intervals` (semitones) and
        `lengths` (quarter notes): relative frequency of each value.
    """
    with scores.without_beams():
        readings = [scores.read(text, number) for number, text in enumerate(tunes, 1)]
    read = [reading for reading in readings if reading is not None]
    runs = [trained.longest_run(notes_of(text)) for text in tunes]
    return {
        "parse_rate": len(read) / len(tunes),
        "inner_bars_right": sum(reading.bars_right for reading in read) / len(tunes),
        "ends_on_tonic": sum(reading.ends_on_tonic for reading in read) / len(tunes),
        "longest_copied_run": {"median": float(np.median(runs)), "largest": max(runs)},
        "intervals": _frequencies(sum((reading.intervals for reading in read), Counter())),
        "lengths": _frequencies(sum((reading.lengths for reading in read), Counter())),
    }


def _frequencies(counts: Counter[Any]) -> dict[str, float]:
    return {str(value): counts[value] / counts.total() for value in sorted(counts)}


def notes_of(text: str) -> str:
    """The text below the header lines, without spaces and line ends, which are not part of the melody."""
    return "".join("".join(line for line in text.split("\n") if not is_field(line)).split())


class Corpus:
    """Texts in which runs of characters are looked up.

    Args:
        texts: the texts; no run extends from one to the next.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._text = "\0".join(texts)
        self._places: dict[str, list[int]] = {}
        for place in range(len(self._text) - SHORT + 1):
            self._places.setdefault(self._text[place : place + SHORT], []).append(place)

    def holds(self, run: str) -> bool:
        """Whether a text contains this run."""
        if len(run) < SHORT:
            return run in self._text
        return any(self._text.startswith(run, place) for place in self._places.get(run[:SHORT], ()))

    def longest_run(self, text: str) -> int:
        """Number of characters of the longest run of `text` that is also in one of the texts."""
        longest = 0
        for start in range(len(text)):
            while start + longest < len(text) and self.holds(text[start : start + longest + 1]):
                longest += 1
        return longest
