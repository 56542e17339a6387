"""The network: raw ingredients and age in, strength in MPa out."""

from __future__ import annotations

import keras

from labs.regression.lab import RegressionConfig
from utils.builders import dense_stack, normalization, piecewise_linear_encoding
from utils.splits import Splits


def build(config: RegressionConfig, splits: Splits) -> keras.Model:
    """A multilayer perceptron with its preprocessing inside.

    Args:
        config: the hyperparameters.
        splits: quantiles, means and the target's scale are taken from the training rows alone.

    Returns:
        (batch, 8) raw inputs to (batch, 1) in MPa, uncompiled.
    """
    train = splits.train
    inputs = keras.Input((train.inputs.shape[1],), dtype="float32", name="features")
    hidden = normalization(train.inputs)(inputs) if config.normalize else inputs
    if config.bins:
        encoded = piecewise_linear_encoding(inputs, train.inputs, config.bins)
        hidden = keras.layers.Concatenate(name="values_and_encodings")([hidden, encoded])
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
    spread, mean = float(train.targets.std()), float(train.targets.mean())
    outputs = keras.layers.Rescaling(scale=spread, offset=mean, name=splits.target)(scaled)
    return keras.Model(inputs, outputs, name="concrete_strength")
