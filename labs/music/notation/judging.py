"""Tunes that the network makes, judged as music beside held-out ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labs.music.data import texts, vocabulary
from labs.music.notation import scores
from labs.music.notation.tunes import is_field
from labs.music.sampling import Writer
from utils.training.results import Fitted

LONGEST = 2000
"""Characters of a made tune at most: a little more than the longest of the collections has."""
SHOWN = 3
SHORT = 6
"""Characters by which runs are looked up."""


def inspect(fitted: Fitted) -> dict[str, Any]:
    """Make tunes and judge them, and as many test tunes, in the same way.

    Returns:
        `tunes`: how they were made, the figures of `judged` for `generated` and `held_out`, and the first few tunes.
    """
    config: Any = fitted.config
    splits, known = fitted.splits, vocabulary(fitted.splits.categories)
    writer = Writer(fitted.model, known)
    how = {"longest": LONGEST, "temperature": config.temperature, "seed": config.seed}
    written = writer.write([""] * config.tunes, **how)
    trained = Corpus([notes_of(text) for text in texts(splits.train, known)])
    made = [text for text, _ in written]
    return {
        "tunes": {
            **how,
            "number": len(made),
            "ended": float(np.mean([ended for _, ended in written])),
            "generated": judged(made, trained),
            "held_out": judged(texts(splits.test, known)[: config.tunes], trained),
            "shown": made[:SHOWN],
        }
    }


def remarks(details: Mapping[str, Any]) -> list[str]:
    """What the tunes of `inspect` are like, in two sentences."""
    tunes = details["tunes"]
    return [
        f"{tunes['number']} tunes at temperature {tunes['temperature']:g}: {_told(tunes['generated'])}.",
        f"Held-out tunes: {_told(tunes['held_out'])}.",
    ]


def _told(figures: Mapping[str, Any]) -> str:
    return (
        f"{figures['parse_rate']:.0%} can be read, {figures['inner_bars_right']:.0%} have every inner bar right, "
        f"{figures['ends_on_tonic']:.0%} end on the tonic; the longest run of characters from a training tune is "
        f"{figures['longest_copied_run']['median']:.0f} (median)"
    )


def judged(tunes: Sequence[str], trained: Corpus) -> dict[str, Any]:
    """What tunes are as music; shares are of all tunes, also of those that music21 cannot read.

    Args:
        tunes: in the lab's form, or what a network takes for it.
        trained: the notes of the training tunes.

    Returns:
        `parse_rate`, `inner_bars_right`, `ends_on_tonic`: shares. `longest_copied_run`: characters of a tune's longest
        run of notes that stands in a training tune, `median` and `largest`. `intervals` (semitones) and `lengths`
        (quarter notes): how often each occurs, as shares.
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
        "intervals": _shares(sum((reading.intervals for reading in read), Counter())),
        "lengths": _shares(sum((reading.lengths for reading in read), Counter())),
    }


def _shares(counts: Counter[Any]) -> dict[str, float]:
    return {str(value): counts[value] / counts.total() for value in sorted(counts)}


def notes_of(text: str) -> str:
    """What stands below the header lines, without the spaces and line ends that say nothing of the melody."""
    return "".join("".join(line for line in text.split("\n") if not is_field(line)).split())


class Corpus:
    """Texts in which runs of characters are looked up.

    Args:
        texts: each apart; no run goes from one to the next.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._text = "\0".join(texts)
        self._places: dict[str, list[int]] = {}
        for place in range(len(self._text) - SHORT + 1):
            self._places.setdefault(self._text[place : place + SHORT], []).append(place)

    def holds(self, run: str) -> bool:
        """Whether a text has this run."""
        if len(run) < SHORT:
            return run in self._text
        return any(self._text.startswith(run, place) for place in self._places.get(run[:SHORT], ()))

    def longest_run(self, text: str) -> int:
        """Characters of the longest run of `text` that one of the texts has too."""
        longest = 0
        for start in range(len(text)):
            while start + longest < len(text) and self.holds(text[start : start + longest + 1]):
                longest += 1
        return longest
