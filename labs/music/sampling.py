"""Tunes from a trained network: generated, and evaluated after training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from labs.music.data import texts, vocabulary
from labs.music.model import stepped
from labs.music.notation.judging import judged, notes_of
from utils.text.generating.copying import Corpus
from utils.text.sequences import Vocabulary
from utils.training.results import Fitted

LONGEST = 2000
"""Largest number of characters of a tune that is evaluated: slightly more than the longest of the collections has."""
SHOWN = 3


class Writer:
    """A network that writes tunes.

    Args:
        model: from `labs.music.model.build`.
        vocabulary: its characters.
    """

    def __init__(self, model: keras.Model, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._stepped = stepped(model)
        self._generator = self._stepped.generator()

    def write(self, prompts: Sequence[str], *, longest: int, **options: Any) -> list[tuple[str, bool]]:
        """Continue each prompt until the network ends the tune. The same arguments give the same tunes.

        Args:
            prompts: beginnings of tunes, of known characters; an empty one leaves everything to the network.
            longest: largest number of characters per tune.
            **options: temperature, top_k, top_p and seed, as of `utils.text.generating.generation.Generator.generate`.

        Returns:
            For each prompt the whole text, and whether the network ended it.
        """
        # Every text begins with END.
        codes = [np.concatenate([[0], self.vocabulary.encode(prompt)]) for prompt in prompts]
        generated = self._generator.generate(codes, self._stepped.zeros(len(prompts)), longest=longest + 1, **options)
        return [(self.vocabulary.decode(row), ended) for row, ended in generated]


def inspect(fitted: Fitted) -> dict[str, Any]:
    """Generate tunes and evaluate them, and as many test tunes, in the same way.

    Returns:
        `tunes`: how they were generated, the results of `judged` for `generated` and `held_out`, and the first tunes.
    """
    config: Any = fitted.config
    splits, known = fitted.splits, vocabulary(fitted.splits.categories)
    writer = Writer(fitted.model, known)
    how = {"longest": LONGEST, "temperature": config.temperature, "seed": config.seed}
    written = writer.write([""] * config.tunes, **how)
    trained = Corpus([notes_of(text) for text in texts(splits.train, known)])
    made = [text for text, _ in written]
    return {
        "tunes": {
            **how,
            "number": len(made),
            "ended": float(np.mean([ended for _, ended in written])),
            "generated": judged(made, trained),
            "held_out": judged(texts(splits.test, known)[: config.tunes], trained),
            "shown": made[:SHOWN],
        }
    }


def remarks(details: Mapping[str, Any]) -> list[str]:
    """Two sentences on the tunes of `inspect`."""
    tunes = details["tunes"]
    return [
        f"{tunes['number']} tunes at temperature {tunes['temperature']:g}: {_described(tunes['generated'])}.",
        f"Held-out tunes: {_described(tunes['held_out'])}.",
    ]


def _described(figures: Mapping[str, Any]) -> str:
    return (
        f"{figures['parse_rate']:.0%} can be parsed, {figures['inner_bars_right']:.0%} have only correct inner bars, "
        f"{figures['ends_on_tonic']:.0%} end on the tonic; the longest run of characters copied from a training tune "
        f"has {figures['longest_copied_run']['median']:.0f} characters (median)"
    )
