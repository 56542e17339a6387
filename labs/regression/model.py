"""The network: from raw ingredients and age to the strength in MPa."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from labs.regression.config import Config
from utils.datasets.splits import Split, Splits
from utils.networks.blocks import combinations, dense_stack, normalization, piecewise_linear_encoding
from utils.networks.tables import columns, table_inputs


def build(config: Config, splits: Splits) -> keras.Model:
    """A multilayer perceptron that includes its preprocessing.

    Args:
        config: the hyperparameters.
        splits: the training rows give the quantiles, the means and the scale of the target.

    Returns:
        Raw inputs to (batch, 1) in the unit of the target, uncompiled: (batch, 8) of concrete, or a dict of the columns
        of the bike rentals, each (batch,).
    """
    train = splits.train
    inputs = table_inputs(splits)
    values = columns(inputs, splits) if splits.categories else inputs
    if config.proportions:
        values = keras.layers.Concatenate(name="features_and_proportions")(
            [inputs, *proportions(inputs, splits.features)]
        )
    if config.normalize and not splits.categories:
        values = normalization(_on_training_rows(inputs, values, train))(values)
    hidden = values
    if config.bins:
        encoded = piecewise_linear_encoding(values, _on_training_rows(inputs, values, train), config.bins)
        hidden = keras.layers.Concatenate(name="values_and_encodings")([values, encoded])
    hidden = dense_stack(
        hidden,
        layers=config.layers,
        units=config.units,
        activation=config.activation,
        dropout=config.dropout,
        l2=config.l2,
    )
    if not config.scale_target:
        return keras.Model(inputs, keras.layers.Dense(1, name=splits.target)(hidden), name="concrete_strength")
    scaled = keras.layers.Dense(1, name="scaled_target")(hidden)
    std, mean = float(train.targets.std()), float(train.targets.mean())
    outputs = keras.layers.Rescaling(scale=std, offset=mean, name=splits.target)(scaled)
    return keras.Model(inputs, outputs, name="concrete_strength")


def _on_training_rows(inputs: Any, values: Any, train: Split) -> NDArray[Any]:
    """The value of the tensor `values`, computed from `inputs`, for the training rows."""
    return keras.Model(inputs, values).predict_on_batch(train.inputs)


def proportions(inputs: Any, features: Sequence[str]) -> list[Any]:
    """The proportions that determine strength: water to cement, water to binder, and superplasticizer to binder.

    Strength depends above all on the ratio of water to cement (Abrams, Design of Concrete Mixtures, 1919). Keras has no
    layer that divides, and operations outside a layer cannot be loaded from HDF5. A ratio a/b is therefore expressed as
    the direction of the vector (a, b), which contains the same information and has no pole at b = 0.

    Args:
        inputs: (batch, features), kg/m³.
        features: names of the columns.

    Returns:
        The sines of the directions of (water, cement), (water, binder) and (superplasticizer, binder), (batch, 3), and
        the binder (cement, slag and fly ash together), (batch, 1) in kg/m³.
    """

    def column(*names: str) -> NDArray[np.float64]:
        return np.array([float(feature in names) for feature in features])

    binder = column("cement", "blast_furnace_slag", "fly_ash")
    pairs = {
        "water_to_cement": (column("water"), column("cement")),
        "water_to_binder": (column("water"), binder),
        "superplasticizer_to_binder": (column("superplasticizer"), binder),
    }
    directions = [
        keras.layers.UnitNormalization(name=name)(combinations(inputs, np.stack(pair, axis=1), name=f"{name}_pair"))
        for name, pair in pairs.items()
    ]
    # The cosines are redundant and hardly vary: normalised, they would be rounding noise.
    sines = np.eye(2 * len(pairs))[:, ::2]
    return [
        combinations(keras.layers.Concatenate(name="directions")(directions), sines, name="proportions"),
        combinations(inputs, binder[:, None], name="binder"),
    ]
