"""From the raw columns of a table to numbers, inside the model: levels are looked up, numbers are normalized.

A saved model therefore takes rows as they are in the file, and refuses a level that no training row has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from utils.datasets.splits import Splits
from utils.datasets.tables.columns import coded, typed
from utils.networks.blocks import normalization


def table_inputs(splits: Splits) -> Any:
    """The Input layers for the rows of a table.

    Returns:
        (batch, columns) float32 named `features` if all columns are numbers; otherwise a dict of (batch,) inputs by
        column: float32 numbers, int64 or string levels.
    """
    inputs = splits.train.inputs
    if not isinstance(inputs, Mapping):
        return keras.Input(inputs.shape[1:], dtype="float32", name="features")
    kinds = {name: "string" if array.dtype.kind == "U" else array.dtype.name for name, array in inputs.items()}
    return {name: keras.Input((), dtype=kind, name=name) for name, kind in kinds.items()}


def columns(inputs: Any, splits: Splits, embedding: int = 0) -> Any:
    """Encode the columns of a table: numbers are normalized, levels become one-hot or embedding vectors.

    Args:
        inputs: of `table_inputs`.
        splits: the names of the features, the levels and the training rows.
        embedding: width of the learned embeddings; 0 is one-hot.

    Returns:
        (batch, width): the numbers, then the levels, both in the order of the features.

    Source:
        Guo and Berkhahn, Entity Embeddings of Categorical Variables (2016), arXiv:1604.06737.
    """
    numeric = [i for i, name in enumerate(splits.features) if name not in splits.categories]
    parts = []
    if numeric:
        values = _together([splits.features[i] for i in numeric], inputs)
        training_rows = coded(splits.train.inputs, splits.features, splits.categories)[:, numeric]
        parts.append(normalization(training_rows)(values))
    parts += [
        level_vectors(inputs[name], splits.categories[name], embedding, name=name)
        for name in splits.features
        if name in splits.categories
    ]
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate(name="columns")(parts)


def level_vectors(column: Any, levels: tuple[str, ...], embedding: int = 0, *, name: str) -> Any:
    """One-hot or learned vectors of the levels of a column.

    The vocabulary is an argument, not adapted, so that every format stores it. There is no place for unknown levels:
    the layer raises `InvalidArgumentError` and names them, in every format.

    Args:
        column: (batch,) int64 or strings.
        levels: as in the file.
        embedding: width of the learned vectors; 0 is one-hot.
        name: of the column.

    Returns:
        (batch, embedding or levels) float32.
    """
    vocabulary = typed(levels).tolist()
    lookup = keras.layers.IntegerLookup if isinstance(vocabulary[0], int) else keras.layers.StringLookup
    if not embedding:
        one_hot = lookup(vocabulary=vocabulary, num_oov_indices=0, output_mode="one_hot", name=f"{name}_level")
        return one_hot(column)
    codes = lookup(vocabulary=vocabulary, num_oov_indices=0, name=f"{name}_code")(column)
    return keras.layers.Embedding(len(levels), embedding, name=f"{name}_vector")(codes)


def _together(names: list[str], inputs: Any) -> Any:
    """The columns of numbers side by side, (batch, numbers)."""
    if not isinstance(inputs, Mapping):
        return inputs
    parts = [keras.layers.Reshape((1,), name=f"{name}_column")(inputs[name]) for name in names]
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate(name="numbers")(parts)
