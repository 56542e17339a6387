"""The n-gram model against its definition."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.text.ngrams import Ngram
from utils.text.sequences import PADDING, rows_of

Row = list[int]
Gram = tuple[int, ...]


class KneserNey:
    """By the definition, one probability at a time, from counts in dictionaries."""

    def __init__(self, train: list[Row], symbols: int, order: int) -> None:
        self.symbols, self.order = symbols, order
        rows = [[*[0] * order, *row, 0] for row in train]
        occurring = {
            length: Counter(tuple(row[end - length : end]) for row in rows for end in range(order + 1, len(row) + 1))
            for length in range(1, order + 1)
        }
        self.counts = {order: occurring[order]}
        for length in range(1, order):
            before = Counter(gram[1:] for gram in occurring[length + 1])
            start = {gram: count for gram, count in occurring[length].items() if length > 1 and gram[0] == 0}
            self.counts[length] = Counter({**before, **start})

    def discount(self, length: int, count: int) -> float:
        found = Counter(self.counts[length].values())
        if not all(found[times] for times in (1, 2, 3, 4)):
            return 0.5 if count else 0.0
        share = found[1] / (found[1] + 2 * found[2])
        size = min(count, 3)
        if not size:
            return 0.0
        return float(np.clip(size - (size + 1) * share * found[size + 1] / found[size], 0.01, size - 0.01))

    def probability(self, context: Gram, symbol: int) -> float:
        shorter = self.probability(context[1:], symbol) if context else 1 / self.symbols
        counts = self.counts[len(context) + 1]
        after = {gram: count for gram, count in counts.items() if gram[:-1] == context}
        if not after:
            return shorter
        count = after.get((*context, symbol), 0)
        taken = sum(self.discount(len(context) + 1, each) for each in after.values())
        return (count - self.discount(len(context) + 1, count) + taken * shorter) / sum(after.values())


def texts(rng: np.random.Generator, *lengths: int) -> list[np.ndarray]:
    return [rng.integers(1, 4, length).astype("int32") for length in lengths]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_losses_are_those_of_modified_kneser_and_ney(order: int) -> None:
    rng = np.random.default_rng(2)
    train = texts(rng, 29, 14, 40)
    model = Ngram(*rows_of(train), symbols=5, order=5)
    tested = rng.integers(1, 5, 12).astype("int32")
    losses = model.losses(*rows_of([tested]), order=order)
    reference = KneserNey([row.tolist() for row in train], 5, order)
    text = [*[0] * order, *tested.tolist(), 0]
    expected = 0.0
    for place in range(order, len(text)):
        context = tuple(text[place + 1 - order : place])
        expected -= np.log(reference.probability(context, text[place]))
        assert sum(reference.probability(context, symbol) for symbol in range(5)) == pytest.approx(1)
    np.testing.assert_allclose(losses, [[expected, 13]])
    if order == 5:
        np.testing.assert_array_equal(model.losses(*rows_of([tested])), losses)


@settings(max_examples=30)
@given(data=st.data(), symbols=st.integers(2, 6), order=st.integers(1, 6))
def test_the_probabilities_after_any_context_sum_to_one(data: st.DataObject, symbols: int, order: int) -> None:
    text = st.lists(st.integers(1, symbols - 1), min_size=1, max_size=30)
    train = [np.array(row, dtype=np.int32) for row in data.draw(st.lists(text, min_size=1, max_size=4))]
    context = data.draw(text)
    model = Ngram(*rows_of(train), symbols=symbols, order=order)
    codes = np.array([[0, *context]] * symbols, dtype=np.int32)
    targets = np.full(codes.shape, PADDING, dtype=np.int32)
    targets[:, -1] = np.arange(symbols)
    nats = model.losses(codes, targets)[:, 0]
    assert np.exp(-nats).sum() == pytest.approx(1)


def test_a_word_that_follows_one_word_only_is_unlikely_elsewhere() -> None:
    # "Francisco" is frequent, but only after "San": the example of Chen and Goodman.
    san, francisco, the, cat, dog, a = range(1, 7)
    words = [san, francisco] * 8 + [the, cat, a, cat, the, dog, a, dog, cat, dog, the, cat]
    model = Ngram(*rows_of([np.array(words, dtype=np.int32)]), symbols=8, order=2)
    after_unseen = [
        model.losses(np.array([[0, 7]]), np.array([[PADDING, symbol]]))[0, 0] for symbol in (francisco, cat)
    ]
    assert after_unseen[1] < after_unseen[0]


def test_large_vocabularies_and_high_orders_are_no_problem() -> None:
    train = [np.array(row, dtype=np.int32) for row in product((1, 29_999), repeat=7)]
    model = Ngram(*rows_of(train), symbols=30_000, order=8)
    assert np.isfinite(model.losses(*rows_of(train))).all()
