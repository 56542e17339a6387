"""Tunes in a notebook: the staff notation and a player."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labs.music.config import Instrument
from labs.music.notation.staff import check_verovio, staffs
from labs.music.sound.performance import perform
from labs.music.sound.synthesiser import RATE, synthesise
from utils.base.errors import CallerError

if TYPE_CHECKING:
    from IPython.display import SVG, Audio

PLAYER_RATE = RATE // 2
"""Samples per second of a player: half of those of a .wav file, because a notebook stores the sound (29 kB per second
of a tune)."""
FADE_SECONDS = 0.5
"""Time in which the end of an excerpt fades out."""


def play(text: str, instrument: Instrument = "string", *, seconds: float | None = None) -> Audio:
    """A player for a tune; repeats, rolls, trills and grace notes are played.

    Args:
        text: in the lab's form.
        instrument: a plucked string or a flute.
        seconds: play only the beginning; defaults to the whole tune.

    Raises:
        CallerError: music21 cannot parse it, or `seconds` is not positive.
    """
    from IPython.display import Audio
    from scipy.signal import resample_poly

    if seconds is not None and not seconds > 0:
        raise CallerError(f"seconds={seconds!r}: the length of an excerpt is positive", "for example seconds=6")
    notes = perform(text)
    if notes is None:
        raise CallerError("music21 cannot parse this tune", "print it: its header or its notes are not valid ABC")
    sound = np.clip(resample_poly(synthesise(notes, instrument), 1, RATE // PLAYER_RATE), -1, 1)
    if seconds is not None and len(sound) > seconds * PLAYER_RATE:
        sound = sound[: max(1, round(seconds * PLAYER_RATE))]
        left = np.arange(len(sound), 0, -1) / (FADE_SECONDS * PLAYER_RATE)
        sound = sound * np.minimum(1, left)
    return Audio(sound, rate=PLAYER_RATE, normalize=False)


def staff(text: str) -> SVG:
    """A tune in staff notation.

    Args:
        text: in the lab's form.

    Raises:
        CallerError: Verovio is not installed, or cannot read it.
    """
    from IPython.display import SVG

    check_verovio()
    (drawn,) = staffs([text])
    if drawn is None:
        raise CallerError("verovio cannot read this tune", "print it: its header or its notes are not valid ABC")
    return SVG(drawn)
