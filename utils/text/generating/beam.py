"""Beam search with a model that predicts the next token, in one compiled loop; greedy decoding with one beam.

Source:
    Wu et al., Google's Neural Machine Translation System, arXiv:1609.08144 (2016), section 7, for the length penalty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

Step = Callable[[Any, list[Any], list[Any]], tuple[Any, list[Any]]]
"""One token of each hypothesis through a model: `step(tokens, states, context) -> (logits, states)`.

tokens: (rows,) int32. states: tensors of any shape whose first axis is that of the rows; they follow their hypothesis.
context: tensors that all steps of a row share, such as the states of an encoder. logits: (rows, symbols) float32, of
the next token.
"""


def length_divisor(lengths: Any, penalty: Any) -> Any:
    """What the log-probability of a hypothesis is divided by: ((5 + length) / 6) ** penalty."""
    return ((5.0 + tf.cast(lengths, tf.float32)) / 6.0) ** penalty


def search(
    step: Step,
    states: Sequence[Any],
    context: Sequence[Any],
    *,
    start: int,
    end: int,
    beams: Any,
    longest: Any,
    penalty: Any,
    excluded: Sequence[int] = (),
) -> tuple[Any, Any]:
    """The best continuations of `start` that a beam search finds; inside a graph.

    At each step, the hypotheses with the highest scores are kept, whether they have ended or not. The score is the
    log-probability over `length_divisor`; the length includes `end`. With one beam this is greedy decoding. With as
    many beams as there are sequences it is an exhaustive search.

    Args:
        step: the model, see `Step`.
        states: the states of each row before the first token.
        context: of each row.
        start: the token before the first one.
        end: the token that ends a hypothesis.
        beams: number of hypotheses, () int32.
        longest: largest number of tokens, `end` included, () int32; hypotheses that have not ended by then end there.
        penalty: exponent of the length penalty, () float32; 0 compares log-probabilities.
        excluded: tokens that are never written.

    Returns:
        tokens: (rows, beams, longest) int32, best hypothesis first, filled with `end` behind their end.
        scores: (rows, beams) float32; −∞ where there are fewer hypotheses than beams.
    """
    beams, longest = tf.convert_to_tensor(beams), tf.convert_to_tensor(longest)
    shared = [tf.repeat(each, beams, axis=0) for each in context]
    loop = _Loop(step, shared, beams, longest, end, penalty, tuple(excluded))
    rows = tf.shape((list(states) + list(context))[0])[0]
    start_of_loop = (
        tf.constant(0),
        tf.fill([rows, beams], start),
        tf.fill([rows, beams, longest], end),
        # At first all hypotheses are equal: only one of them counts.
        tf.one_hot(tf.zeros([rows], tf.int32), beams, on_value=0.0, off_value=-float("inf")),
        tf.zeros([rows, beams], tf.int32),
        tf.zeros([rows, beams], tf.bool),
        *(tf.repeat(each, beams, axis=0) for each in states),
    )
    _, _, written, scores, lengths, *_ = tf.while_loop(
        loop.unfinished,
        loop.body,
        start_of_loop,
        shape_invariants=_open([each.shape for each in start_of_loop]),
        parallel_iterations=1,
    )
    return written, scores / length_divisor(lengths, penalty)


@dataclass(frozen=True)
class _Loop:
    """One step of the search; see `search` for the attributes."""

    step: Step
    context: list[Any]
    beams: Any
    longest: Any
    end: int
    penalty: Any
    excluded: tuple[int, ...]

    def unfinished(self, number: Any, *variables: Any) -> Any:
        """Whether a hypothesis has not ended, and may become longer."""
        ended = variables[4]
        return (number < self.longest) & ~tf.reduce_all(ended)

    def body(self, number: Any, tokens: Any, written: Any, scores: Any, lengths: Any, ended: Any, *states: Any) -> Any:
        """Extend each hypothesis by each token, and keep the best."""
        logits, after = self.step(tf.reshape(tokens, [-1]), list(states), self.context)
        symbols = tf.shape(logits)[1]
        found = tf.reshape(_log_probabilities(logits, self.excluded), [tf.shape(tokens)[0], self.beams, symbols])
        only_end = tf.where(tf.range(symbols) == self.end, 0.0, -float("inf"))
        totals = scores[..., None] + tf.where(ended[..., None], only_end, found)
        lengths = tf.where(ended, lengths, lengths + 1)
        ranked = totals / length_divisor(lengths, self.penalty)[..., None]
        _, best = tf.math.top_k(_flat(ranked), self.beams)
        origin, tokens = best // symbols, best % symbols
        here = tf.range(self.longest) == number
        written = tf.where(here, tokens[..., None], tf.gather(written, origin, batch_dims=1))
        lengths, ended = (tf.gather(each, origin, batch_dims=1) for each in (lengths, ended))
        scores = tf.gather(_flat(totals), best, batch_dims=1)
        return number + 1, tokens, written, scores, lengths, ended | (tokens == self.end), *self._follow(after, origin)

    def _follow(self, states: list[Any], origin: Any) -> list[Any]:
        """The states of the hypotheses that each new one comes from."""
        flat = tf.reshape(origin + tf.range(tf.shape(origin)[0])[:, None] * self.beams, [-1])
        return [tf.gather(state, flat) for state in states]


def _flat(values: Any) -> Any:
    """(rows, beams, symbols) to (rows, beams × symbols)."""
    return tf.reshape(values, [tf.shape(values)[0], -1])


def _open(shapes: Sequence[Any]) -> tuple[Any, ...]:
    """The shapes of the loop's variables, with rows and beams of any number."""
    pair, triple = tf.TensorShape([None, None]), tf.TensorShape([None, None, None])
    return (shapes[0], pair, triple, pair, pair, pair, *(tf.TensorShape([None, *each[1:]]) for each in shapes[6:]))


def _log_probabilities(logits: Any, excluded: Sequence[int]) -> Any:
    banned = tf.reduce_sum(tf.one_hot(tf.constant(list(excluded), tf.int32), tf.shape(logits)[1]), axis=0) > 0
    return tf.nn.log_softmax(tf.where(banned, -float("inf"), logits))
