"""Words of a text: the one specification of tokens, which Keras's TextVectorization follows with built-in settings.

A text is cleaned when it is read (`clean`), and the model receives the cleaned text. The tokens of a text are then:

1. A to Z become lower case. No other character is changed.
2. The 32 punctuation characters of ASCII are removed, so that `don't` is `dont`.
3. What remains is split at white space of ASCII (space, tab, line feed, vertical tab, form feed, carriage return).

These are the tokens of `keras.layers.TextVectorization(standardize="lower_and_strip_punctuation", split="whitespace")`,
whose built-in settings are the only ones that reload in every format. `tests/text/token_vectors.json` has examples for
implementations in other languages.
"""

from __future__ import annotations

import html
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

STANDARDIZE, SPLIT = "lower_and_strip_punctuation", "whitespace"
"""The settings of `keras.layers.TextVectorization` for these tokens."""

_PUNCTUATION = string.punctuation.encode()
_LOWER = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|</?[A-Za-z][^<>]{0,500}>", re.DOTALL)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_JOINING = re.compile(r"(?<=[^\W\d_])[!-&(-/:-@\[-`{-~]+(?=[^\W\d_])")
"""Punctuation between two letters, without the apostrophe."""
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ´`", "'"),
        **dict.fromkeys("“”„‟«»‹›″", '"'),
        **dict.fromkeys("–—―‒−…·•", " "),
        # Windows-1252 read as Latin-1, which is frequent in reviews.
        **dict.fromkeys("\x91\x92", "'"),
        **dict.fromkeys("\x84\x93\x94", '"'),
        # Characters that are not visible; the rest of the control characters separates words.
        **dict.fromkeys("\xad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
        **{chr(code): " " for code in (*range(32), *range(127, 160)) if code not in (0x84, 0x91, 0x92, 0x93, 0x94)},
        **dict.fromkeys("\xa0\u1680\u2028\u2029\u202f\u205f\u3000", " "),
        **{chr(code): " " for code in range(0x2000, 0x200B)},
    }
)
_CONTROLS = dict.fromkeys((*range(32), 127), " ")


def clean(text: str) -> str:
    """A text without markup, as models of the suite receive it; `clean(clean(text)) == clean(text)`.

    Tags and comments of HTML become spaces and character references become characters. Typographic quotes and dashes
    become those of ASCII, letters are composed (Unicode NFC) and lower case. Punctuation between two letters, except
    for an apostrophe, becomes a space: `well-made` is two words, `7.5` is one. White space is collapsed.

    Args:
        text: may contain any character; a lone surrogate becomes `?`.
    """
    text = text.lower()
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8").translate(_PLAIN)
        text = unicodedata.normalize("NFC", text).lower()
    if "<" in text:
        text = _MARKUP.sub(" ", text)
    return " ".join(_JOINING.sub(" ", text.translate(_CONTROLS)).split())


def _character(reference: re.Match[str]) -> str:
    """The character of an entity; a space for `&`, which could begin another one."""
    return html.unescape(reference[0]).replace("&", " ")


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order; see the specification above.

    Example:
        >>> tokens("It wasn't good: 4/10 :-(")
        ['it', 'wasnt', 'good', '410']
    """
    return [word.decode() for word in token_bytes(text)]


def token_bytes(text: str) -> list[bytes]:
    """The tokens in UTF-8, as fast as possible."""
    return text.encode("utf-8", "replace").translate(_LOWER, _PUNCTUATION).split()


def clean_all(texts: Iterable[str]) -> NDArray[np.object_]:
    """The cleaned texts, (rows,) of str."""
    found: list[str] = [clean(text) for text in texts]
    cleaned = np.empty(len(found), dtype=object)
    cleaned[:] = found
    return cleaned


def all_tokens(texts: Iterable[str]) -> Iterator[list[bytes]]:
    """The tokens of each text in UTF-8."""
    return map(token_bytes, texts)
