"""Tunes in ABC notation, normalised to one form.

Source: Chris Walshaw et al., The ABC music standard 2.1 (2011), https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from labs.music.notation.abc_files import cut, field_of, first_voice, joined
from labs.music.notation.keys import LETTERS, NO_METRE, read_key, read_metre, read_unit
from utils.base.errors import CallerError

__all__ = ["Tune", "cut", "height", "is_field", "melody", "normalise"]

NOTE = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)")
"""A note: its accidental, its letter and its octave marks."""
INLINE_FIELD = re.compile(r"(\[[A-Za-z]:[^\]]*\])")
"""A field inside a line of music, such as `[M:C|]`."""
_READERS = {"M": read_metre, "L": read_unit, "K": read_key}
_DECORATION = re.compile(
    r"!(?=[^!|\s])[^!|]*(?<=\S)!"  # between !…! is the name of one, whatever it is; a single ! ends a line
    r"|\+(?=[^+|\s]*[^+|\s\dA-Ga-gz,'^_=/])[^+|\s]+\+|\+\d+\+"  # as ABC 2.0 has it: +trill+; +CEG+ is a chord
)


@dataclass(frozen=True)
class Tune:
    """A tune.

    Attributes:
        title: its first title, or empty.
        text: in the lab's form: metre, unit length, key, then the notes.
        left_out: names of the voices that are not in the text.
    """

    title: str
    text: str
    left_out: tuple[str, ...] = ()

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
    return field_of(line) is not None


def normalise(raw: str) -> Tune:
    """A tune in the lab's form: M:, L: and K: in this order and one spelling each, then the notes.

    Kept: notes, bars, repeats, ornaments, slurs, grace notes, line ends (they mark the phrases) and changes of metre,
    unit and key. Dropped, because they are words or layout: titles and all other fields, comments, chord symbols and
    annotations in quotes, named decorations, clefs, spacers, `!` and `\\` at line ends. Of several voices the first is
    kept. A missing L: becomes the standard's default.

    Raises:
        CallerError: it has no key, no valid metre, or no notes.
    """
    voice, others = first_voice([_without_words(line) for line in joined(raw)])
    header, lines, titles = {"M": "4/4"}, list[str](), list[str]()
    in_header, above = True, ""
    for line in voice:
        name, value = field_of(line) or ("", "")
        if name == "+" and above == "T":
            titles[-1] = f"{titles[-1]} {value}"
        elif name == "T":
            titles.append(value)
        elif name in _READERS:
            value = _read_field(name, value, in_header=in_header)
            if in_header:
                header[name] = value
                in_header = name != "K"
            elif value:
                lines.append(f"{name}:{value}")
        elif not name and not in_header and (music := INLINE_FIELD.sub(_inline, line).strip()):
            lines.append(music)
        above = above if name == "+" else name
    if in_header or not any(NOTE.search(INLINE_FIELD.sub("", line)) for line in lines if not is_field(line)):
        raise CallerError("a tune has no key or no notes", "a tune has lines X:, M:, L: and K:, then notes")
    text = "\n".join([f"M:{header['M']}", f"L:{header.get('L') or _unit(header['M'])}", f"K:{header['K']}", *lines])
    return Tune(titles[0] if titles else "", text, tuple(others))


def _read_field(name: str, value: str, *, in_header: bool) -> str:
    """The value in the lab's spelling; empty for a K: field in the music that changes only the clef."""
    found = _READERS[name](value)
    only_clef = name == "K" and not in_header and value.lower() not in ("", "none") and found == "none"
    return "" if only_clef else found


def _inline(found: re.Match[str]) -> str:
    """A field inside a line of music: kept are changes of metre, unit and key."""
    name, value = found[0][1], found[0][3:-1].strip()
    read = _read_field(name, value, in_header=False) if name in _READERS else ""
    return f"[{name}:{read}]" if read else ""


def _unit(metre: str) -> str:
    """The unit length of a tune without L:."""
    return "1/16" if metre != NO_METRE and Fraction(metre) < Fraction(3, 4) else "1/8"


def _without_words(line: str) -> str:
    line = re.sub(r'"[^"]*"', "", line.split("%")[0])
    if not is_field(line):
        line = re.sub(r"(?<=\s)y\d*(?=\s)|`", "", _DECORATION.sub("", line))
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
