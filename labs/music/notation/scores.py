"""Tunes read with music21: bars, notes, intervals and lengths; saved as MIDI and MusicXML; drawn as a piano roll."""

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
"""Tolerance of a bar's length in quarter notes: music21 stores tuplets as floats."""


@dataclass(frozen=True)
class Reading:
    """A tune, read as music.

    Attributes:
        bars_right: whether inner bars exist and all add up to the metre. Bars next to a repeat, a double bar or an
            end are not inner bars, because they may contain upbeats.
        ends_on_tonic: whether the last note is the tonic of the key in any octave, or the last chord contains it.
        notes: start, length (quarter notes) and MIDI pitch of each note, also of each note of a chord; no grace notes.
        score: the score of music21.
    """

    bars_right: bool
    ends_on_tonic: bool
    notes: list[tuple[float, float, int]]
    score: Any

    @property
    def intervals(self) -> Counter[int]:
        """Counts of the intervals between notes (semitones, up is positive); the top note of a chord is used."""
        top: dict[float, int] = {}
        for start, _, pitch in self.notes:
            top[start] = max(pitch, top.get(start, pitch))
        return Counter(after - before for before, after in pairwise(top.values()))

    @property
    def lengths(self) -> Counter[float]:
        """Counts of the lengths of notes (quarter notes)."""
        return Counter(round(length, 3) for _, length, _ in self.notes)


def read(text: str, number: int = 1, title: str = "") -> Reading | None:
    """Read a tune; None if music21 cannot parse it or finds no notes.

    Args:
        text: in the lab's form.
        number: number of the tune, for its X: line.
        title: title of the tune, for its T: line.
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
        # music21 raises nearly every kind of exception for a tune that it cannot parse.
        except Exception:
            return None


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence music21, which writes its warnings to standard error, within the block."""
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _bars_as_written() -> Iterator[list[bool]]:
    """Within the block, record for each part that music21 reads whether its inner bars are correct.

    music21 splits bars that are too long into two correct ones, so they are checked before that.
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
    """Let music21 read without beams within the block: they are for print only and take half of its time."""
    from music21 import stream

    plain = stream.Stream.makeBeams
    stream.Stream.makeBeams = lambda *_, **__: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        stream.Stream.makeBeams = plain  # type: ignore[method-assign]


def as_file(text: str, number: int, title: str) -> str:
    """The text of an ABC file with this tune, its number and its title."""
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


SEMITONE_INCHES = 0.12
"""Height of a semitone in a piano roll."""


def piano_roll(notes: list[tuple[float, float, int]], title: str) -> Figure:
    """A figure with one horizontal bar per note, by time and pitch.

    Args:
        notes: `notes` of a `Reading`.
        title: title of the figure.
    """
    from utils.figures import plots

    starts, lengths, pitches = zip(*notes, strict=True)
    # Labels of neighbouring semitones must not overlap.
    height = max(2.8, 1.0 + SEMITONE_INCHES * (max(pitches) - min(pitches) + 1))
    figure, axes = plots.new_figure(title, size=(9.0, height))
    axes.barh(pitches, [0.9 * length for length in lengths], left=starts, height=0.9, color=plots.BLUE)
    names = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
    played = sorted(set(pitches))
    axes.set_yticks(played, [f"{names[pitch % 12]}{pitch // 12 - 1}" for pitch in played], fontsize=7)
    axes.set_ylabel("pitch")
    axes.set_xlabel("quarter notes from the beginning")
    axes.set_xlim(0, max(start + length for start, length, _ in notes))
    return plots.captioned(
        figure, "Each bar is a note: time runs to the right, pitch upwards; shapes that recur are repeated phrases."
    )


def save(reading: Reading, path: Path) -> list[str]:
    """Save a tune as MIDI and MusicXML; returns the names of the files that music21 could write.

    The MIDI file plays the repeats; if they are malformed, as networks often write them, it plays the tune once.

    Args:
        reading: the tune.
        path: path without a suffix.
    """
    from music21 import instrument

    for number, part in enumerate(reading.score.parts, 1):
        player = instrument.Instrument()
        player.partId = f"P{number}"  # music21's default is random, and the same tune would give different files
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


def with_repeats(part: Any) -> Any:
    """A part with its repeats and endings written out; as it is if they are malformed, as networks often write them."""
    from music21.exceptions21 import Music21Exception

    with _quietly():
        try:
            return part.expandRepeats()
        except (Music21Exception, IndexError, AttributeError):
            return part


def _played_once(score: Any) -> Any:
    """The notes without bars and repeats."""
    from music21 import stream

    part: Any = stream.Part()  # type: ignore[no-untyped-call]
    for element in score.flatten().getElementsByClass(("GeneralNote", "TimeSignature", "KeySignature")):
        part.insert(element.offset, deepcopy(element))
    return part
