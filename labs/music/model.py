"""The network: from the characters so far to the probabilities of the next character."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from labs.music.config import Config
from utils.datasets.splits import Splits
from utils.networks.blocks import lstm_stack, vectors
from utils.text.generating.stepping import Stepped


def build(config: Config, splits: Splits) -> keras.Model:
    """A character model: embedding, LSTM layers with dropout, softmax over the vocabulary.

    It is stateless, so that a saved model is a function of its inputs; generation passes the states itself (`step`).

    Args:
        config: the hyperparameters.
        splits: the splits; they have the vocabulary.

    Returns:
        (batch, length) int32 of characters to (batch, length, characters), uncompiled.
    """
    symbols = len(splits.categories["character"])
    inputs = keras.Input((None,), dtype="int32", name="characters")
    hidden = vectors(inputs, symbols, config.embedding, name="embedding")
    hidden = lstm_stack(hidden, layers=config.layers, units=config.units, dropout=config.dropout, memory=config.memory)
    outputs = keras.layers.Dense(symbols, activation="softmax", name=splits.target)(hidden)
    return keras.Model(inputs, outputs, name="tunes")


def recurrent_layers(model: keras.Model) -> list[Any]:
    """The LSTM layers in their order."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.LSTM)]


def step(model: keras.Model, characters: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    """Pass one character of each text through the network.

    Args:
        model: from `build`.
        characters: (batch,) int32.
        states: output and memory of each LSTM layer, (batch, units) each.

    Returns:
        Logits of the next character (batch, characters), and the states after this one.
    """
    after: list[Any] = []
    hidden = characters
    for layer in model.layers[1:-1]:
        if isinstance(layer, keras.layers.LSTM):
            number = len(after)
            hidden, pair = layer.cell(hidden, states[number : number + 2])
            after += pair
        elif not isinstance(layer, keras.layers.Dropout):
            hidden = layer(hidden)
    last = model.layers[-1]
    return tf.matmul(hidden, last.kernel) + last.bias, after


def stepped(model: keras.Model) -> Stepped:
    """The network one character at a time: its states are `output_1`, `memory_1`, …

    A text begins after character 0, which also ends it; character 1 is that for unknown ones.
    """
    layers = recurrent_layers(model)
    states = {f"{kind}_{n}": (layer.units,) for n, layer in enumerate(layers, 1) for kind in ("output", "memory")}
    return Stepped(lambda tokens, before: step(model, tokens, before), states, "character", end=0, excluded=[1])
