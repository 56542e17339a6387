"""Tunes as music21 reads them: bars, last notes, intervals and lengths, files that other programs play, a picture."""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EDGE = 1e-3
"""Quarter notes by which a bar may miss its metre: music21 holds tuplets as fractions of floats."""


@dataclass(frozen=True)
class Reading:
    """What a tune is, read as music.

    Attributes:
        bars_right: whether every inner bar adds up to the metre, and there is one. Bars beside a repeat, a double bar
            or an end are not inner ones: there stand upbeats and what they leave over.
        ends_on_tonic: whether the last note is the tonic of the key, in any octave, or the last chord has it.
        notes: start, length (quarter notes) and MIDI pitch of each, a chord's one by one; grace notes are left out.
        score: music21's.
    """

    bars_right: bool
    ends_on_tonic: bool
    notes: list[tuple[float, float, int]]
    score: Any

    @property
    def intervals(self) -> Counter[int]:
        """How often each interval (semitones, up is positive) stands between two notes; of a chord the top one."""
        top: dict[float, int] = {}
        for start, _, pitch in self.notes:
            top[start] = max(pitch, top.get(start, pitch))
        return Counter(after - before for before, after in pairwise(top.values()))

    @property
    def lengths(self) -> Counter[float]:
        """How often each length (quarter notes) stands."""
        return Counter(round(length, 3) for _, length, _ in self.notes)


def read(text: str, number: int = 1, title: str = "") -> Reading | None:
    """Read a tune; None where music21 cannot, or finds no note in it.

    Args:
        text: in the lab's form.
        number: of the tune, its X:.
        title: its T:.
    """
    from music21 import converter

    with _quietly(), _bars_as_written() as right:
        try:
            score = converter.parse(as_file(text, number, title), format="abc", forceSource=True)
            played = [note for note in score.flatten().notes if note.quarterLength]
            if not played:
                return None
            key = re.search(r"^K:([A-G][b#]?)", text, re.MULTILINE)
            ends = key is not None and key[1].replace("b", "-") in [pitch.name for pitch in played[-1].pitches]
            notes = [(float(n.offset), float(n.quarterLength), int(p.midi)) for n in played for p in n.pitches]
            return Reading(right[0], ends, notes, score)
        # Whatever music21 stumbles over (it raises nearly every kind of exception) is a tune that cannot be read.
        except Exception:
            return None


@contextmanager
def _quietly() -> Iterator[None]:
    """For the length of the block, no warnings of music21, which writes its own to standard error."""
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _bars_as_written() -> Iterator[list[bool]]:
    """For the length of the block, note of each part that music21 reads whether its inner bars are right.

    music21 cuts bars that are too long into two that add up, so they are looked at before it does.
    """
    from music21.abcFormat import translate

    plain, right = translate.reBar, []

    def noted(part: Any, **options: Any) -> Any:
        right.append(_bars_right(part))
        return plain(part, **options)  # type: ignore[no-untyped-call]

    translate.reBar = noted  # type: ignore[assignment]
    try:
        yield right
    finally:
        translate.reBar = plain


@contextmanager
def without_beams() -> Iterator[None]:
    """For the length of the block, let music21 read without beams: they are for print, and half of its reading."""
    from music21 import stream

    plain = stream.Stream.makeBeams
    stream.Stream.makeBeams = lambda *_, **__: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        stream.Stream.makeBeams = plain  # type: ignore[method-assign]


def as_file(text: str, number: int, title: str) -> str:
    """A tune as a file of ABC, with its number and title."""
    return f"X:{number}\nT:{title}\n{text}\n"


def _bars_right(part: Any) -> bool:
    from music21 import stream

    bars = list(part.getElementsByClass(stream.Measure))
    edges = [0, len(bars)]
    for place, bar in enumerate(bars):
        if bar.leftBarline is not None and bar.leftBarline.type != "regular":
            edges.append(place)
        if bar.rightBarline is not None and bar.rightBarline.type != "regular":
            edges.append(place + 1)
    inner = [bar for place, bar in enumerate(bars) if place not in edges and place + 1 not in edges]
    wrong = [bar for bar in inner if abs(float(bar.duration.quarterLength - bar.barDuration.quarterLength)) > EDGE]
    return bool(inner) and not wrong


def piano_roll(notes: list[tuple[float, float, int]], title: str) -> Figure:
    """Each note as a bar: time in quarter notes to the right, pitch upwards."""
    from utils.figures import plots

    figure, axes = plots.new_figure(title, size=(9.0, 2.8))
    starts, lengths, pitches = zip(*notes, strict=True)
    axes.barh(pitches, [0.9 * length for length in lengths], left=starts, height=0.9, color=plots.BLUE)
    names = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
    played = sorted(set(pitches))
    axes.set_yticks(played, [f"{names[pitch % 12]}{pitch // 12 - 1}" for pitch in played], fontsize=7)
    axes.set_ylabel("pitch")
    axes.set_xlabel("quarter notes from the beginning")
    axes.set_xlim(0, max(start + length for start, length, _ in notes))
    return figure


def save(reading: Reading, path: Path) -> list[str]:
    """Write a tune as MIDI and MusicXML; the names of the files that music21 could write.

    MIDI has the repeats played; where they are not well formed, as a network often writes them, the tune once.

    Args:
        reading: the tune.
        path: without an ending.
    """
    from music21 import instrument

    for number, part in enumerate(reading.score.parts, 1):
        player = instrument.Instrument()
        player.partId = f"P{number}"  # music21's own is random, and the same tune would give another file
        part.insert(0, player)
    with _quietly():
        midi, xml = path.with_suffix(".mid"), path.with_suffix(".musicxml")
        played = _written(reading.score, "midi", midi) or _written(_played_once(reading.score), "midi", midi)
        printed = _written(reading.score, "musicxml", xml)
    return [target.name for target, done in ((midi, played), (xml, printed)) if done]


def _written(score: Any, kind: str, target: Path) -> bool:
    try:
        score.write(kind, fp=target)
    except Exception:  # as in `read`
        target.unlink(missing_ok=True)
        return False
    return True


def _played_once(score: Any) -> Any:
    """The notes without bars, in which there is nothing to repeat."""
    from music21 import stream

    part: Any = stream.Part()  # type: ignore[no-untyped-call]
    for element in score.flatten().getElementsByClass(("GeneralNote", "TimeSignature", "KeySignature")):
        part.insert(element.offset, deepcopy(element))
    return part
