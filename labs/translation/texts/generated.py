"""GENERATED pairs: dates in three languages, numbers in words, and letters that are reversed or sorted."""

from __future__ import annotations

import datetime
import random
import string
from collections.abc import Callable, Mapping
from importlib.util import find_spec

from utils.base.errors import CallerError, with_extra

Pair = tuple[str, str]
LOCALES = ("en_US", "de_DE", "fr_FR")
LENGTHS = ("short", "medium", "long", "full")
"""The languages and the lengths of CLDR's formats of dates."""
FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
"""A hundred years, so that two digits of a year are unambiguous."""
LARGEST = 999_999
"""The largest number that is written in words."""
FEWEST, MOST = 4, 20
"""Smallest and largest number of letters."""


def dates(count: int, generator: random.Random) -> list[Pair]:
    """A date as people write it, and as ISO 8601 does: `Dienstag, 3. März 1992`, `1992-03-03`.

    The formats are those of Unicode's CLDR, as the package babel has them; `3/4/92` is American, month first, and
    `04.03.92` German. Lower case and upper case stay.
    """
    from babel.dates import format_date

    days = (LAST - FIRST).days + 1
    pairs = []
    for _ in range(count):
        day = FIRST + datetime.timedelta(generator.randrange(days))
        text = format_date(day, generator.choice(LENGTHS), locale=generator.choice(LOCALES))
        # CLDR has spaces that are narrow or do not break; a keyboard does not.
        pairs.append((" ".join(text.split()), day.isoformat()))
    return pairs


def numbers(count: int, generator: random.Random) -> list[Pair]:
    """A number in English and in French words: `eighty-one thousand and four`, `quatre-vingt-un mille quatre`.

    The number of digits is drawn first, so that short numbers occur, too.
    """
    from num2words import num2words

    pairs = []
    for _ in range(count):
        value = generator.randrange(min(10 ** generator.randint(1, 6), LARGEST + 1))
        pairs.append((num2words(value, lang="en"), num2words(value, lang="fr")))
    return pairs


def _letters(generator: random.Random) -> str:
    return "".join(generator.choices(string.ascii_lowercase, k=generator.randint(FEWEST, MOST)))


def reverse(count: int, generator: random.Random) -> list[Pair]:
    """Random letters, and the same from the last to the first: `abca`, `acba`."""
    texts = [_letters(generator) for _ in range(count)]
    return [(text, text[::-1]) for text in texts]


def sort(count: int, generator: random.Random) -> list[Pair]:
    """Random letters, and the same in the order of the alphabet: `banana`, `aaabnn`."""
    texts = [_letters(generator) for _ in range(count)]
    return [(text, "".join(sorted(text))) for text in texts]


GENERATORS: Mapping[str, Callable[[int, random.Random], list[Pair]]] = {
    "dates": dates,
    "numbers": numbers,
    "reverse": reverse,
    "sort": sort,
}
PACKAGES = {"dates": "babel", "numbers": "num2words"}
"""The package that a data set is generated with."""


def generate(name: str, count: int, seed: int = 0) -> list[Pair]:
    """The pairs of a generated data set, each once.

    Args:
        name: one of GENERATORS.
        count: number of pairs that are drawn; equal ones are left out.
        seed: of the draw.

    Raises:
        CallerError: the package is not installed.
    """
    package = PACKAGES.get(name)
    if package is not None and find_spec(package) is None:
        raise CallerError(f"{name} are generated with {package}, which is not installed", with_extra("translation"))
    return list(dict.fromkeys(GENERATORS[name](count, random.Random(seed))))
