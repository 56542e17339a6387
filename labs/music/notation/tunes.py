"""Tunes in ABC notation: found in a text, and normalised to one form.

Source: Chris Walshaw et al., The ABC music standard 2.1 (2011), https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from labs.music.notation.keys import LETTERS, read_key, read_metre, read_unit
from utils.base.errors import CallerError

NOTE = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)")
"""A note: its accidental, its letter and its octave marks."""
INLINE_FIELD = re.compile(r"(\[[A-Za-z]:[^\]]*\])")
"""A field inside a line of music, such as `[M:C|]`."""
_FIELD = re.compile(r"([A-Za-z]):(?![|:])(.*)")


@dataclass(frozen=True)
class Tune:
    """A tune: its title, and its text in the lab's form (metre, unit length, key, then the notes)."""

    title: str
    text: str

    @property
    def key(self) -> str:
        """The key in the K: line of the header."""
        return re.findall(r"^K:(.*)$", self.text, re.MULTILINE)[0]

    @property
    def notes(self) -> str:
        """The text below the header."""
        return self.text.split("\n", 3)[3]


def is_field(line: str) -> bool:
    """Whether a line is a field (`K:D`) and not music."""
    return _FIELD.fullmatch(line) is not None


def cut(text: str) -> list[str]:
    """The tunes in a text of ABC, each from its X: line."""
    return re.split(r"^(?=X:)", text.replace("\r", "\n"), flags=re.MULTILINE)[1:]


def normalise(raw: str) -> Tune:
    """A tune in the lab's form: M:, L: and K: in this order and one spelling each, then the notes.

    Kept: notes, bars, repeats, ornaments, slurs, grace notes, line ends (they mark the phrases) and changes of metre,
    unit and key. Dropped, because they are words or layout: titles and all other fields, comments, chord symbols and
    annotations in quotes, named decorations, `!` and `\\` at line ends. A missing L: becomes the standard's default.

    Raises:
        CallerError: it has no key, no valid metre, or no notes.
    """
    header, lines, titles = {"M": "4/4"}, [], []
    in_header = True
    for line in raw.replace("\\\n", " ").split("\n"):
        line = _without_words(line)
        field = _FIELD.fullmatch(line)
        if field is None:
            if not in_header and line:
                lines.append(line)
            continue
        name, value = field[1], field[2].strip()
        if name == "T":
            titles.append(value)
        elif name in "MLK":
            value = {"M": read_metre, "L": read_unit, "K": read_key}[name](value)
            if in_header:
                header[name] = value
                in_header = name != "K"
            else:
                lines.append(f"{name}:{value}")
    if in_header or not any(NOTE.search(line) for line in lines):
        raise CallerError("a tune has no key or no notes", "a tune has lines X:, M:, L: and K:, then notes")
    unit = header.get("L") or ("1/16" if Fraction(header["M"]) < Fraction(3, 4) else "1/8")
    text = "\n".join([f"M:{header['M']}", f"L:{unit}", f"K:{header['K']}", *lines])
    return Tune(titles[0] if titles else "", text)


def _without_words(line: str) -> str:
    line = re.sub(r'"[^"]*"|![A-Za-z().<>+]*!', "", line.split("%")[0])
    return re.sub(r"\s+", " ", re.sub(r"[!\\\"]", "", line)).strip()


def melody(tune: Tune) -> list[int]:
    """The heights of a tune's notes in steps of the scale; grace notes, accidentals and lengths are ignored."""
    music = "\n".join(line for line in tune.notes.split("\n") if not is_field(line))
    text = re.sub(r"\{[^}]*\}", "", INLINE_FIELD.sub("", music))
    return [height(letter, marks) for _, letter, marks in NOTE.findall(text)]


def height(letter: str, marks: str) -> int:
    """The height of a note in steps of the scale; 0 is the C below the treble staff.

    Args:
        letter: C to B for the lower octave, c to b for the one above.
        marks: octave marks, `'` or `,`.
    """
    return LETTERS.index(letter.upper()) + 7 * (letter.islower() + marks.count("'") - marks.count(","))
