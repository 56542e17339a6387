"""What all tokenizers have in common: the tokens of a text, with what each stands for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

START, UNKNOWN = 0, 1
"""The numbers of two tokens that are never written: that before a text, which n-grams need, and that for everything
outside the vocabulary."""
SPECIAL = ("<start>", "<unknown>")
"""Their names."""
CODE_POINTS = 0x110000
"""Number of characters that a text could have instead of one that did not occur in training."""


@dataclass(frozen=True)
class Encoded:
    """A text as tokens.

    Attributes:
        tokens: (tokens,) int32.
        characters: (tokens,) int32, the number of characters of the text that each token stands for.
        spelling: (tokens,) float32, the nats that say which text a token stands for, if the token leaves that open: the
            letters of a word outside the vocabulary, capitals and white space. They depend on no network.
    """

    tokens: NDArray[np.int32]
    characters: NDArray[np.int32]
    spelling: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, part: slice) -> Encoded:
        """Consecutive tokens."""
        return Encoded(self.tokens[part], self.characters[part], self.spelling[part])


class Tokenizer(Protocol):
    """Divides texts into tokens, by what it learned from the training text."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The tokens as text, by number; the first two are SPECIAL."""

    def encode(self, text: str) -> Encoded:
        """The tokens of a text."""

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens; special tokens are left out."""

    def unknown(self, text: str) -> list[str]:
        """The characters or words of a text that are not in the vocabulary, each once."""

    def state(self) -> dict[str, tuple[str, ...]]:
        """What it learned, as text: its class makes it again from that by `of_state`."""


def together(parts: Iterable[Encoded]) -> Encoded:
    """Encoded texts, one after the other."""
    listed: list[Encoded] = list(parts)
    columns: list[Any] = [
        np.concatenate([getattr(part, name) for part in listed]) for name in ("tokens", "characters", "spelling")
    ]
    return Encoded(*columns)
