"""Generating sequences with a next-symbol model: many at once, symbol by symbol, in one compiled loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.base.errors import CallerError

Tokens = NDArray[np.int32]
Step = Callable[[Any, list[Any]], tuple[Any, list[Any]]]
"""One symbol of each sequence through a model: `step(tokens, states) -> (probabilities, states)`.

tokens: (rows,) int32. states: a flat list of tensors of any shape; each keeps its shape and dtype. probabilities:
(rows, symbols) float32, of the next symbol.
"""

MAX_SHARPNESS, MIN_SHARPNESS = 1e9, 1e-9
"""Limits of 1 / temperature: at the first the most probable symbol is always drawn, at the second all symbols are
equally probable. Beyond them the scores would leave the range of float32."""


class Generator:
    """Draws sequences from a model; compiled at the first call.

    A recurrent network passes the states of its cells; a transformer passes a key-value cache of fixed length and the
    current position.

    Args:
        step: the model, see `Step`; it is traced into a graph.
        end: the symbol that ends a sequence; None for sequences that all reach the largest length.
        excluded: symbols that are never drawn.
        most: largest number of symbols of a sequence that the model can process; None if there is none.

    Example:
        >>> def step(tokens, states):  # counts 0, 1, 2, 0, …
        ...     return tf.one_hot((tokens + 1) % 3, 3), states
        >>> Generator(step).generate([np.array([0])], [], longest=5)
        [(array([0, 1, 2, 0, 1], dtype=int32), False)]
    """

    def __init__(
        self, step: Step, *, end: int | None = None, excluded: Sequence[int] = (), most: int | None = None
    ) -> None:
        self._step = step
        self._most = most
        self._end = -1 if end is None else end
        self._excluded = np.array(excluded, dtype=np.int32)
        self._loop = tf.function(self._generate, autograph=False, reduce_retracing=True)
        self._piece = tf.function(self._drawn, autograph=False, reduce_retracing=True)

    def generate(
        self,
        prompts: Sequence[Any],
        states: Sequence[Any],
        *,
        longest: int,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> list[tuple[Tokens, bool]]:
        """Continue each prompt. The same arguments give the same sequences.

        Args:
            prompts: (symbols,) int32 each, of at least one symbol; the first one may be `end`.
            states: the states before the first symbol.
            longest: largest number of symbols per sequence, the prompt included.
            temperature: divides the logarithms of the probabilities. Lower values make probable symbols more probable;
                0 always draws the most probable one.
            top_k: draw from the k most probable symbols only (Fan et al. 2018); 0 draws from all.
            top_p: draw from the most probable symbols that together have this probability (Holtzman et al. 2020).
            seed: seed of the random draws.

        Returns:
            For each prompt the sequence, prompt included and `end` excluded, and whether the model ended it.

        Raises:
            ValueError: a prompt is empty or longer than `longest`.
            CallerError: the model cannot process that many symbols.
        """
        arguments, forced = self._prepared(prompts, longest, temperature, top_k, top_p, seed)
        tokens, length = self._loop(tf.constant(forced), _tensors(states), **arguments)
        # The loop stops when every sequence has ended, and leaves the rest unwritten.
        return [_until(row, self._end) for row in tokens.numpy()[: int(length)].T]

    def stream(
        self,
        prompts: Sequence[Any],
        states: Sequence[Any],
        *,
        longest: int,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
        piece: int = 16,
    ) -> Iterator[Tokens]:
        """The sequences of `generate`, in pieces, each as soon as it is drawn.

        Args:
            prompts: see `generate`, as the arguments up to `seed`.
            states: the states before the first symbol.
            longest: largest number of symbols per sequence, the prompt included.
            temperature: see `generate`.
            top_k: see `generate`.
            top_p: see `generate`.
            seed: seed of the random draws.
            piece: symbols per piece.

        Yields:
            (symbols, rows) int32; a sequence that ended is filled with `end`. Nothing follows when all have ended.
        """
        arguments, forced = self._prepared(prompts, longest, temperature, top_k, top_p, seed)
        rows = len(prompts)
        yield forced[:1]
        ended, tokens, states = tf.zeros([rows], tf.bool), tf.constant(forced[0]), _tensors(states)
        for first in range(1, longest, piece):
            part = np.full((piece, rows), -1, dtype=np.int32)
            wanted = forced[first : first + piece]
            part[: len(wanted)] = wanted
            written, length, ended, tokens, *states = self._piece(
                tf.constant(part), tf.constant(first), ended, tokens, list(states), **arguments
            )
            yield written.numpy()[: min(int(length), len(wanted))]
            if bool(tf.reduce_all(ended)):
                return

    def _prepared(
        self, prompts: Sequence[Any], longest: int, temperature: float, top_k: int, top_p: float, seed: int
    ) -> tuple[dict[str, Any], Tokens]:
        """Options as tensors, and the symbols that are given, (longest, rows) int32; −1 where one is drawn."""
        if self._most is not None and longest > self._most:
            raise CallerError(
                f"the model can write at most {self._most} tokens, prompt included, not {longest}",
                "ask for a shorter text, or train a network whose positions are relative",
            )
        if not all(1 <= len(prompt) <= longest for prompt in prompts):
            raise ValueError(f"a prompt must have 1 to {longest} symbols")
        forced = np.full((longest, len(prompts)), -1, dtype=np.int32)
        for row, prompt in enumerate(prompts):
            forced[: len(prompt), row] = prompt
        sharpness = min(max(1 / temperature, MIN_SHARPNESS), MAX_SHARPNESS) if temperature else MAX_SHARPNESS
        return {
            "sharpness": tf.constant(sharpness, tf.float32),
            "top_k": tf.constant(top_k or np.iinfo(np.int32).max),
            "top_p": tf.constant(top_p, tf.float32),
            "seed": tf.constant(seed, tf.int64),
        }, forced

    def tokens(self, prompts: Any, states: list[Any], temperature: Any, top_k: Any, top_p: Any, seed: Any) -> Any:
        """`generate` as a function of tensors, for the signature of a SavedModel.

        Args:
            prompts: (rows, longest) int32, −1 behind the end of each prompt.
            states: the states before the first symbol.
            temperature: () float32; as of `generate`, like the next three.
            top_k: () int32.
            top_p: () float32.
            seed: () int64.

        Returns:
            (rows, symbols) int32 of at most `longest` symbols; a sequence that ended is filled with `end`.
        """
        sharpness = tf.clip_by_value(1 / temperature, MIN_SHARPNESS, MAX_SHARPNESS)
        most = tf.where(top_k > 0, top_k, np.iinfo(np.int32).max)
        tokens, length = self._generate(tf.transpose(prompts), states, sharpness, most, top_p, seed)
        return tf.transpose(tokens[:length])

    def _generate(self, forced: Any, states: list[Any], sharpness: Any, top_k: Any, top_p: Any, seed: Any) -> Any:
        ended = tf.zeros([tf.shape(forced)[1]], tf.bool)
        written, length, *_ = self._drawn(
            forced[1:], tf.constant(1), ended, forced[0], states, sharpness, top_k, top_p, seed
        )
        return tf.concat([forced[:1], written], axis=0), length + 1

    def _drawn(
        self,
        forced: Any,
        first: Any,
        ended: Any,
        tokens: Any,
        states: list[Any],
        sharpness: Any,
        top_k: Any,
        top_p: Any,
        seed: Any,
    ) -> Any:
        """Symbols number `first` and the following: (symbols, rows), how many were written before all sequences had
        ended, and for the next symbols `ended`, the last symbols and the states."""
        length = tf.shape(forced)[0]
        written = tf.TensorArray(tf.int32, length, element_shape=tokens.shape)

        def unfinished(number: Any, ended: Any, *_: Any) -> Any:
            return (number < length) & ~tf.reduce_all(ended)

        def body(number: Any, ended: Any, tokens: Any, written: Any, *states: Any) -> Any:
            probabilities, after = self._step(tokens, list(states))
            scores = filter_scores(tf.math.log(probabilities), sharpness, top_k, top_p, self._excluded)
            drawn = tf.random.stateless_categorical(
                scores, 1, tf.stack([seed, tf.cast(first + number, tf.int64)]), dtype=tf.int32
            )[:, 0]
            tokens = tf.where(forced[number] >= 0, forced[number], tf.where(ended, self._end, drawn))
            after = [tf.ensure_shape(new, old.shape) for new, old in zip(after, states, strict=True)]
            return number + 1, ended | (tokens == self._end), tokens, written.write(number, tokens), *after

        start = (0, ended, tokens, written, *states)
        number, ended, tokens, written, *states = tf.while_loop(unfinished, body, start, parallel_iterations=1)
        return written.stack(), number, ended, tokens, *states


def _tensors(states: Sequence[Any]) -> list[Any]:
    return [tf.convert_to_tensor(state) for state in states]


def _until(row: Tokens, end: int) -> tuple[Tokens, bool]:
    """The sequence before the first `end` that is not its first symbol, and whether there is one."""
    ends = np.flatnonzero(row[1:] == end)
    return (row[: ends[0] + 1], True) if len(ends) else (row, False)


def filter_scores(scores: Any, sharpness: Any, top_k: Any, top_p: Any, excluded: Any = ()) -> Any:
    """Scores at a temperature, with −∞ for the symbols that must not be drawn.

    Args:
        scores: (rows, symbols) float32, logarithms of weights.
        sharpness: 1 / temperature.
        top_k: number of symbols that may be drawn.
        top_p: probability that those symbols must have together; the most probable symbol is always kept.
        excluded: symbols that are never drawn.

    Returns:
        (rows, symbols) float32; the largest score of each row is 0.
    """
    symbols = tf.shape(scores)[1]
    banned = tf.reduce_sum(tf.one_hot(tf.constant(excluded, tf.int32), symbols), axis=0) > 0
    scores = tf.where(banned[None], -np.inf, scores)
    scores = (scores - tf.reduce_max(scores, axis=1, keepdims=True)) * sharpness
    ordered = tf.sort(scores, direction="DESCENDING")
    before = tf.cumsum(tf.nn.softmax(ordered), axis=1, exclusive=True)
    ranks = tf.range(symbols)
    kept = (ranks[None] < top_k) & ((before < top_p) | (ranks[None] == 0))
    least = tf.reduce_min(tf.where(kept, ordered, np.inf), axis=1, keepdims=True)
    return tf.where(scores >= least, scores, -np.inf)
