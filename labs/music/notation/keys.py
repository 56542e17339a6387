"""Keys and metres of ABC notation, each in one spelling.

Source: Chris Walshaw et al., The ABC music standard 2.1 (2011), https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re

from utils.base.errors import CallerError

LETTERS = "CDEFGAB"
MODES = {"": 0, "m": -3, "mix": -1, "dor": -2, "phr": -4, "lyd": 1, "loc": -5}
"""By mode, how many more sharps its signature has than the major key on the same tonic."""

_SHARPS = "FCGDAEB"
_NAMES = {"": "", "maj": "", "ion": "", "m": "m", "min": "m", "aeo": "m"} | {name: name for name in list(MODES)[2:]}
_FRACTION = re.compile(r"(\d+)/(\d+)(?!\S)")
_SUM = re.compile(r"\(?(\d+(?:\+\d+)+)\)?/(\d+)")
_CLEFS = re.compile(
    r"(treble|alto|tenor|bass|soprano|mezzo|baritone|perc|none|[GCF](?=[1-5]))[1-5]?([+^_-](8|15))?"
    r"|(clef|octave|transpose|t|middle|m|stafflines|staffscale|staves|cue|style|shift|score|sound|instrument|map)=\S*"
)
"""A word beside a key that is no part of it: a clef, or a setting such as `octave=1`."""
NO_KEY = "none"
"""No signature and no tonic."""
NO_METRE = "none"
"""Bars of any length."""


def read_key(text: str) -> str:
    """A key in the lab's spelling: `D`, `Em`, `F#m`, `Dmix`, `Ador`, or `none`.

    Clefs and octaves are dropped. Accidentals after the key must give the signature of a mode (`D =c` is `Dmix`).
    `HP` and `Hp`, the keys of the Highland bagpipe, are A mixolydian, whose notes they have.

    Raises:
        CallerError: there is no such key.
    """
    words = [word for word in text.split() if not _CLEFS.fullmatch(word)]
    accidentals = [word for word in words if re.fullmatch(r"([=^_]+[a-gA-G])+", word)]
    words = [word for word in words if word not in accidentals and word.lower() != "exp"]
    exactly = "exp" in text.lower().split()
    name = " ".join(words)
    attached = re.search(r"([=^_]+[a-gA-G])+$", name)
    if attached:
        accidentals, name = [*accidentals, attached[0]], name[: attached.start()]
    if name.lower() in ("", NO_KEY) and not accidentals:
        return NO_KEY
    key = "Amix" if name in ("HP", "Hp") else _read_mode(name, text)
    return _with_accidentals(key, "".join(accidentals), exactly, text) if accidentals or exactly else key


def _read_mode(name: str, text: str) -> str:
    found = re.fullmatch(r"([A-G])([b#]?)\s*([A-Za-z]*)", name)
    mode = None
    if found:
        word = found[3] if found[3] in ("m", "M") else found[3].lower()
        mode = "" if word == "M" else _NAMES.get(word[:3] if len(word) > 1 else word)
    if found is None or mode is None or abs(_sharps(found[1] + found[2], mode)) > 7:
        raise _no_key(text)
    return found[1] + found[2] + mode


def _no_key(text: str) -> CallerError:
    return CallerError(
        f"there is no key {text.strip()!r}", "a key is a tonic and a mode: D, F#m, Bb, Em, Dmix, Ador, Ephr, Glyd"
    )


def _with_accidentals(key: str, accidentals: str, exactly: bool, text: str) -> str:
    """The mode on the key's tonic whose signature has these accidentals; `exactly` these, or beside its own."""
    raised = dict.fromkeys(LETTERS, 0) if exactly else signature(key)
    for sign, letter in re.findall(r"([=^_]+)([a-gA-G])", accidentals):
        raised[letter.upper()] = {"^": 1, "_": -1, "=": 0}.get(sign, 2)
    tonic = key.removesuffix(mode_of(key))
    for mode in [mode_of(key), *MODES]:
        if abs(_sharps(tonic, mode)) <= 7 and signature(tonic + mode) == raised:
            return tonic + mode
    raise _no_key(text)


def read_metre(text: str) -> str:
    """A metre as a fraction, or `none`; C is 4/4, C| is 2/2, 2+3/8 and (2+3)/8 are 5/8.

    Raises:
        CallerError: there is no such metre.
    """
    text = {"C": "4/4", "C|": "2/2"}.get(text.strip(), text.strip())
    if text.lower() == NO_METRE:
        return NO_METRE
    parts = _SUM.fullmatch(text)
    if parts:
        text = f"{sum(map(int, parts[1].split('+')))}/{parts[2]}"
    found = _FRACTION.match(text)
    if found is None or not 1 <= int(found[1]) <= 32 or int(found[2]) not in (1, 2, 4, 8, 16, 32):
        raise CallerError(f"there is no metre {text!r}", "a metre is a fraction, C, C| or none: 6/8, 4/4, 9/8, 2+3/8")
    return found[0]


def read_unit(text: str) -> str:
    """A unit note length as a fraction; 1 is 1/1.

    Raises:
        CallerError: there is no such length.
    """
    text = "1/1" if text.strip() == "1" else text
    found = _FRACTION.match(text)
    if found is None or int(found[1]) == 0 or int(found[2]) == 0:
        raise CallerError(f"there is no unit length {text!r}", "a unit length is a fraction: 1/8")
    return found[0]


def mode_of(key: str) -> str:
    """The mode of a key in the lab's spelling: `m` for `F#m`, empty for a major key."""
    return NO_KEY if key == NO_KEY else key[1:].lstrip("b#")


def signature(key: str) -> dict[str, int]:
    """By letter, the number of semitones by which a key in the lab's spelling raises it."""
    if key == NO_KEY:
        return dict.fromkeys(LETTERS, 0)
    mode = mode_of(key)
    sharps = _sharps(key.removesuffix(mode), mode)
    raised = dict.fromkeys(LETTERS, 0)
    for letter in _SHARPS[:sharps] if sharps >= 0 else _SHARPS[sharps:]:
        raised[letter] = 1 if sharps > 0 else -1
    return raised


def _sharps(tonic: str, mode: str) -> int:
    """The number of sharps in a key's signature; negative for flats."""
    return _SHARPS.index(tonic[0]) - 1 + 7 * (tonic.count("#") - tonic.count("b")) + MODES[mode]
