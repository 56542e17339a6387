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
_KEY = re.compile(r"([A-G])([b#]?)\s*([A-Za-z]*)(?![^\s=^_])")  # accidentals may follow: Dmix=c
_FRACTION = re.compile(r"(\d+)/(\d+)(?!\S)")


def read_key(text: str) -> str:
    """A key in the lab's spelling: `D`, `Em`, `F#m`, `Dmix`, `Ador`.

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
    """A metre as a fraction; C is 4/4, C| is 2/2.

    Raises:
        CallerError: there is no such metre.
    """
    text = {"C": "4/4", "C|": "2/2"}.get(text.strip(), text.strip())
    found = _FRACTION.match(text)
    if found is None or not 1 <= int(found[1]) <= 32 or int(found[2]) not in (1, 2, 4, 8, 16, 32):
        raise CallerError(f"there is no metre {text!r}", "a metre is a fraction, C or C|: 6/8, 4/4, 9/8")
    return found[0]


def read_unit(text: str) -> str:
    """A unit note length as a fraction.

    Raises:
        CallerError: there is no such length.
    """
    found = _FRACTION.match(text)
    if found is None or int(found[1]) == 0 or int(found[2]) == 0:
        raise CallerError(f"there is no unit length {text!r}", "a unit length is a fraction: 1/8")
    return found[0]


def mode_of(key: str) -> str:
    """The mode of a key in the lab's spelling: `m` for `F#m`, empty for a major key."""
    return key[1:].lstrip("b#")


def signature(key: str) -> dict[str, int]:
    """By letter, the number of semitones by which a key in the lab's spelling raises it."""
    mode = mode_of(key)
    sharps = _sharps(key.removesuffix(mode), mode)
    raised = dict.fromkeys(LETTERS, 0)
    for letter in _SHARPS[:sharps] if sharps >= 0 else _SHARPS[sharps:]:
        raised[letter] = 1 if sharps > 0 else -1
    return raised


def _sharps(tonic: str, mode: str) -> int:
    """The number of sharps in a key's signature; negative for flats."""
    return _SHARPS.index(tonic[0]) - 1 + 7 * (tonic.count("#") - tonic.count("b")) + MODES[mode]
