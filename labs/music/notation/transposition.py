"""Transposing a tune to another key of the same mode."""

from __future__ import annotations

import re
from collections.abc import Callable

from labs.music.notation.keys import LETTERS, signature
from labs.music.notation.tunes import INLINE_FIELD, NOTE, Tune, height, is_field

_ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_WRITTEN = {value: text for text, value in _ACCIDENTALS.items()}


def transpose(tune: Tune, key: str) -> Tune:
    """The tune in another key, moved to the nearest octave.

    Notes move along the scale, and an accidental keeps its distance from the signature, so every interval is kept.

    Args:
        tune: in the lab's form.
        key: a key in the mode of the tune's key.

    Returns:
        The transposed tune; the tune itself if it changes its key or if an accidental cannot be written.
    """
    if re.search(r"^K:|\[K:", tune.notes, re.MULTILINE):
        return tune
    before, after = signature(tune.key), signature(key)
    shift = (LETTERS.index(key[0]) - LETTERS.index(tune.key[0]) + 3) % 7 - 3

    def moved(found: re.Match[str]) -> str:
        note = _note(height(found[2], found[3]) + shift)
        if not found[1]:
            return note
        raised = _ACCIDENTALS[found[1]] - before[found[2].upper()] + after[note[0].upper()]
        return _WRITTEN[raised] + note

    try:
        lines = [line if is_field(line) else _moved_line(line, moved) for line in tune.notes.split("\n")]
    except KeyError:  # a double sharp would become a triple one
        return tune
    header = tune.text.split("\n")[:2]
    return Tune(tune.title, "\n".join([*header, f"K:{key}", *lines]))


def _moved_line(line: str, moved: Callable[[re.Match[str]], str]) -> str:
    """A line of music with its notes moved; fields inside it, such as `[M:C|]`, are left as they are."""
    parts = INLINE_FIELD.split(line)
    return "".join(part if INLINE_FIELD.fullmatch(part) else NOTE.sub(moved, part) for part in parts)


def _note(place: int) -> str:
    octave, step = divmod(place, 7)
    letter = LETTERS[step]
    return letter + "," * -octave if octave < 1 else letter.lower() + "'" * (octave - 1)
