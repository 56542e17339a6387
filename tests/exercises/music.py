"""Answers to the exercises on music."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tests.exercises import Answers, Wrong


def windows(text: Any, length: Any) -> Any:
    count = (len(text) - 1) // length
    return text[: count * length].reshape(count, length), text[1 : count * length + 1].reshape(count, length)


def windows_by_loop(text: Any, length: Any) -> Any:
    starts = range(0, len(text) - length, length)
    return [list(text[s : s + length]) for s in starts], [list(text[s + 1 : s + length + 1]) for s in starts]


def windows_by_places(text: Any, length: Any) -> Any:
    places = np.arange(0, len(text) - length, length)[:, None] + np.arange(length + 1)
    both = text[places]
    return np.stack([both[:, :-1], both[:, 1:]])


def windows_with_gaps(text: Any, length: Any) -> Any:
    both = text[: len(text) // (length + 1) * (length + 1)].reshape(-1, length + 1)
    return both[:, :-1], both[:, 1:]


def windows_everywhere(text: Any, length: Any) -> Any:
    both = np.lib.stride_tricks.sliding_window_view(text, length + 1)
    return both[:, :-1], both[:, 1:]


def windows_too_few(text: Any, length: Any) -> Any:
    inputs, targets = windows(text, length)
    return inputs[:-1], targets[:-1]


def windows_rolled(text: Any, length: Any) -> Any:
    inputs, _ = windows(text, length)
    return inputs, np.roll(inputs, -1, axis=1)


def windows_looking_back(text: Any, length: Any) -> Any:
    inputs, _ = windows(text, length)
    return inputs, np.roll(text, 1)[: inputs.size].reshape(inputs.shape)


def chosen(probabilities: Any, targets: Any) -> Any:
    return probabilities[np.arange(len(targets)), targets]


def step_back_by_loop(gradient: Any, state: Any, weights: Any) -> Any:
    before = np.zeros_like(gradient)
    rows, units = gradient.shape
    for row in range(rows):
        for i in range(units):
            for j in range(units):
                before[row, i] += gradient[row, j] * (1 - state[row, j] ** 2) * weights[i, j]
    return before.tolist()


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def cell(z: Any, c: Any) -> Any:
    i, f, g, o = np.split(z, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def lstm_step(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    return cell(x @ kernel + h @ recurrent + bias, c)


def lstm_by_gates(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    n = h.shape[1]
    gates = [
        x @ kernel[:, k * n : (k + 1) * n] + h @ recurrent[:, k * n : (k + 1) * n] + bias[k * n : (k + 1) * n]
        for k in range(4)
    ]
    c = c / (1 + np.exp(-gates[1])) + np.tanh(gates[2]) / (1 + np.exp(-gates[0]))
    return np.array([np.tanh(c) / (1 + np.exp(-gates[3])), c])


def lstm_by_keras(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    layer = keras.layers.LSTMCell(h.shape[1], dtype="float64")
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, bias])
    return layer(x, [h, c])[1]


def lstm_keeping_output(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    return cell(x @ kernel + h @ recurrent + bias, h)


def lstm_of_old_memory(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    z = x @ kernel + h @ recurrent + bias
    return sigmoid(np.split(z, 4, axis=1)[3]) * np.tanh(c), cell(z, c)[1]


def lstm_forgetting(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    c = (1 - sigmoid(f)) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def lstm_positive(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * sigmoid(g)
    return sigmoid(o) * np.tanh(c), c


def lstm_unsquashed(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    z = x @ kernel + h @ recurrent + bias
    return sigmoid(np.split(z, 4, axis=1)[3]) * cell(z, c)[1], cell(z, c)[1]


def lstm_open(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    c = lstm_step(x, h, c, kernel, recurrent, bias)[1]
    return np.tanh(c), c


def lstm_in_order(order: str) -> Any:
    """One that takes the gates in another order than Keras's i, f, g, o."""

    def step(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
        parts = dict(zip(order, np.split(x @ kernel + h @ recurrent + bias, 4, axis=1), strict=True))
        return cell(np.concatenate([parts[name] for name in "ifgo"], axis=1), c)

    return step


def tempered(probabilities: Any, temperature: Any) -> Any:
    weights = np.exp(np.log(probabilities) / temperature)
    return weights / weights.sum()


def only_the_likeliest(probabilities: Any, temperature: Any) -> Any:
    return np.eye(len(probabilities))[np.argmax(probabilities)]


ANSWERS = {
    "windows": Answers(
        right=[windows, windows_by_loop, windows_by_places],
        wrong=[
            Wrong(lambda text, length: windows(text, length)[:1] * 2, "move them on by one"),
            Wrong(lambda text, length: windows(text, length)[::-1], "inputs first"),
            Wrong(windows_looking_back, "not back"),
            Wrong(windows_everywhere, "overlap"),
            Wrong(windows_with_gaps, "never an input"),
            Wrong(windows_rolled, "own first one"),
            Wrong(windows_too_few, "a window is missing"),
            Wrong(lambda text, length: windows(text, length)[0], "return inputs, targets"),
            Wrong(lambda text, length: windows(text, 4), "begins at w·length"),
            Wrong(lambda text, length: (text[:-1], text[1:]), "check the shape"),
        ],
    ),
    "bits": Answers(
        right=[
            lambda probabilities, targets: -np.log2(chosen(probabilities, targets)).mean(),
            lambda probabilities, targets: -np.log(chosen(probabilities, targets)).mean() / np.log(2),
            lambda probabilities, targets: (
                sum(-np.log2(row[target]) for row, target in zip(probabilities, targets, strict=True)) / len(targets)
            ),
            lambda probabilities, targets: (
                keras.ops.mean(keras.losses.sparse_categorical_crossentropy(targets, probabilities)) / np.log(2)
            ),
        ],
        wrong=[
            Wrong(lambda probabilities, targets: -np.log(chosen(probabilities, targets)).mean(), "nats"),
            Wrong(lambda probabilities, targets: np.log2(chosen(probabilities, targets)).mean(), "sign"),
            Wrong(
                lambda probabilities, targets: -np.log2(chosen(probabilities, targets)).sum(), "divide by the number"
            ),
            Wrong(lambda probabilities, targets: -np.log2(chosen(probabilities, targets).mean()), "logarithm of each"),
            Wrong(lambda probabilities, targets: -(probabilities * np.log2(probabilities)).sum(1).mean(), "entropy"),
            Wrong(lambda probabilities, targets: -np.log2(probabilities.max(axis=1)).mean(), "most probable"),
            Wrong(lambda probabilities, targets: 2 ** -np.log2(chosen(probabilities, targets)).mean(), "perplexity"),
            Wrong(lambda probabilities, targets: -np.log10(chosen(probabilities, targets)).mean(), "base 2"),
            Wrong(lambda probabilities, targets: -np.log2(chosen(probabilities, targets)), "the mean"),
            Wrong(lambda probabilities, targets: -np.log2([0.5, 0.8, 0.25, 0.2]).mean(), "change the sign"),
        ],
    ),
    "step_back": Answers(
        right=[
            lambda gradient, state, weights: (gradient * (1 - state**2)) @ weights.T,
            lambda gradient, state, weights: np.einsum("rj,ij->ri", gradient * (1 + state) * (1 - state), weights),
            lambda gradient, state, weights: (weights @ (gradient * (1 - np.square(state))).T).T,
            step_back_by_loop,
        ],
        wrong=[
            Wrong(lambda gradient, state, weights: (gradient * (1 - state**2)) @ weights, "transposed"),
            Wrong(lambda gradient, state, weights: gradient @ weights.T, "tangent is missing"),
            Wrong(lambda gradient, state, weights: gradient * (1 - state**2), "transposed weights"),
            Wrong(lambda gradient, state, weights: (gradient * (1 - np.tanh(state) ** 2)) @ weights.T, "already"),
            Wrong(lambda gradient, state, weights: (gradient * (1 - state)) @ weights.T, "square is missing"),
            Wrong(lambda gradient, state, weights: (gradient * state) @ weights.T, "1 − state²"),
            Wrong(lambda gradient, state, weights: (gradient * state * (1 - state)) @ weights.T, "sigmoid"),
            Wrong(lambda gradient, state, weights: (gradient @ weights.T) * (1 - state**2), "order is reversed"),
            Wrong(lambda gradient, state, weights: gradient, "transposed weights"),
        ],
    ),
    "parameters": Answers(
        right=[60_400, 60_400.0, np.int64(60_400), np.array([60_400])],
        wrong=[
            Wrong(15_100, "one gate"),
            Wrong(45_300, "four sets"),
            Wrong(60_000, "bias too"),
            Wrong(20_400, "previous output"),
            Wrong(40_400, "vector"),
            Wrong(30_200, "swap"),
            Wrong(60_600, "n of them"),
            Wrong(100, "four times"),
        ],
    ),
    "lstm_step": Answers(
        right=[lstm_step, lstm_by_gates, lstm_by_keras],
        wrong=[
            Wrong(lambda *given: lstm_step(*given)[::-1], "h first"),
            Wrong(lambda x, h, c, kernel, recurrent, bias: lstm_step(x, h, c, kernel, recurrent, 0), "bias is missing"),
            Wrong(lambda x, h, c, kernel, recurrent, bias: cell(x @ kernel + bias, c), "h @ recurrent"),
            Wrong(lambda x, h, c, kernel, recurrent, bias: cell(h @ recurrent + bias, c), "x @ kernel"),
            Wrong(lstm_in_order("igfo"), "forget gate second"),
            Wrong(lstm_in_order("figo"), "input gate is the first"),
            Wrong(lstm_unsquashed, "tanh of the memory"),
            Wrong(lstm_of_old_memory, "new memory"),
            Wrong(lstm_keeping_output, "not the output h"),
            Wrong(lstm_forgetting, "that is kept"),
            Wrong(lstm_positive, "negative"),
            Wrong(lstm_open, "output gate is missing"),
            Wrong(lambda *given: lstm_step(*given)[0], "return h, c"),
            Wrong(lambda x, h, *rest: (h, h), "np.split"),
            Wrong(lambda x, h, *rest: (h[0], h), "np.split"),
        ],
    ),
    "with_temperature": Answers(
        right=[
            tempered,
            lambda probabilities, temperature: (
                probabilities ** (1 / temperature) / np.sum(probabilities ** (1 / temperature))
            ),
            lambda probabilities, temperature: keras.ops.softmax(np.log(probabilities) / temperature),
            lambda probabilities, temperature: tempered(probabilities, temperature).tolist(),
        ],
        wrong=[
            Wrong(lambda probabilities, temperature: probabilities, "not the probabilities"),
            Wrong(lambda probabilities, temperature: probabilities ** (1 / temperature), "divide by their sum"),
            Wrong(lambda probabilities, temperature: tempered(probabilities, 1 / temperature), "other way round"),
            Wrong(lambda probabilities, temperature: tempered(np.exp(probabilities), temperature), "softmax takes"),
            Wrong(lambda probabilities, temperature: np.exp(probabilities / temperature), "softmax takes"),
            Wrong(lambda probabilities, temperature: np.log(probabilities) / temperature, "still logarithms"),
            Wrong(lambda probabilities, temperature: probabilities / temperature, "not the probabilities"),
            Wrong(only_the_likeliest, "most probable"),
            Wrong(lambda probabilities, temperature: tempered(probabilities, 0.5), "divide the logarithms"),
            Wrong(lambda probabilities, temperature: tempered(probabilities, temperature)[:2], "check the shape"),
        ],
    ),
}
