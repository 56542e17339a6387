"""The n-gram model against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from utils.text.ngrams import Ngram
from utils.text.sequences import rows_of


def witten_bell(train: list[list[int]], context: tuple[int, ...], symbol: int, symbols: int) -> float:
    """By the definition, one probability at a time."""
    shorter = witten_bell(train, context[1:], symbol, symbols) if context else 1 / symbols
    size = len(context)
    following = [
        row[i]
        for row in ([0] * size + row for row in train)
        for i in range(size + 1, len(row))
        if tuple(row[i - size : i]) == context
    ]
    if not following:
        return shorter
    kinds = len(set(following))
    return (following.count(symbol) + kinds * shorter) / (len(following) + kinds)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_losses_are_those_of_witten_and_bell(order: int) -> None:
    rng = np.random.default_rng(2)
    train = [rng.integers(1, 4, n).astype("int32") for n in (9, 4, 14)]
    model = Ngram(*rows_of(train), symbols=5, order=3)
    rows = [[0, *row.tolist(), 0] for row in train]
    tested = rng.integers(1, 5, 8).astype("int32")
    losses = model.losses(*rows_of([tested]), order=order)
    text = [0, *tested.tolist(), 0]
    expected = 0.0
    for place in range(1, len(text)):
        context = tuple([0, 0, *text][place + 3 - order : place + 2])
        expected -= np.log(witten_bell(rows, context, text[place], 5))
        assert sum(witten_bell(rows, context, symbol, 5) for symbol in range(5)) == pytest.approx(1)
    np.testing.assert_allclose(losses, [[expected, 9]])
    if order == 3:
        np.testing.assert_array_equal(model.losses(*rows_of([tested])), losses)


def test_vocabularies_too_large_for_the_order_are_refused() -> None:
    with pytest.raises(ValueError, match="5-grams of 20,000 symbols"):
        Ngram(*rows_of([np.array([1, 2], dtype=np.int32)]), symbols=20_000, order=5)
