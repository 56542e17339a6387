"""The networks: from the tokens so far to the probabilities of the next token."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from labs.language.cached import transformer_stepped
from labs.language.config import Config
from labs.language.data import texts_of
from labs.language.transformer import transformer
from utils.datasets.splits import Splits
from utils.networks.blocks import lstm_stack, vectors
from utils.text.generating.stepping import Stepped
from utils.text.tokenizing.encoded import START, UNKNOWN

RECURRENT = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)
NEVER = (START, UNKNOWN)
"""Tokens that are not generated."""


def build(config: Config, splits: Splits) -> keras.Model:
    """A network that predicts each next token of a window.

    It is stateless, so that a saved model is a function of its inputs; generation passes the states itself (`step`).

    Args:
        config: the hyperparameters.
        splits: of `labs.language.data.load`.

    Returns:
        (batch, length) int32 of tokens to (batch, length, tokens) probabilities, uncompiled.
    """
    return network(config, len(texts_of(splits).tokenizer.symbols))


def network(config: Config, symbols: int) -> keras.Model:
    """The network of a config for this number of different tokens; see `build`."""
    return transformer(config, symbols) if config.network == "transformer" else recurrent(config, symbols)


def recurrent(config: Config, symbols: int) -> keras.Model:
    """Embedding, recurrent layers with dropout, softmax over the tokens.

    Dropout is on all connections but the recurrent ones (Zaremba, Sutskever and Vinyals 2014). With `tied`, the output
    layer has the vectors of the embedding, which then are as wide as the last layer (Press and Wolf 2017).

    Args:
        config: the hyperparameters.
        symbols: number of different tokens.
    """
    inputs = keras.Input((None,), dtype="int32", name="tokens")
    if config.tied:
        embedding = keras.layers.ReversibleEmbedding(symbols, config.units, name="embedding")
        hidden = embedding(inputs)
    else:
        hidden = vectors(inputs, symbols, config.embedding, name="embedding")
    if config.dropout:
        hidden = keras.layers.Dropout(config.dropout, name="dropout_0")(hidden)
    if config.network == "lstm":
        hidden = lstm_stack(hidden, layers=config.layers, units=config.units, dropout=config.dropout)
    else:
        kind = {"gru": keras.layers.GRU, "simple-rnn": keras.layers.SimpleRNN}[config.network]
        for number in range(1, config.layers + 1):
            hidden = kind(config.units, return_sequences=True, name=f"recurrent_{number}")(hidden)
            if config.dropout:
                hidden = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(hidden)
    if config.tied:
        outputs = keras.layers.Softmax(name="next_token")(embedding(hidden, reverse=True))
    else:
        outputs = keras.layers.Dense(symbols, activation="softmax", name="next_token")(hidden)
    return keras.Model(inputs, outputs, name="recurrent")


def stepped(model: keras.Model) -> Stepped:
    """The network one token at a time, for generation and exports."""
    if model.name == "transformer":
        return transformer_stepped(model)
    layers = [layer for layer in model.layers if isinstance(layer, RECURRENT)]
    states = {
        f"{kind}_{number}": (layer.units,)
        for number, layer in enumerate(layers, 1)
        for kind in (("output", "memory") if isinstance(layer, keras.layers.LSTM) else ("output",))
    }
    return Stepped(lambda tokens, before: step(model, tokens, before), states, excluded=NEVER)


def step(model: keras.Model, tokens: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    """Pass one token of each text through a recurrent network.

    Args:
        model: from `recurrent`.
        tokens: (batch,) int32.
        states: of each recurrent layer its output, and its memory if it is an LSTM, (batch, units) each.

    Returns:
        Logits of the next token (batch, tokens), and the states after this one.
    """
    after: list[Any] = []
    hidden = tokens
    for layer in model.layers[1:-1]:
        if isinstance(layer, RECURRENT):
            number = len(after)
            size = 2 if isinstance(layer, keras.layers.LSTM) else 1
            hidden, new = layer.cell(hidden, states[number : number + size])
            after += new
        elif not isinstance(layer, keras.layers.Dropout):
            hidden = layer(hidden)
    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return model.get_layer("embedding")(hidden, reverse=True), after
    return tf.matmul(hidden, last.kernel) + last.bias, after
