"""Tunes in ABC notation: cut out of a text, brought to one form, moved to another key.

Source: Chris Walshaw et al., The ABC music standard 2.1 (2011), https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from utils.base.errors import CallerError

LETTERS = "CDEFGAB"
_SHARPS = "FCGDAEB"
MODES = {"": 0, "m": -3, "mix": -1, "dor": -2, "phr": -4, "lyd": 1, "loc": -5}
"""Of a mode's name, how many sharps its signature has more than the major key on the same tonic."""
_NAMES = {"": "", "maj": "", "ion": "", "m": "m", "min": "m", "aeo": "m"} | {name: name for name in list(MODES)[2:]}
_KEY = re.compile(r"([A-G])([b#]?)\s*([A-Za-z]*)(?![^\s=^_])")  # behind it may stand accidentals of its own: Dmix=c
_METRE = re.compile(r"(\d+)/(\d+)(?!\S)")
_FIELD = re.compile(r"([A-Za-z]):(?![|:])(.*)")
_NOTE = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)")
_FIELD_INSIDE = re.compile(r"(\[[A-Za-z]:[^\]]*\])")
_ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_WRITTEN = {value: text for text, value in _ACCIDENTALS.items()}


@dataclass(frozen=True)
class Tune:
    """A tune: its title, and its text in the lab's form (metre, unit length, key, then the notes)."""

    title: str
    text: str

    @property
    def key(self) -> str:
        """Of the K: line of the header, which a tune in this form has."""
        return re.findall(r"^K:(.*)$", self.text, re.MULTILINE)[0]

    @property
    def notes(self) -> str:
        """What stands below the header."""
        return self.text.split("\n", 3)[3]


def read_key(text: str) -> str:
    """A key in one spelling: `D`, `Em`, `F#m`, `Dmix`, `Ador`.

    Raises:
        CallerError: there is no such key.
    """
    found = _KEY.match(text.strip())
    mode = None
    if found:
        word = found[3] if found[3] in ("m", "M") else found[3].lower()
        mode = "" if word == "M" else _NAMES.get(word[:3] if len(word) > 1 else word)
    if found is None or mode is None or abs(_sharps(found[1] + found[2], mode)) > 7:
        raise CallerError(
            f"there is no key {text.strip()!r}", "a key is a tonic and a mode: D, F#m, Bb, Em, Dmix, Ador, Ephr, Glyd"
        )
    return found[1] + found[2] + mode


def read_metre(text: str) -> str:
    """A metre as a fraction: C is 4/4, C| is 2/2.

    Raises:
        CallerError: there is no such metre.
    """
    text = {"C": "4/4", "C|": "2/2"}.get(text.strip(), text.strip())
    found = _METRE.match(text)
    if found is None or not 1 <= int(found[1]) <= 32 or int(found[2]) not in (1, 2, 4, 8, 16, 32):
        raise CallerError(f"there is no metre {text!r}", "a metre is beats over their value: 6/8, 4/4, 9/8, C, C|")
    return found[0]


def _sharps(tonic: str, mode: str) -> int:
    """Sharps of a key's signature; flats count below zero."""
    return _SHARPS.index(tonic[0]) - 1 + 7 * (tonic.count("#") - tonic.count("b")) + MODES[mode]


def signature(key: str) -> dict[str, int]:
    """By letter, the semitones that a key raises it by."""
    tonic, mode = re.fullmatch(r"([A-G][b#]?)(.*)", key).groups()  # type: ignore[union-attr]
    sharps = _sharps(tonic, mode)
    raised = dict.fromkeys(LETTERS, 0)
    for letter in _SHARPS[:sharps] if sharps >= 0 else _SHARPS[sharps:]:
        raised[letter] = 1 if sharps > 0 else -1
    return raised


def is_field(line: str) -> bool:
    """Whether a line says something of the tune (`K:D`), and is not music."""
    return _FIELD.fullmatch(line) is not None


def cut(text: str) -> list[str]:
    """The tunes of a text of ABC, each from its X: on."""
    return re.split(r"^(?=X:)", text.replace("\r", "\n"), flags=re.MULTILINE)[1:]


def normalise(raw: str) -> Tune:
    """A tune in the lab's form: M:, L: and K: in this order and one spelling each, then the notes.

    Kept: notes, bars, repeats, ornaments, slurs, grace notes, line ends (they mark the phrases) and changes of metre,
    unit and key. Dropped, because they are words or layout: titles and all other fields, comments, chord symbols and
    annotations in quotes, named decorations, `!` and `\\` at line ends. An L: that is missing is written out as the
    standard's default.

    Raises:
        CallerError: it has no key, no metre that can be read, or no notes.
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
            value = {"M": read_metre, "L": _read_unit, "K": read_key}[name](value)
            if in_header:
                header[name] = value
                in_header = name != "K"
            else:
                lines.append(f"{name}:{value}")
    if in_header or not any(_NOTE.search(line) for line in lines):
        raise CallerError("a tune has no key or no notes", "a tune has lines X:, M:, L: and K:, then notes")
    unit = header.get("L") or ("1/16" if Fraction(header["M"]) < Fraction(3, 4) else "1/8")
    text = "\n".join([f"M:{header['M']}", f"L:{unit}", f"K:{header['K']}", *lines])
    return Tune(titles[0] if titles else "", text)


def _without_words(line: str) -> str:
    line = re.sub(r'"[^"]*"|![A-Za-z().<>+]*!', "", line.split("%")[0])
    return re.sub(r"\s+", " ", re.sub(r"[!\\\"]", "", line)).strip()


def _read_unit(text: str) -> str:
    found = _METRE.match(text)
    if found is None or int(found[1]) == 0 or int(found[2]) == 0:
        raise CallerError(f"there is no unit length {text!r}", "a unit length is a fraction: 1/8")
    return found[0]


def melody(tune: Tune) -> list[int]:
    """The heights of a tune's notes in steps of the scale, without grace notes, accidentals and lengths."""
    music = "\n".join(line for line in tune.notes.split("\n") if not is_field(line))
    text = re.sub(r"\{[^}]*\}", "", _FIELD_INSIDE.sub("", music))
    return [_height(letter, marks) for _, letter, marks in _NOTE.findall(text)]


def _height(letter: str, marks: str) -> int:
    return LETTERS.index(letter.upper()) + 7 * (letter.islower() + marks.count("'") - marks.count(","))


def _note(height: int) -> str:
    octave, step = divmod(height, 7)
    letter = LETTERS[step]
    return letter + "," * -octave if octave < 1 else letter.lower() + "'" * (octave - 1)


def transpose(tune: Tune, key: str) -> Tune:
    """The tune in another key of the same mode, moved to the nearest octave; as it is where that cannot be written.

    Heights move along the scale; an accidental keeps its distance from the signature, so every interval is the same.

    Args:
        tune: in the lab's form.
        key: with the mode that the tune's key has.
    """
    if re.search(r"^K:|\[K:", tune.notes, re.MULTILINE):
        return tune
    before, after = signature(tune.key), signature(key)
    shift = (LETTERS.index(key[0]) - LETTERS.index(tune.key[0]) + 3) % 7 - 3

    def moved(found: re.Match[str]) -> str:
        height = _height(found[2], found[3])
        note = _note(height + shift)
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
    """A line of music with its notes moved; fields inside it, as `[M:C|]`, are no notes."""
    parts = _FIELD_INSIDE.split(line)
    return "".join(part if _FIELD_INSIDE.fullmatch(part) else _NOTE.sub(moved, part) for part in parts)
