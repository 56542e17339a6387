"""Beam search: greedy decoding, exhaustive search, ends, and the length penalty."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.text.generating.beam import length_divisor, search

START = END = 1
LONGEST = 3


def chain(logits: Any) -> Any:
    """A model whose next token depends on the last one and on the number of tokens, which is its state."""

    def step(tokens: Any, states: list[Any], context: list[Any]) -> tuple[Any, list[Any]]:
        (place,) = states
        found = tf.gather(tf.gather(tf.constant(logits), tf.cast(place[:, 0], tf.int32)), tokens, batch_dims=1)
        return found + context[0], [place + 1]

    return step


def searched(logits: Any, *, rows: int = 1, shift: Any = None, **options: Any) -> tuple[Any, Any]:
    symbols = logits.shape[-1]
    context = tf.zeros([rows, symbols]) if shift is None else tf.constant(shift)
    given: dict[str, Any] = {"start": START, "end": END, "longest": LONGEST, "penalty": 0.0} | options
    tokens, scores = search(chain(logits), [tf.zeros([rows, 1])], [context], **given)
    return tokens.numpy(), scores.numpy()


def random_logits(seed: int, symbols: int = 4) -> Any:
    return np.random.default_rng(seed).normal(scale=2, size=(LONGEST, symbols, symbols)).astype("float32")


def log_softmax(logits: Any) -> Any:
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def everything(logits: Any, penalty: float) -> list[tuple[float, list[int]]]:
    """The score of each sequence that ends or is as long as allowed, best first."""
    found = []
    chances = log_softmax(logits.astype("float64"))
    for length in range(1, LONGEST + 1):
        for tokens in itertools.product(range(logits.shape[-1]), repeat=length):
            ended = tokens[-1] == END
            if END in tokens[:-1] or (not ended and length < LONGEST):
                continue
            total = sum(
                chances[i, before, token] for i, (before, token) in enumerate(itertools.pairwise((START, *tokens)))
            )
            found.append((total / ((5 + length) / 6) ** penalty, [*tokens, *[END] * (LONGEST - length)]))
    return sorted(found, reverse=True)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.6, 1.0, 2.0]))
def test_with_enough_beams_it_is_an_exhaustive_search(seed: int, penalty: float) -> None:
    logits = random_logits(seed)
    expected = everything(logits, penalty)
    tokens, scores = searched(logits, beams=60, penalty=penalty)
    finite = np.isfinite(scores[0])
    assert finite.sum() == len(expected)
    np.testing.assert_allclose(scores[0][finite], [score for score, _ in expected], rtol=1e-4)
    assert tokens[0, 0].tolist() == expected[0][1]


@given(st.integers(0, 10_000))
def test_one_beam_is_greedy_decoding(seed: int) -> None:
    logits = random_logits(seed, symbols=5)
    tokens, scores = searched(logits, beams=1)
    before, expected, total = START, [], 0.0
    for place in range(LONGEST):
        chances = log_softmax(logits[place, before])
        before = int(chances.argmax())
        total += float(chances[before])
        expected.append(before)
        if before == END:
            break
    assert tokens[0, 0].tolist() == expected + [END] * (LONGEST - len(expected))
    assert scores[0, 0] == pytest.approx(total, rel=1e-5)


def test_more_beams_never_find_less_than_the_best_of_all() -> None:
    better = 0
    for seed in range(30):
        logits = random_logits(seed)
        (greedy,), (best,) = (searched(logits, beams=beams)[1][0, :1] for beams in (1, 60))
        assert best >= greedy - 1e-6
        better += best > greedy + 1e-6
    assert better > 0


def test_rows_are_independent_and_keep_their_context() -> None:
    logits = random_logits(3)
    shift = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    together, scores = searched(logits, rows=5, shift=shift, beams=3)
    for row in range(5):
        alone, score = searched(logits, shift=shift[row : row + 1], beams=3)
        np.testing.assert_array_equal(alone[0], together[row])
        np.testing.assert_allclose(score[0], scores[row], rtol=1e-5)


def test_states_follow_their_hypothesis() -> None:
    """The state is the sum of the tokens so far; the second step is impossible after any other."""

    def step(tokens: Any, states: list[Any], context: list[Any]) -> tuple[Any, list[Any]]:
        (total,) = states
        total = total + tf.cast(tokens, tf.float32)[:, None]
        right = tf.one_hot(tf.cast(total[:, 0], tf.int32) + 1, 12, on_value=0.0, off_value=-50.0)
        first = tf.constant([[-9.0, -9, -1.0, -0.5, *[-9.0] * 8]])
        return tf.where(total == START, first, right), [total]

    tokens, _ = search(step, [tf.zeros([1, 1])], [], start=START, end=END, beams=2, longest=3, penalty=0.0)
    assert {tuple(row) for row in tokens.numpy()[0].tolist()} == {(3, 5, 10), (2, 4, 8)}


def test_excluded_tokens_are_not_written() -> None:
    logits = np.zeros((LONGEST, 4, 4), "float32")
    logits[:, :, 0] = 9
    logits[:, :, 2] = 5
    assert searched(logits, beams=2, excluded=[0])[0][0, 0].tolist() == [2, 2, 2]
    assert searched(logits, beams=2)[0][0, 0].tolist() == [0, 0, 0]


def test_a_larger_penalty_prefers_longer_sequences() -> None:
    """END at once has the probability 0.4; after another token it is certain."""
    logits = np.full((LONGEST, 4, 4), -30, "float32")
    logits[0, START, END], logits[0, START, 3] = np.log(0.4), np.log(0.6) - 1.0
    logits[1:, :, END] = 0

    def best(penalty: float) -> Sequence[int]:
        found: list[int] = searched(logits, beams=4, penalty=penalty)[0][0, 0].tolist()
        return found

    assert best(0.0) == [END, END, END]
    assert best(8.0) == [3, END, END]
    assert float(length_divisor(tf.constant(7), 1.0)) == 2.0
