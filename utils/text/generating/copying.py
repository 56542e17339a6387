"""How much a text copies: its longest run of characters that is also in the training texts."""

from __future__ import annotations

from collections.abc import Sequence

SHORT = 6
"""Number of characters by which runs are indexed."""


class Corpus:
    """Texts in which runs of characters are looked up.

    Args:
        texts: the texts; no run extends from one to the next.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._text = "\0".join(texts)
        self._places: dict[str, list[int]] = {}
        for place in range(len(self._text) - SHORT + 1):
            self._places.setdefault(self._text[place : place + SHORT], []).append(place)

    def holds(self, run: str) -> bool:
        """Whether a text contains this run."""
        if len(run) < SHORT:
            return run in self._text
        return any(self._text.startswith(run, place) for place in self._places.get(run[:SHORT], ()))

    def longest_run(self, text: str) -> int:
        """Number of characters of the longest run of `text` that is also in one of the texts."""
        longest = 0
        for start in range(len(text)):
            while start + longest < len(text) and self.holds(text[start : start + longest + 1]):
                longest += 1
        return longest
