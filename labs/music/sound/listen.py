"""Tunes in a notebook: the staff notation and a player."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labs.music.config import Instrument
from labs.music.notation.staff import check_verovio, staffs
from labs.music.sound.performance import perform
from labs.music.sound.synthesiser import RATE, synthesise
from utils.base.errors import CallerError

if TYPE_CHECKING:
    from IPython.display import SVG, Audio


def play(text: str, instrument: Instrument = "string") -> Audio:
    """A player for a tune; repeats, rolls, trills and grace notes are played.

    Args:
        text: in the lab's form.
        instrument: a plucked string or a flute.

    Raises:
        CallerError: music21 cannot parse it.
    """
    from IPython.display import Audio

    notes = perform(text)
    if notes is None:
        raise CallerError("music21 cannot parse this tune", "print it: its header or its notes are not valid ABC")
    return Audio(synthesise(notes, instrument), rate=RATE, normalize=False)


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
