"""Generation in one compiled loop: prompts, states, ends, and the filters of symbols."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.base.errors import CallerError
from utils.text.generating.generation import Generator, filter_scores

SYMBOLS = 6


def rows(*prompts: list[int]) -> list[Any]:
    return [np.array(prompt, dtype=np.int32) for prompt in prompts]


def counting(tokens: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    """The next symbol is always the one after, modulo SYMBOLS."""
    return tf.one_hot((tokens + 1) % SYMBOLS, SYMBOLS), states


def uniform(tokens: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    return tf.fill([tf.shape(tokens)[0], SYMBOLS], 1 / SYMBOLS), states


def test_prompts_are_kept_and_sequences_end_before_the_end_symbol() -> None:
    found = Generator(counting, end=0).generate(rows([0, 1, 3], [2], [0]), [], longest=5)
    assert [(row.tolist(), ended) for row, ended in found] == [
        ([0, 1, 3, 4, 5], False),
        ([2, 3, 4, 5], True),
        ([0, 1, 2, 3, 4], False),
    ]
    found = Generator(counting, end=0).generate(rows([4], [3]), [], longest=9)
    assert [(row.tolist(), ended) for row, ended in found] == [([4, 5], True), ([3, 4, 5], True)]


def test_end_symbols_other_than_0_and_none_at_all() -> None:
    found = Generator(counting, end=3).generate(rows([0], [4]), [], longest=4)
    assert [(row.tolist(), ended) for row, ended in found] == [([0, 1, 2], True), ([4, 5, 0, 1], False)]
    ((row, ended),) = Generator(counting).generate(rows([4]), [], longest=5)
    assert (row.tolist(), ended) == ([4, 5, 0, 1, 2], False)


def test_a_cache_and_a_position_are_states() -> None:
    """As a transformer keeps them: a tensor of three axes for the keys, and the number of the position."""

    def step(tokens: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        cache, position = states
        here = tf.one_hot(position, tf.shape(cache)[1])[None, :, None]
        cache = cache + here * tf.cast(tokens, tf.float32)[:, None, None]
        total = tf.cast(tf.reduce_sum(cache, axis=[1, 2]), tf.int32)
        return tf.one_hot(total % SYMBOLS, SYMBOLS), [cache, position + 1]

    generator = Generator(step)
    for count, longest in ((2, 7), (3, 7), (3, 9)):  # other shapes, the same loop
        prompts = rows(*([[1, 2], [5], [4, 4, 4]][:count]))
        found = generator.generate(prompts, [tf.zeros([count, longest, 1]), 0], longest=longest)
        for (row, _), prompt in zip(found, prompts, strict=True):
            expected = prompt.tolist()
            while len(expected) < longest:
                expected.append(sum(expected) % SYMBOLS)
            assert row.tolist() == expected


def test_the_seed_repeats_the_sequences_and_excluded_symbols_do_not_occur() -> None:
    generator = Generator(uniform, excluded=[1, 4])
    first, again, other = (generator.generate(rows([1]) * 20, [], longest=50, seed=seed) for seed in (5, 5, 6))
    assert all((one[0] == two[0]).all() for one, two in zip(first, again, strict=True))
    assert any((one[0] != two[0]).any() for one, two in zip(first, other, strict=True))
    drawn = np.concatenate([row[1:] for row, _ in first])
    assert set(drawn.tolist()) == {0, 2, 3, 5}


@pytest.mark.parametrize("prompt", [[], [1, 2, 3]])
def test_prompts_that_are_empty_or_too_long(prompt: list[int]) -> None:
    with pytest.raises(ValueError, match="a prompt must have 1 to 2 symbols"):
        Generator(counting).generate(rows(prompt), [], longest=2)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.floats(0.01, 1), st.integers(0, 99))
def test_top_k_and_top_p(top_k: int, top_p: float, seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.ones(9), 2).astype("float32")
    kept = np.isfinite(filter_scores(tf.math.log(weights), 1.0, top_k, top_p, [1]).numpy())
    for row, mask in zip(weights, kept, strict=True):
        assert not mask[1]
        known = np.delete(row, 1) / np.delete(row, 1).sum()
        order = np.argsort(-known)
        enough = int(np.searchsorted(np.cumsum(known[order]), top_p - 1e-6)) + 1
        assert mask.sum() == min(top_k, enough, 8)
        assert set(np.flatnonzero(np.delete(mask, 1))) == set(order[: mask.sum()])


@given(st.integers(1, 20), st.integers(1, 7), st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_pieces_of_a_stream_are_the_whole_sequences(longest: int, piece: int, seed: int) -> None:
    prompts, options = rows([1], [2]), {"longest": longest, "seed": seed}
    whole = Generator(uniform).generate(prompts, [], **options)
    pieces = list(Generator(uniform).stream(prompts, [], piece=piece, **options))
    assert all(len(part) <= piece for part in pieces)
    np.testing.assert_array_equal(np.concatenate(pieces).T, [row for row, _ in whole])


def test_a_stream_ends_when_all_sequences_have_ended() -> None:
    pieces = list(Generator(counting, end=0).stream(rows([4], [2]), [], longest=50, piece=3))
    assert np.concatenate(pieces).T.tolist() == [[4, 5, 0, 0, 0], [2, 3, 4, 5, 0]]


def test_temperature_0_draws_the_most_probable_symbol() -> None:
    def step(tokens: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        return tf.tile([[0.3, 0.4, 0.3]], [tf.shape(tokens)[0], 1]), states

    ((row, _),) = Generator(step).generate(rows([0]), [], longest=30, temperature=0.0)
    assert row.tolist() == [0] + [1] * 29


def test_a_model_with_few_positions_refuses_longer_sequences() -> None:
    with pytest.raises(CallerError, match="at most 4 tokens"):
        Generator(counting, most=4).generate(rows([1]), [], longest=5)
