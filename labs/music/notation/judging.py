"""Evaluating tunes as music: whether they parse, how their notes are distributed, and how much they copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from labs.music.notation import scores
from labs.music.notation.tunes import is_field
from utils.text.generating.copying import Corpus


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
