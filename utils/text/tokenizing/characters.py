"""Characters as tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from utils.text.sequences import Vocabulary
from utils.text.tokenizing.encoded import CODE_POINTS, SPECIAL, UNKNOWN, Encoded


@dataclass(frozen=True)
class Characters:
    """Each character of the training text is a token; one that did not occur costs what a choice among all costs.

    Attributes:
        symbols: SPECIAL, then the characters in Unicode order.
    """

    symbols: tuple[str, ...]

    @classmethod
    def learn(cls, text: str) -> Characters:
        """The characters of a text."""
        return cls((*SPECIAL, *sorted(set(text))))

    @classmethod
    def of_state(cls, state: Mapping[str, Sequence[str]]) -> Characters:
        """From what `state` returned."""
        return cls((*SPECIAL, *state["character"]))

    def state(self) -> dict[str, tuple[str, ...]]:
        """The characters."""
        return {"character": self.symbols[len(SPECIAL) :]}

    def encode(self, text: str) -> Encoded:
        """One token per character."""
        tokens = Vocabulary(self.symbols).encode(text)
        cost = np.where(tokens == UNKNOWN, np.log(CODE_POINTS), 0.0).astype(np.float32)
        return Encoded(tokens, np.ones_like(tokens), cost)

    def decode(self, tokens: Iterable[int]) -> str:
        """The characters; special tokens are left out."""
        return Vocabulary(self.symbols).decode(tokens)

    def unknown(self, text: str) -> list[str]:
        """The characters that did not occur in training."""
        return sorted(set(text) - set(self.symbols[len(SPECIAL) :]))
