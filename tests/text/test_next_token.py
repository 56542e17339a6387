"""Evaluating a whole text in windows: each token once, and costs per character."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.text.generating.copying import Corpus
from utils.text.next_token import (
    bits_per_char,
    log_loss,
    losses,
    measure,
    nats_of_tokens,
    overlapping,
    perplexity,
    rows_of_text,
)
from utils.text.sequences import PADDING
from utils.text.tokenizing.encoded import Encoded
from utils.text.windows import shuffled


class Counting:
    """Predicts that the next token is one more, with probability 1/2; keeps the largest batch."""

    def __init__(self, symbols: int) -> None:
        self.symbols = symbols
        self.largest = 0

    def predict(self, inputs: Any) -> Any:
        self.largest = max(self.largest, len(inputs))
        probabilities = np.full((*inputs.shape, self.symbols), 0.5 / (self.symbols - 1), np.float32)
        np.put_along_axis(probabilities, ((inputs + 1) % self.symbols)[..., None], 0.5, axis=-1)
        return probabilities


def encoded(tokens: Any, characters: int = 3, spelling: float = 0.0) -> Encoded:
    tokens = np.array(tokens, np.int32)
    return Encoded(tokens, np.full(len(tokens), characters, np.int32), np.full(len(tokens), spelling, np.float32))


@given(st.integers(2, 90), st.integers(2, 20), st.data())
def test_every_token_but_the_first_counts_once(symbols: int, span: int, data: st.DataObject) -> None:
    context = data.draw(st.integers(0, span - 1))
    places, counts = overlapping(symbols, span, context)
    assert sorted((places + 1)[counts].tolist()) == list(range(1, symbols))
    assert places.min() == 0
    assert places.max() == symbols - 2
    first = counts.argmax(axis=1)
    assert first[0] == 0
    assert (first[1:] == context).all()
    assert counts.any(axis=1).all()


def test_rows_and_their_losses() -> None:
    text = encoded(np.arange(30) % 10, spelling=0.5)
    inputs, targets = rows_of_text(text, 8, 4)
    assert inputs.dtype == targets["tokens"].dtype == "int32"
    counted = targets["tokens"] != PADDING
    assert (targets["tokens"][counted] == (inputs[counted] + 1) % 10).all()
    found = measure(Counting(10), inputs, targets)
    assert found.sum(axis=0).tolist() == pytest.approx([29 * np.log(2), 29 * 0.5, 29 * 3, 29])
    assert log_loss(None, found) == pytest.approx((np.log(2) + 0.5) / 3)
    assert bits_per_char(None, found) == pytest.approx(log_loss(None, found) / np.log(2))
    assert perplexity(None, found) == pytest.approx(2)
    sums = nats_of_tokens(Counting(10), inputs, targets["tokens"]).sum(axis=1)
    assert losses(sums, targets) == pytest.approx(found)


def test_losses_do_not_depend_on_the_windows_of_a_model_without_memory() -> None:
    text = encoded(np.random.default_rng(0).integers(0, 5, 200))
    values = {
        log_loss(None, measure(Counting(5), *rows_of_text(text, span, context)))
        for span, context in ((199, 0), (20, 10), (7, 3))
    }
    assert max(values) == pytest.approx(min(values))


def test_batches_are_bounded_by_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utils.text.next_token.LARGEST", 8 * 10 * 3)
    model = Counting(10)
    inputs, targets = rows_of_text(encoded(np.arange(300) % 10), 8, 4)
    assert measure(model, inputs, targets)[:, 0].sum() == pytest.approx(299 * np.log(2))
    assert model.largest == 3


@given(st.integers(3, 100), st.integers(1, 12), st.integers(0, 5))
def test_shuffled_windows(symbols: int, length: int, epoch: int) -> None:
    length = min(length, symbols - 2)
    text = np.arange(symbols, dtype=np.int32)
    rows = shuffled(text, length, 3, epoch)
    assert rows.shape == shuffled(text, length, 3, 0).shape
    assert (np.diff(rows, axis=1) == 1).all(), "every window is a part of the text"
    targets = rows[:, 1:].ravel()
    assert len(set(targets.tolist())) == len(targets)
    assert len(targets) > symbols - 2 - 2 * length
    assert (rows == shuffled(text, length, 3, epoch)).all()


def test_shuffled_windows_differ_by_epoch() -> None:
    text = np.arange(1000, dtype=np.int32)
    offsets = {int(shuffled(text, 50, 7, epoch).min()) for epoch in range(10)}
    assert len(offsets) > 3


def test_the_longest_copied_run() -> None:
    corpus = Corpus(["to be or not to be", "that is the question"])
    assert corpus.longest_run("whether or not to sleep") == len(" or not to ")
    assert corpus.longest_run("xyz") == 0
    assert corpus.longest_run("") == 0
    assert corpus.longest_run("to bethat") == len("to be")
    assert corpus.longest_run("the question is") == len("the question")
