"""The n-gram model against its definition."""

from __future__ import annotations

from collections import Counter

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


def loss(model: KneserNey, row: Row) -> float:
    """The negative log-probability of a row and its end."""
    text = [*[0] * model.order, *row, 0]
    places = range(model.order, len(text))
    return float(-sum(np.log(model.probability(tuple(text[end + 1 - model.order : end]), text[end])) for end in places))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_losses_are_those_of_modified_kneser_and_ney(order: int) -> None:
    rng = np.random.default_rng(2)
    alike = [np.array([1, 2, 1, *row], dtype=np.int32) for row in texts(rng, 4, 5, 6)]  # they begin alike
    train = [*texts(rng, 90, 14, 140), *alike]
    model = Ngram(*rows_of(train), symbols=5, order=5)
    tested = np.concatenate([[1, 2, 1], rng.integers(1, 5, 12)]).astype("int32")
    losses = model.losses(*rows_of([tested]), order=order)
    reference = KneserNey([row.tolist() for row in train], 5, order)
    np.testing.assert_allclose(losses, [[loss(reference, tested.tolist()), 16]])
    if order == 5:  # nor is every discount the one for too few data
        estimated = [reference.discount(length, times) for length in (3, 4, 5) for times in (1, 2, 3)]
        assert 0.5 not in estimated
        np.testing.assert_array_equal(model.losses(*rows_of([tested])), losses)


@settings(max_examples=60)
@given(data=st.data(), symbols=st.integers(2, 6), order=st.integers(1, 6))
def test_the_probabilities_after_any_context_sum_to_one(data: st.DataObject, symbols: int, order: int) -> None:
    """Also after contexts that do not occur, with symbols that do not occur, and for each shorter order."""
    text = st.lists(st.integers(1, symbols - 1), min_size=1, max_size=30)
    train = [np.array(row, dtype=np.int32) for row in data.draw(st.lists(text, min_size=1, max_size=4))]
    vocabulary = symbols + data.draw(st.integers(0, 2))
    context = data.draw(st.lists(st.integers(0, vocabulary - 1), max_size=8))
    model = Ngram(*rows_of(train), symbols=vocabulary, order=order)
    codes = np.array([[0, *context]] * vocabulary, dtype=np.int32)
    targets = np.full(codes.shape, PADDING, dtype=np.int32)
    targets[:, -1] = np.arange(vocabulary)
    nats = model.losses(codes, targets, order=data.draw(st.integers(1, order)))[:, 0]
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


@pytest.mark.parametrize(("symbols", "order"), [(10_000, 5), (30_000, 8)])
def test_large_vocabularies_and_high_orders_are_no_problem(symbols: int, order: int) -> None:
    """All n-grams as numbers to the base of the vocabulary would need more than 64 bits."""
    assert symbols**order > 2**63
    rng = np.random.default_rng(3)
    words = rng.choice(np.arange(1, symbols), 5, replace=False).astype(np.int32)
    train = [words[rng.integers(0, 4, length)] for length in (40, 25)]
    tested = words[rng.integers(0, 5, 12)]
    losses = Ngram(*rows_of(train), symbols=symbols, order=order).losses(*rows_of([tested]))
    reference = KneserNey([row.tolist() for row in train], symbols, order)
    np.testing.assert_allclose(losses, [[loss(reference, tested.tolist()), 13]])


def test_padding_does_not_count() -> None:
    rng = np.random.default_rng(4)
    train, tested = texts(rng, 30, 7), texts(rng, 9)
    model = Ngram(*rows_of(train), symbols=4, order=3)
    padded = Ngram(*rows_of(train, 80), symbols=4, order=3)
    np.testing.assert_allclose(padded.losses(*rows_of(tested, 50)), model.losses(*rows_of(tested)))


def test_what_is_refused() -> None:
    codes, targets = rows_of(texts(np.random.default_rng(5), 9))
    with pytest.raises(ValueError, match="no target"):
        Ngram(codes, np.full_like(targets, PADDING), symbols=4)
    with pytest.raises(ValueError, match="from 0 to 2"):
        Ngram(codes, targets, symbols=3)
    model = Ngram(codes, targets, symbols=4, order=2)
    with pytest.raises(ValueError, match="from 0 to 3"):
        model.losses(codes + 4, targets)
    with pytest.raises(ValueError, match="orders 1 to 2"):
        model.losses(codes, targets, order=3)
