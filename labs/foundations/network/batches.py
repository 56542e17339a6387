"""Batches: the rows of the training data in a random order, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def steps_of(rows: int, batch_size: int) -> int:
    """Batches in an epoch; the last one may be smaller. A batch size of 0 means all rows in one batch.

    Raises:
        ValueError: the batch size is negative or exceeds the rows.
    """
    if not 0 <= batch_size <= rows:
        raise ValueError(f"a batch of {batch_size} rows out of {rows}")
    return -(-rows // (batch_size or rows))


def batches(x: Array, targets: Array, batch_size: int, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Every row once, shuffled before batching.

    Args:
        x: (rows, inputs).
        targets: (rows, outputs).
        batch_size: rows per batch: all of them (0) for full-batch gradient descent, 1 for single rows.
        random: generator of the order, which differs in each epoch.

    Yields:
        The inputs and the targets of each batch.

    Raises:
        ValueError: see `steps_of`.
    """
    steps, size = steps_of(len(x), batch_size), batch_size or len(x)
    if steps > 1:  # the order within a single batch does not matter
        order = random.permutation(len(x))
        x, targets = x[order], targets[order]  # once per epoch: each batch is then a view
    for number in range(steps):
        yield x[number * size : (number + 1) * size], targets[number * size : (number + 1) * size]
