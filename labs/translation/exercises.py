"""The exercises of the notebook on translation: teacher forcing, attention, what an encoder passes on, beam search."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.teaching.answers import Judge, Mistake, array, called, number
from utils.teaching.variants import Variants

Array = NDArray[Any]

TARGET = np.array([7, 4, 9])


def teacher_forcing(answer: Any) -> str:
    """A function of the tokens of a target, (tokens,), and the number of END: the decoder's inputs and its targets.

    Both are returned as an array of shape (2, tokens + 1).
    """
    signature = "teacher_forcing(target, end)"
    what = f"the inputs and the targets of the decoder for the target {TARGET.tolist()}, where END is 1"
    right = np.array([[1, 7, 4, 9], [7, 4, 9, 1]])
    mistakes = [
        Mistake(right[::-1], "the inputs come first: the decoder sees END and predicts the first token"),
        Mistake(
            np.array([TARGET, TARGET]), "the decoder would see the token that it predicts: shift the inputs by one"
        ),
        Mistake(np.array([[1, 7, 4], [7, 4, 9]]), "the decoder must learn when to stop: the last target is END"),
        Mistake(
            np.array([[1, 7, 4, 9, 1], [1, 7, 4, 9, 1]]),
            "the decoder would see the token that it predicts: shift by one",
        ),
        Mistake(np.array([[7, 4, 9, 1], [7, 4, 9, 1]]), "shift the inputs by one, and begin them with END"),
        Mistake(
            np.array([[0, 7, 4, 9], [7, 4, 9, 1]]), "the inputs begin with END, which also ends a target; 0 is padding"
        ),
    ]
    hint = "inputs: END, then the target; targets: the target, then END"
    given = called(answer, TARGET, 1, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    what = "the inputs and the targets of the target [5, 3], where END is 2"
    given = called(answer, np.array([5, 3]), 2, expected=what, signature=signature)
    array(given, np.array([[2, 5, 3], [5, 3, 2]]), what=what, hint="use the argument end")
    return (
        "All tokens of a target are predicted in one pass, because the true tokens before each are known in training."
    )


QUERY = np.array([2.0, -1.0])
KEYS = np.array([[1.0, 0.0], [0.5, -0.5], [0.0, 2.0], [9.0, 9.0]])
STATES = np.array([[1.0, 4.0], [3.0, 0.0], [-2.0, 1.0], [50.0, 50.0]])
MASK = np.array([1.0, 1.0, 1.0, 0.0])


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def attention(answer: Any) -> str:
    """A function of a query (width,), keys (source, width), states (source, units) and mask (source,): the context.

    The scores are the products of query and keys.
    """
    signature = "attention(query, keys, states, mask)"
    what = "the context, (units,), for four tokens of which the last one is padding"
    scores = KEYS @ QUERY
    right = _softmax(scores[:3]) @ STATES[:3]
    mistakes = [
        Mistake(_softmax(scores) @ STATES, "padding takes part: its weight must be 0"),
        Mistake(
            (_softmax(scores) * MASK) @ STATES, "the weights no longer sum to 1: mask the scores before the softmax"
        ),
        Mistake(_softmax(scores * MASK) @ STATES, "a score of 0 is not a weight of 0: give padding a very low score"),
        Mistake((scores * MASK) @ STATES, "the weights are the softmax of the scores"),
        Mistake(_softmax(scores[:3]) @ KEYS[:3], "the context is the weighted mean of the states, not of the keys"),
        Mistake(STATES[:3].mean(axis=0), "each token has a weight of its own, from its score"),
        Mistake(
            STATES[int(scores[:3].argmax())], "the mean of all states, weighted; not the state with the largest score"
        ),
        Mistake(np.append(_softmax(scores[:3]), 0), "those are the weights: multiply the states by them, and add up"),
        Mistake(_softmax(scores[:3] / np.sqrt(2)) @ STATES[:3], "the scores are products here, not divided by √width"),
    ]
    hint = "scores = keys @ query; add -1e9 where the mask is 0; softmax; weights @ states"
    array(
        called(answer, QUERY, KEYS, STATES, MASK, expected=what, signature=signature),
        right,
        what=what,
        mistakes=mistakes,
        hint=hint,
    )
    large = called(answer, 1000 * QUERY, KEYS, STATES, MASK, expected=what, signature=signature)
    what = "the state of the token with the largest score, for a query that is 1,000 times longer"
    hint = "exp of a large number is infinite: subtract the largest score of the tokens before exp"
    array(large, STATES[0], what=what, hint=hint)
    return "The context differs at each step of the decoder: it reads what it needs for the next token."


def passed_numbers(answer: Any, tokens: int = 30, units: int = 128) -> str:
    """How many numbers a bidirectional encoder of `units` per direction passes to a decoder with attention, for a
    source of `tokens` tokens: its states."""
    right = float(2 * units * tokens)
    what = f"the numbers of the states of {tokens} tokens, with {units} units in each of two directions"
    mistakes = [
        Mistake(float(units * tokens), "both directions have states: forwards and backwards"),
        Mistake(
            float(2 * units), "that is what a network without attention passes on: attention has a state per token"
        ),
        Mistake(float(units), "attention has a state for each token, in both directions"),
        Mistake(float(2 * units + tokens), "each of the tokens has a state: multiply"),
        Mistake(float(4 * units * tokens), "attention reads the outputs of the LSTM, not its memory cells"),
    ]
    hint = "one state per token; a state has the outputs of both directions"
    number(answer, right, what=what, mistakes=mistakes, hint=hint, close=1e-9)
    return "Without attention the decoder gets the same few numbers for a source of any length: that is the bottleneck."


FIRST = np.log([0.5, 0.4, 0.1])
SECOND = np.log([[0.3, 0.3, 0.4], [0.05, 0.9, 0.05], [0.2, 0.2, 0.6]])


def beam(answer: Any) -> str:
    """A function of log-probabilities of the first token (symbols,), of the second one given the first (symbols,
    symbols), and of a number of hypotheses: the two tokens that a beam search finds, and their log-probability."""
    signature = "beam_search(first, second, beams)"
    for beams, tokens in ((2, (1, 1)), (1, (0, 2))):
        what = f"the two tokens that {beams} hypothes{'es' if beams > 1 else 'is'} find, and their log-probability"
        right = np.array([*tokens, FIRST[tokens[0]] + SECOND[tokens]])
        other = (0, 2) if beams == 2 else (1, 1)
        why = (
            "that is greedy decoding: keep the best `beams` first tokens, not only one"
            if beams == 2
            else "with one hypothesis only the most probable first token is kept"
        )
        mistakes = [
            Mistake(np.array([*other, FIRST[other[0]] + SECOND[other]]), why),
            Mistake(np.array([*tokens, SECOND[tokens]]), "add the log-probability of the first token"),
            Mistake(
                np.array([*tokens, FIRST[tokens[0]] * SECOND[tokens]]), "log-probabilities are added, not multiplied"
            ),
            Mistake(np.array([*tokens, np.exp(right[2])]), "return the logarithm of the probability"),
            Mistake(np.array([*tokens, -right[2]]), "a log-probability is not positive: do not change its sign"),
        ]
        hint = "keep the `beams` best first tokens; add their second tokens; take the pair with the largest sum"
        given = called(answer, FIRST, SECOND, beams, expected=what, signature=signature)
        array(given, right, what=what, mistakes=mistakes, hint=hint)
    random = np.random.default_rng(0)
    first, second = np.log(random.dirichlet(np.ones(6))), np.log(random.dirichlet(np.ones(6), size=6))
    totals = first[:, None] + second
    row, column = divmod(int(totals.argmax()), 6)
    what = "the best of all pairs of six symbols, with six hypotheses"
    given = called(answer, first, second, 6, expected=what, signature=signature)
    array(given, np.array([row, column, totals.max()]), what=what, hint="use the arguments, and any number of symbols")
    return "A second hypothesis finds a pair of probability 0.36, greedy decoding one of 0.20."


EXERCISES: dict[str, Judge] = {
    "teacher_forcing": teacher_forcing,
    "attention": attention,
    "passed_numbers": passed_numbers,
    "beam": beam,
}

HINTS = {
    "teacher_forcing": "np.array([[end, *target], [*target, end]])",
    "attention": "scores = np.where(mask > 0, keys @ query, -np.inf); scores -= scores.max(); "
    "weights = np.exp(scores) / np.exp(scores).sum(); then weights @ states",
    "passed_numbers": "the number of tokens times twice the number of units",
    "beam": "kept = np.argsort(-first)[:beams]; for each of them first[token] + second[token] has the log-probabilities"
    " of its pairs: take the largest of all",
}

VARIANTS = {
    "passed_numbers": Variants(
        "a source of {tokens} tokens and an encoder with {units} units in each direction",
        {"tokens": (20, 25, 40, 50, 60), "units": (40, 50, 100, 200, 250)},
    )
}
