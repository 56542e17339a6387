"""Sentences that test a model: negation, and whether it predicts both classes. Written for this lab, not reviews."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.text.tokens import clean_all

Array = NDArray[Any]

NEGATION = (
    ("The film was good.", "The film was not good."),
    ("I liked it.", "I did not like it."),
    ("The acting is great.", "The acting is not great."),
    ("I would recommend it.", "I would not recommend it."),
    ("The story makes sense.", "The story doesn't make sense."),
    ("It is worth your time.", "It isn't worth your time."),
    ("The jokes are funny.", "The jokes are never funny."),
    ("I enjoyed the ending.", "I couldn't enjoy the ending."),
    ("The script is interesting.", "There is nothing interesting in the script."),
    ("A film with charm and wit.", "A film without charm or wit."),
    ("The film was not bad at all.", "The film was bad."),
    ("I was never bored.", "I was bored."),
    ("There is not one dull moment.", "There is one dull moment after another."),
    ("The effects do not look cheap.", "The effects look cheap."),
    ("It is not a waste of time.", "It is a waste of time."),
    ("You won't regret watching it.", "You will regret watching it."),
    ("The plot isn't stupid.", "The plot is stupid."),
    ("Nobody in it is annoying.", "Everybody in it is annoying."),
    ("I have no complaints about it.", "I have many complaints about it."),
    ("It did not disappoint me.", "It disappointed me."),
)
"""Twenty pairs of a positive and a negative sentence that differ by a negation: 40 sentences."""

CLEAR = (
    ("An excellent film, one of the best I have ever seen. I loved every minute of it.", 1),
    ("A wonderful and moving story with brilliant acting. Highly recommended!", 1),
    ("Great fun for the whole family, a perfect evening.", 1),
    ("The worst film I have ever seen. A terrible waste of time and money.", 0),
    ("Boring, badly acted and poorly written. Avoid it.", 0),
    ("An awful script and horrible acting; I want my two hours back.", 0),
)
"""Sentences that every usable model of sentiment gets right; their label flips."""


def sentences() -> tuple[Array, NDArray[np.int64]]:
    """The 40 sentences of NEGATION, cleaned, (40,) of str, and their classes, 1 for positive."""
    texts = [sentence for pair in NEGATION for sentence in pair]
    return clean_all(texts), np.tile([1, 0], len(NEGATION)).astype(np.int64)


def results(predict: Callable[[Array], Array]) -> dict[str, Any]:
    """How a model of two classes does on the sentences.

    Args:
        predict: probabilities (rows, 2) of (rows,) texts.

    Returns:
        `accuracy` on the 40 sentences, `negated` and `plain` on those with and without a negation, `flipped`: the
        fraction of pairs in which both are right, and `sentences`: each with its probability of positive.
    """
    texts, truth = sentences()
    positive = predict(texts)[:, 1]
    right = (positive >= 0.5) == truth
    # In the first ten pairs the negative sentence is negated, in the others the positive one.
    negated = np.concatenate([np.tile([False, True], 10), np.tile([True, False], 10)])
    return {
        "accuracy": float(right.mean()),
        "negated": float(right[negated].mean()),
        "plain": float(right[~negated].mean()),
        "flipped": float(right.reshape(-1, 2).all(axis=1).mean()),
        "sentences": [
            {"text": text, "positive": bool(label), "probability": round(float(value), 4)}
            for text, label, value in zip(_written(), truth, positive, strict=True)
        ],
    }


def _written() -> Sequence[str]:
    return [sentence for pair in NEGATION for sentence in pair]
