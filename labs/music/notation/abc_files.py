"""The text of an ABC file, cut into tunes as the standard has it: file header, free text, text blocks, voices.

Source: Chris Walshaw et al., The ABC music standard 2.1 (2011), https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")
_INHERITED = "ML"
"""Fields of a file header that this lab uses."""
_BLOCK = re.compile(r"^%%begin(\w+).*?(^%%end\1[^\n]*(\n|\Z)|\Z)", re.MULTILINE | re.DOTALL)
_VOICE = re.compile(r"\[V:\s*([^\s\]]*)[^\]]*\]")
OVERLAY = "&"
"""The name of a voice that is written into the bars of another one."""


def field_of(line: str) -> tuple[str, str] | None:
    """The letter and the value of a field (`K:D`), or None for a line of music; `+` continues the field above."""
    found = _FIELD.fullmatch(line.strip())
    return (found[1], found[2].strip()) if found else None


def cut(text: str) -> list[str]:
    """The tunes in a text of ABC, each from its X: line to the empty line that ends it.

    The metre and the unit length of the file header are added below the X: line, where a tune's own fields replace
    them. Text blocks, and free text between tunes, are left out.
    """
    lines = _BLOCK.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    tunes: list[list[str]] = []
    inherited: list[str] = []
    inside = empty = False
    for line in lines:
        if line.startswith("X:"):
            tunes.append([line, *inherited])
            inside, empty = True, False
        elif not line.strip():
            empty = True
        elif inside:
            # Some collections have an empty line between the header and the music.
            inside = not empty or (_has_no_music(tunes[-1]) and ("|" in line or field_of(line) is not None))
            empty = False
            tunes[-1] += [line] if inside else []
        elif not tunes:
            field = field_of(line.split("%")[0])
            inherited += [line] if field and field[0] in _INHERITED else []
    return ["\n".join(tune) + "\n" for tune in tunes]


def _has_no_music(lines: Sequence[str]) -> bool:
    return all(line.startswith("%") or field_of(line) is not None for line in lines)


def joined(raw: str) -> list[str]:
    """The lines of a tune, with those that a backslash continues in one."""
    return re.sub(r"\\[ \t]*(%[^\n]*)?\n(?![A-Za-z+]:(?![|:])|%)", " ", raw).split("\n")


def first_voice(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines of a tune's header and of its first voice, and the names of the other voices.

    Args:
        lines: of one tune, without comments.
    """
    kept, voices = [], list[str]()
    current, in_header = "", True
    for line in lines:
        field = field_of(line)
        if in_header:
            kept += [] if field and field[0] == "V" else [line]
            in_header = field is None or field[0] != "K"
            continue
        for voice, part in _parts(line, current):
            current = voice
            if voice not in voices and field_of(part) is None and part.strip():
                voices.append(voice)
            if not voices or voice in (voices[0], "*"):
                kept.append(part)
    overlays = [OVERLAY] if any(OVERLAY in line and field_of(line) is None for line in kept) else []
    music = [re.sub(r"\(?&[^|]*", "", line) if field_of(line) is None else line for line in kept]
    return music, [name for name in voices[1:] if name != "*"] + overlays


def _parts(line: str, voice: str) -> Iterator[tuple[str, str]]:
    """The parts of a line, each with its voice: that of the lines above, or of a V: field in it."""
    field = field_of(line)
    if field is not None:
        yield (field[1].split() or [""])[0] if field[0] == "V" else voice, "" if field[0] == "V" else line
        return
    first, *others = _VOICE.split(line)
    yield voice, first
    for name, part in zip(others[::2], others[1::2], strict=True):
        yield name, part.strip()
