"""A tune as it is played: repeats, ornaments and grace notes as single notes with times in seconds.

Source: for rolls and grace notes, Grey Larsen, The Essential Guide to Irish Flute and Tin Whistle (2003), chapters 8
to 12: a grace note has no length of its own, and a roll is the note, the one above, the note, the one below, the note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from labs.music.notation import scores
from labs.music.notation.tunes import is_field

BEATS_PER_MINUTE = {2: 96, 3: 108, 4: 96, 6: 112, 9: 112, 12: 112}
"""Tempo by the number in the metre: of quarter notes or half notes, of dotted quarter notes from 6/8 on."""
GRACE_SECONDS, CUT_SECONDS, TRILL_SECONDS = 0.07, 0.07, 0.085
"""Length of a grace note, of the short notes of a roll, and of each note of a trill."""
STACCATO = 0.5
"""Fraction of its length that a staccato note sounds."""
ROLL, TRILL = "up bow", "down bow"
"""What music21 calls the marks that `_marked` puts in place of ~ and T."""
_MARKS = str.maketrans({"u": None, "v": None, "~": "u", "T": "v"})


class Note(NamedTuple):
    """A note that sounds: its start and its length in seconds, and its MIDI pitch."""

    start: float
    seconds: float
    pitch: int


def perform(text: str) -> list[Note] | None:
    """The notes of a tune as they are played; None if music21 cannot parse it or finds no notes.

    Repeats and endings are played, once if they are malformed. A grace note precedes its note and takes its time from
    it. `~` is a roll, `T` a trill, `.` staccato; other ornaments are not played.

    Args:
        text: in the lab's form.
    """
    reading = scores.read(_marked(text))
    if reading is None:
        return None
    part = scores.with_repeats(reading.score.parts[0])
    second = _seconds_per_quarter(text)
    return [note for note in _played(part, second) if note.seconds > 0]


def _marked(text: str) -> str:
    """The tune with bow marks in place of rolls and trills: music21 ignores the latter, and bows are not heard."""
    return "\n".join(line if is_field(line) else line.translate(_MARKS) for line in text.split("\n"))


def _seconds_per_quarter(text: str) -> float:
    """The length of a quarter note, from the metre in the header."""
    found = re.search(r"^M:(\d+)/(\d+)", text, re.MULTILINE)
    over, under = (int(found[1]), int(found[2])) if found else (4, 4)
    compound = over % 3 == 0 and over > 3
    # A reel (4/4, 2/2) is counted in half notes, a waltz and a polka (2/4) in quarter notes.
    beat = Fraction(3, under) if compound else Fraction(1, 2) if over == 4 or under == 2 else Fraction(1, 4)
    return 60 / BEATS_PER_MINUTE.get(over, 96) / float(beat * 4)


def _played(part: Any, second: float) -> Iterator[Note]:
    graces: list[int] = []
    key = part.recurse().getElementsByClass("KeySignature").first()
    for element in part.stripTies().flatten().notes:
        pitches = [int(pitch.midi) for pitch in element.pitches]
        if not element.quarterLength:
            graces += pitches
            continue
        start, seconds = float(element.offset) * second, float(element.quarterLength) * second
        each = min(GRACE_SECONDS, seconds / (2 * len(graces))) if graces else 0.0
        for place, grace in enumerate(graces):
            yield Note(start + place * each, each, grace)
        start, seconds, graces = start + len(graces) * each, seconds - len(graces) * each, []
        marks = {mark.name for mark in element.articulations}
        above, below = (_neighbour(pitches[-1], step, key) for step in (1, -1))
        if ROLL in marks:
            yield from _roll(start, seconds, pitches[-1], above, below)
        elif TRILL in marks:
            yield from _trill(start, seconds, pitches[-1], above)
        else:
            sounding = seconds * (STACCATO if "staccato" in marks else 1)
            yield from (Note(start, sounding, pitch) for pitch in pitches)


def _neighbour(pitch: int, step: int, key: Any) -> int:
    """The next note of the scale above (1) or below (-1)."""
    sharps = key.sharps if key is not None else 0
    # The notes of a major scale are seven neighbours in the circle of fifths, from F with no sharps.
    scale = {7 * (sharps + fifth) % 12 for fifth in range(-1, 6)}
    near = pitch + step
    return near if near % 12 in scale else near + step


def _roll(start: float, seconds: float, pitch: int, above: int, below: int) -> Iterator[Note]:
    cut = min(CUT_SECONDS, seconds / 5)
    whole = (seconds - 2 * cut) / 3
    for sounding, height in ((whole, pitch), (cut, above), (whole, pitch), (cut, below), (whole, pitch)):
        yield Note(start, sounding, height)
        start += sounding


def _trill(start: float, seconds: float, pitch: int, above: int) -> Iterator[Note]:
    count = max(1, round(seconds / TRILL_SECONDS))
    count -= 1 - count % 2  # it ends on the note itself
    for place in range(count):
        yield Note(start + place * seconds / count, seconds / count, above if place % 2 else pitch)
