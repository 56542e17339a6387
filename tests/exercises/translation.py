"""Answers to the exercises on translation."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tests.exercises import Answers, Wrong


def softmax(scores: Any) -> Any:
    powers = np.exp(scores - np.max(scores))
    return powers / powers.sum()


def attend(query: Any, keys: Any, states: Any, mask: Any) -> Any:
    return softmax(keys @ query - 1e9 * (1 - mask)) @ states


def attend_by_loop(query: Any, keys: Any, states: Any, mask: Any) -> Any:
    real = [row for row in range(len(mask)) if mask[row]]
    scores = [sum(a * b for a, b in zip(query, keys[row], strict=True)) for row in real]
    weights = softmax(np.array(scores))
    return sum(weight * states[row] for weight, row in zip(weights, real, strict=True))


def attend_in_keras(query: Any, keys: Any, states: Any, mask: Any) -> Any:
    scores = keras.ops.where(mask > 0, keras.ops.matmul(keys, query), -1e9)
    return keras.ops.matmul(keras.ops.softmax(scores), states)


def search(first: Any, second: Any, beams: Any) -> Any:
    kept = np.argsort(-first)[:beams]
    totals = first[kept, None] + second[kept]
    row, column = divmod(int(totals.argmax()), second.shape[1])
    return kept[row], column, totals.max()


def search_by_loop(first: Any, second: Any, beams: Any) -> Any:
    kept = sorted(range(len(first)), key=lambda token: -first[token])[:beams]
    return max(
        ([one, other, first[one] + second[one, other]] for one in kept for other in range(len(first))),
        key=lambda found: found[2],
    )


ANSWERS = {
    "teacher_forcing": Answers(
        right=[
            lambda target, end: np.array([[end, *target], [*target, end]]),
            lambda target, end: (np.append(end, target), np.append(target, end)),
            lambda target, end: [[end, *target.tolist()], [*target.tolist(), end]],
        ],
        wrong=[
            Wrong(lambda target, end: [[*target, end], [end, *target]], "come first"),
            Wrong(lambda target, end: [target, target], "shift the inputs"),
            Wrong(lambda target, end: [[end, *target[:-1]], target], "when to stop"),
            Wrong(lambda target, end: [[end, *target, end], [end, *target, end]], "shift by one"),
            Wrong(lambda target, end: [[*target, end], [*target, end]], "begin them with END"),
            Wrong(lambda target, end: [[0, *target], [*target, end]], "0 is padding"),
            Wrong(lambda target, end: [[1, *target], [*target, 1]], "use the argument end"),
            Wrong(lambda target, end: np.zeros((2, 9)), "check the shape"),
        ],
    ),
    "attention": Answers(
        right=[attend, attend_by_loop, attend_in_keras],
        wrong=[
            Wrong(lambda q, k, s, m: softmax(k @ q) @ s, "padding takes part"),
            Wrong(lambda q, k, s, m: (softmax(k @ q) * m) @ s, "before the softmax"),
            Wrong(lambda q, k, s, m: softmax((k @ q) * m) @ s, "not a weight of 0"),
            Wrong(lambda q, k, s, m: ((k @ q) * m) @ s, "softmax of the scores"),
            Wrong(lambda q, k, s, m: attend(q, k, k, m), "not of the keys"),
            Wrong(lambda q, k, s, m: (s * m[:, None]).sum(axis=0) / m.sum(), "a weight of its own"),
            Wrong(lambda q, k, s, m: s[np.where(m > 0, k @ q, -99).argmax()], "weighted"),
            Wrong(lambda q, k, s, m: softmax(k @ q - 1e9 * (1 - m)), "those are the weights"),
            Wrong(lambda q, k, s, m: attend(q / 2**0.5, k, s, m), "not divided by"),
            Wrong(lambda q, k, s, m: np.exp(k @ q) * m / (np.exp(k @ q) * m).sum() @ s, "subtract the largest score"),
        ],
    ),
    "passed_numbers": Answers(
        right=[7680, 7680.0, np.int64(30 * 256)],
        wrong=[
            Wrong(3840, "both directions"),
            Wrong(256, "a state per token"),
            Wrong(128, "for each token"),
            Wrong(286, "multiply"),
            Wrong(15_360, "not its memory cells"),
            Wrong(30, "one state per token"),
        ],
    ),
    "beam": Answers(
        right=[search, search_by_loop, lambda first, second, beams: np.array(search(first, second, beams), "float32")],
        wrong=[
            Wrong(lambda first, second, beams: search(first, second, 1), "greedy decoding"),
            Wrong(lambda first, second, beams: search(first, second, 3), "with one hypothesis"),
            Wrong(
                lambda first, second, beams: (
                    (found := search(first, second, beams))[0],
                    found[1],
                    second[found[0], found[1]],
                ),
                "add the log-probability",
            ),
            Wrong(
                lambda first, second, beams: (
                    *search(first, second, beams)[:2],
                    np.exp(search(first, second, beams)[2]),
                ),
                "the logarithm",
            ),
            Wrong(
                lambda first, second, beams: (*search(first, second, beams)[:2], -search(first, second, beams)[2]),
                "change its sign",
            ),
            Wrong(
                lambda first, second, beams: (
                    (found := search(first, second, beams))[0],
                    found[1],
                    first[found[0]] * second[found[0], found[1]],
                ),
                "not multiplied",
            ),
            Wrong(lambda first, second, beams: search(first[:3], second[:3, :3], beams), "any number of symbols"),
            Wrong(lambda first, second, beams: 0.5, "keep the"),
        ],
    ),
}
