"""The exercises of the notebook on music."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, NotYetError, array, called, number, shown
from utils.teaching.variants import Variants

TEXT = np.array([9, 4, 7, 1, 8, 3, 6, 2, 5, 0], dtype="int32")
LENGTH = 4


def windows(answer: Any) -> str:
    """A function of text, (symbols,), and length: consecutive windows; returns inputs and targets."""
    signature = "windows(text, length)"
    hint = "window w begins at w·length; its inputs are text[start : start + length], its targets are shifted by one"
    for text, length in ((TEXT, LENGTH), (TEXT[:7], 3), (TEXT, 2)):
        count = (len(text) - 1) // length
        what = f"windows of {length} from {len(text)} symbols"
        right = _windows(text, length, length, count)
        every = _windows(text, length, 1, len(text) - length)
        gaps = _windows(text, length, length + 1, len(text) // (length + 1))
        mistakes = [
            (
                (right[0], right[0]),
                "the targets equal the inputs: move them on by one, because the next symbol is predicted",
            ),
            (right[::-1], "return the inputs first, then the targets"),
            (
                (right[0], _before(text, length, count)),
                "the targets are the previous symbols: move them on by one, not back",
            ),
            (every, "the windows overlap: each begins `length` symbols after the previous one"),
            (
                gaps,
                "a symbol between two windows is never an input: each begins `length` symbols after the previous one",
            ),
            (
                (right[0], np.concatenate([right[0][:, 1:], right[0][:, :1]], axis=1)),
                "the last target of a window is the next symbol of the text, not the window's own first one",
            ),
        ]
        given = called(answer, text, length, expected=what, signature=signature)
        inputs, targets = _pair(given, "the pair (inputs, targets)", "end with `return inputs, targets`")
        for wrong, hint_ in mistakes:
            if _equal(inputs, wrong[0]) and _equal(targets, wrong[1]) and not _equal(wrong[1], right[1]):
                raise NotYetError(f"inputs and targets of {what}", f"targets {np.asarray(targets).tolist()}", hint_)
        array(inputs, right[0], what=f"the inputs of {what}", mistakes=_counted(right[0]), hint=hint)
        array(targets, right[1], what=f"the targets of {what}", hint=hint)
    return "Every symbol except the first is a target once: a window of length n gives n predictions."


def _windows(text: Array, length: int, stride: int, count: int) -> tuple[Array, Array]:
    places = np.arange(count)[:, None] * stride + np.arange(length)
    return text[places], text[places + 1]


def _before(text: Array, length: int, count: int) -> Array:
    """The symbol before each input."""
    return np.roll(text, 1)[: count * length].reshape(count, length)


def _counted(right: Array) -> list[Mistake]:
    """One window too few: the last full one is missing."""
    return [Mistake(right[:-1], "a window is missing: include the last one whose inputs and targets are complete")]


def _equal(given: Any, other: Any) -> bool:
    try:
        return np.shape(given) == np.shape(other) and bool(np.all(np.asarray(given) == np.asarray(other)))
    except (TypeError, ValueError):
        return False


def _pair(given: Any, expected: str, hint: str) -> tuple[Any, Any]:
    """Two arrays of rows: a tuple, a list or an array of the two."""
    several = isinstance(given, tuple | list) or (isinstance(given, np.ndarray) and given.ndim == 3)
    if several and len(given) == 2:
        return given[0], given[1]
    raise NotYetError(expected, shown(given), hint)


PROBABILITIES = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.25, 0.7, 0.05], [0.2, 0.2, 0.6]])
TARGETS = np.array([0, 2, 0, 1])


def bits(answer: Any) -> str:
    """A function of probabilities, (positions, symbols), and targets, (positions,): bits per character."""
    what = "the bits per character of four predictions"
    signature = "bits(probabilities, targets)"
    hint = "take the logarithm to base 2 of each target's probability, then the mean, and change the sign"
    chosen = PROBABILITIES[np.arange(4), TARGETS]
    right = float(-np.log2(chosen).mean())
    entropy = -(PROBABILITIES * np.log2(PROBABILITIES)).sum(axis=1)
    mistakes = [
        Mistake(right * math.log(2), "those are nats: take the logarithm to base 2, or divide by ln 2"),
        Mistake(-right, "the logarithm of a probability is negative: change the sign"),
        Mistake(right * 4, "that is the whole text: divide by the number of characters"),
        Mistake(float(-np.log2(chosen.mean())), "take the logarithm of each probability first, then the mean"),
        Mistake(
            float(entropy.mean()), "that is the entropy of the predictions: use only the probabilities of the targets"
        ),
        Mistake(
            float(-np.log2(PROBABILITIES.max(axis=1)).mean()),
            "that takes the most probable character: take the target",
        ),
        Mistake(2**right, "that is the perplexity, 2 to the power of the bits: return the bits"),
        Mistake(float(-np.log10(chosen).mean()), "take the logarithm to base 2"),
    ]
    given = called(answer, PROBABILITIES, TARGETS, expected=what, signature=signature)
    number(given, right, what=what, mistakes=mistakes, hint=hint)
    even = np.full((3, 8), 1 / 8)
    given = called(answer, even, np.array([0, 5, 7]), expected=what, signature=signature)
    number(given, 3.0, what="3 bits if eight characters are equally probable", hint=hint)
    return "It is the average number of yes-or-no questions that it takes to find the next character."


STATES = np.array([[0.5, -0.9, 0.1], [0.0, 0.6, -0.3]])
GRADIENTS = np.array([[1.0, 0.5, -2.0], [0.3, -1.0, 0.7]])
WEIGHTS = np.array([[0.2, -0.5, 0.9], [1.1, 0.3, -0.7], [-0.4, 0.8, 0.6]])


def step_back(answer: Any) -> str:
    """A function of gradient and state, (rows, units), and weights, (units, units): the gradient one step back."""
    what = "the gradient with respect to the previous state"
    signature = "step_back(gradient, state, weights)"
    squashed = GRADIENTS * (1 - STATES**2)
    right = squashed @ WEIGHTS.T
    mistakes = [
        Mistake(
            squashed @ WEIGHTS, "going back, the weights are transposed: unit i feeds unit j through weights[i, j]"
        ),
        Mistake(GRADIENTS @ WEIGHTS.T, "the slope of the hyperbolic tangent is missing: it is 1 − state²"),
        Mistake(squashed, "that is the gradient at the input of tanh: multiply it by the transposed weights"),
        Mistake(
            (GRADIENTS * (1 - np.tanh(STATES) ** 2)) @ WEIGHTS.T,
            "the state is already the output of tanh: the slope is 1 − state²",
        ),
        Mistake((GRADIENTS * (1 - STATES)) @ WEIGHTS.T, "the slope of tanh is 1 − state²: the square is missing"),
        Mistake((GRADIENTS * STATES) @ WEIGHTS.T, "the slope of tanh is 1 − state²"),
        Mistake(
            (GRADIENTS * STATES * (1 - STATES)) @ WEIGHTS.T,
            "that is the slope of the sigmoid; this state comes from tanh: 1 − state²",
        ),
        Mistake(
            (GRADIENTS @ WEIGHTS.T) * (1 - STATES**2),
            "the order is reversed: go back through tanh first, then through the weights",
        ),
    ]
    given = called(answer, GRADIENTS, STATES, WEIGHTS, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint="(gradient · slope of tanh) times the transposed weights")
    return "Going back a hundred steps multiplies a hundred times: that is why gradients vanish or explode."


def parameters(answer: Any, n: int = 100, m: int = 50) -> str:
    """The parameters of an LSTM of n units on vectors of m."""
    number(
        answer,
        4 * (n * (n + m) + n),
        what=f"the parameters of an LSTM of {n} units on vectors of {m}",
        mistakes=[
            Mistake(n * (n + m) + n, "that is one gate: there are four such sets, for three gates and the candidate"),
            Mistake(3 * (n * (n + m) + n), "there are four sets: three gates and the candidate"),
            Mistake(4 * n * (n + m), "each unit of each gate has a bias too"),
            Mistake(4 * (n * m + n), "each gate also takes the previous output: n + m values"),
            Mistake(4 * (n * n + n), "each gate also takes the character's vector: n + m values"),
            Mistake(4 * (m * (n + m) + m), "n is the number of units, m the width of the input: swap them"),
            Mistake(4 * (n * (n + m) + n + m), "each gate has one bias per unit: n of them"),
        ],
        hint="four times: n units, each with n + m weights and a bias",
        close=1e-9,
    )
    return "It grows with the square of the number of units: twice the units have nearly four times the parameters."


INPUT = np.array([[1.0, -0.5], [0.3, 2.0]])
OUTPUT = np.array([[0.2, -0.4, 0.6], [0.0, 0.5, -0.1]])
MEMORY = np.array([[1.5, -0.3, 0.8], [-0.7, 0.4, 1.2]])
KERNEL = np.array(
    [
        [0.5, -0.2, 0.1, 0.7, -0.6, 0.3, 0.9, -0.8, 0.4, 0.2, 0.1, -0.3],
        [-0.1, 0.6, -0.4, 0.2, 0.8, -0.5, -0.3, 0.1, 0.7, -0.9, 0.5, 0.6],
    ]
)
RECURRENT = np.array(
    [
        [0.3, 0.1, -0.2, 0.4, 0.2, 0.6, -0.7, 0.5, 0.1, 0.2, -0.4, 0.3],
        [-0.5, 0.2, 0.7, -0.1, 0.3, 0.1, 0.4, -0.6, 0.2, 0.8, 0.1, -0.2],
        [0.1, -0.3, 0.4, 0.6, -0.2, 0.5, 0.2, 0.3, -0.1, -0.6, 0.7, 0.4],
    ]
)
BIAS = np.array([0.0, 0.1, -0.1, 1.0, 1.0, 1.0, 0.2, 0.0, -0.2, 0.1, 0.0, 0.3])


def lstm_step(answer: Any) -> str:
    """A function of x, h, c, kernel, recurrent, bias: one step of an LSTM in Keras's layout; returns (h, c)."""
    what = "(h, c) after one step, for two texts and three units"
    signature = "lstm_step(x, h, c, kernel, recurrent, bias)"
    hint = "z = x @ kernel + h @ recurrent + bias; np.split(z, 4, axis=1); c = f·c + i·g; h = o·tanh(c)"
    sums = INPUT @ KERNEL + OUTPUT @ RECURRENT + BIAS
    right = _cell(sums)
    a, b, c, d = np.split(sums, 4, axis=1)
    forgotten = _sigmoid(b) * OUTPUT + _sigmoid(a) * np.tanh(c)
    rest = (1 - _sigmoid(b)) * MEMORY + _sigmoid(a) * np.tanh(c)
    mistakes = [
        (right[::-1], "return h first, then c"),
        (_cell(sums - BIAS), "the bias is missing"),
        (_cell(INPUT @ KERNEL + BIAS), "the previous output h enters every gate: h @ recurrent is missing"),
        (_cell(OUTPUT @ RECURRENT + BIAS), "the input enters every gate: x @ kernel is missing"),
        (
            _cell(np.concatenate([a, c, b, d], axis=1)),
            "Keras's order is i, f, g, o: forget gate second, candidate third",
        ),
        (_cell(np.concatenate([b, a, c, d], axis=1)), "Keras's order is i, f, g, o: the input gate is the first"),
        ((_sigmoid(d) * right[1], right[1]), "the output is the output gate times tanh of the memory"),
        ((_sigmoid(d) * np.tanh(MEMORY), right[1]), "the output uses the new memory, not the old one"),
        ((_sigmoid(d) * np.tanh(forgotten), forgotten), "the forget gate multiplies the memory c, not the output h"),
        ((_sigmoid(d) * np.tanh(rest), rest), "the forget gate is the fraction that is kept: f·c, not (1 − f)·c"),
        (_cell(sums, candidate=_sigmoid), "the candidate uses tanh, so that it can be negative"),
        ((np.tanh(right[1]), right[1]), "the output gate is missing: h = o·tanh(c)"),
    ]
    given = called(answer, INPUT, OUTPUT, MEMORY, KERNEL, RECURRENT, BIAS, expected=what, signature=signature)
    output, memory = _pair(given, "the pair (h, c)", "end with `return h, c`")
    known = [Mistake(np.stack(wrong), hint_) for wrong, hint_ in mistakes]
    array([output, memory], np.stack(right), what=what, mistakes=known, hint=hint)
    return "If f is near 1, a step hardly changes the memory, nor its gradient on the way back."


def _sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


def _cell(sums: Array, candidate: Any = np.tanh) -> tuple[Array, Array]:
    """Output and memory, (rows, units) each, from the gates' pre-activations in Keras's order."""
    admit, keep, new, out = np.split(sums, 4, axis=1)
    memory = _sigmoid(keep) * MEMORY + _sigmoid(admit) * candidate(new)
    return _sigmoid(out) * np.tanh(memory), memory


SHARES = np.array([0.6, 0.3, 0.08, 0.02])


def with_temperature(answer: Any) -> str:
    """A function of probabilities, (symbols,), and a temperature: the probabilities to draw from."""
    signature = "with_temperature(probabilities, temperature)"
    hint = "divide the logarithms by the temperature, take the exponential, and divide by the sum"
    for temperature in (0.5, 2.0):
        what = f"the probabilities at temperature {temperature:g}"
        raised = SHARES ** (1 / temperature)
        exponentials = np.exp(SHARES / temperature)
        mistakes = [
            Mistake(SHARES, "nothing changed: divide the logarithms by the temperature, not the probabilities"),
            Mistake(raised, "these do not sum to 1: divide by their sum"),
            Mistake(
                _share(SHARES**temperature), "that is the other way round: divide the logarithms, do not multiply them"
            ),
            Mistake(_share(exponentials), "softmax takes logarithms: take the logarithm of the probabilities first"),
            Mistake(exponentials, "softmax takes logarithms: take the logarithm of the probabilities first"),
            Mistake(
                np.log(SHARES) / temperature, "those are still logarithms: take the exponential, then divide by the sum"
            ),
            Mistake(SHARES / temperature, "divide the logarithms, not the probabilities"),
            Mistake(
                np.eye(4)[0], "that is only the most probable symbol: at this temperature the others can be drawn too"
            ),
        ]
        given = called(answer, SHARES, temperature, expected=what, signature=signature)
        array(given, _share(raised), what=what, mistakes=mistakes, hint=hint)
    given = called(answer, SHARES, 1.0, expected="the same probabilities at temperature 1", signature=signature)
    array(given, SHARES, what="the same probabilities at temperature 1", hint=hint)
    return (
        "Below 1, probable symbols become more probable; near 0 only the most probable one is drawn, and tunes repeat."
    )


def _share(weights: Array) -> Array:
    return np.asarray(weights / weights.sum())


EXERCISES: dict[str, Judge] = {
    "windows": windows,
    "bits": bits,
    "step_back": step_back,
    "parameters": parameters,
    "lstm_step": lstm_step,
    "with_temperature": with_temperature,
}

HINTS = {
    "windows": "count = (len(text) - 1) // length; reshape text[: count * length], and the same one symbol later",
    "bits": "chosen = probabilities[np.arange(len(targets)), targets]; then -np.log2(chosen).mean()",
    "step_back": "multiply the gradient by 1 - state**2 element by element, then (…) @ weights.T",
    "parameters": "one gate: n × (n + m) weights and n biases; there are four of them",
    "lstm_step": "i, f, g, o = np.split(z, 4, axis=1); sigmoid for i, f and o, np.tanh for g and for the new c",
    "with_temperature": "weights = np.exp(np.log(probabilities) / temperature); return weights / weights.sum()",
}
VARIANTS = {
    "parameters": Variants(
        "{n} units that read vectors of {m} numbers", {"n": (60, 80, 128, 150, 200), "m": (20, 32, 40, 64)}
    )
}
