"""The evaluation of word vectors: Spearman's correlation with judgements of people, and analogies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.word_vectors.evaluation.questions import TASKS
from utils.datasets.splits import Split
from utils.metrics.metric import Measured, Metric
from utils.text.word_vectors import WordVectors

Array = NDArray[Any]
ANALOGIES = tuple(TASKS.index(name) for name in ("semantic", "syntactic"))


def correlation(truth: Mapping[str, Array], prediction: Array, *, task: int) -> float:
    """Spearman's rank correlation of the cosines with the judgements of one task, see `spearman`.

    Args:
        truth: `task` (rows,) and `target` (rows,), see `Questions.covered`.
        prediction: (rows,) cosines.
        task: an index of TASKS.
    """
    rows = truth["task"] == task
    return spearman(truth["target"][rows], prediction[rows])


def spearman(one: Array, other: Array) -> float:
    """Spearman's rank correlation of two arrays, (rows,) each; 0 below three rows, or if one is constant."""
    first, second = _ranks(one), _ranks(other)
    if len(one) < 3 or min(first.std(), second.std()) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Array) -> NDArray[np.float64]:
    """Ranks from 1; equal values have the mean of theirs."""
    _, place, number = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(number)
    return ((last - number + 1 + last) / 2)[place]


def solved(truth: Mapping[str, Array], prediction: Array, *, tasks: tuple[int, ...]) -> float:
    """The fraction of the analogies of some tasks that are solved; NaN if there are none."""
    rows = np.isin(truth["task"], tasks)
    return float(np.mean(prediction[rows])) if rows.any() else float("nan")


METRICS = {
    "wordsim": Metric(partial(correlation, task=0), "higher"),
    "simlex": Metric(partial(correlation, task=1), "higher"),
    "analogies": Metric(partial(solved, tasks=ANALOGIES), "higher"),
    "semantic": Metric(partial(solved, tasks=ANALOGIES[:1]), "higher"),
    "syntactic": Metric(partial(solved, tasks=ANALOGIES[1:]), "higher"),
}
TASK_OF = {"wordsim": (0,), "simlex": (1,), "analogies": ANALOGIES, "semantic": (2,), "syntactic": (3,)}
"""The tasks of each metric."""


FEWEST = 5
"""Fewest questions of a metric."""


def available(*splits: Split) -> dict[str, Metric]:
    """The metrics that can be measured on each of these questions: those whose tasks have at least FEWEST of them."""
    return {
        name: metric
        for name, metric in METRICS.items()
        if min(np.isin(tasks_of(split), TASK_OF[name]).sum() for split in splits) >= FEWEST
    }


def tasks_of(questions: Split) -> Array:
    """The task of each question, (rows,)."""
    assert isinstance(questions.targets, dict), "see `Questions.covered`"
    found: Array = questions.targets["task"]
    return found


def answers(found: WordVectors, questions: Split) -> Measured:
    """What the metrics compare: the cosine of a pair; 1 for an analogy that is solved, else 0.

    An analogy is solved if its fourth word is the nearest one of the whole vocabulary (`WordVectors.analogy`). The
    vectors of zeros, words that other vectors do not have, have the cosine 0 to each word and solve nothing.

    Args:
        found: whose rows the questions name.
        questions: of `Questions.covered`.

    Returns:
        The rows with their groups: questions with the same first pair are not independent.
    """
    words, task = np.asarray(questions.inputs), tasks_of(questions)
    directions = found.directions
    prediction = np.zeros(len(words), dtype=np.float32)
    pairs = np.flatnonzero(~np.isin(task, ANALOGIES))
    prediction[pairs] = (directions[words[pairs, 0]] * directions[words[pairs, 1]]).sum(axis=1)
    rows = np.flatnonzero(np.isin(task, ANALOGIES))
    if len(rows):
        a, b, c, d = words[rows].T
        nearest, _ = found.nearest(directions[b] - directions[a] + directions[c], 1, words[rows, :3].tolist())
        present = (directions[words[rows]] != 0).any(axis=2).all(axis=1)
        prediction[rows] = (nearest[:, 0] == d) & present
    return Measured(questions.targets, prediction, questions.groups)
