"""The networks: from a source and the target so far to the probabilities of the next token. Keras's layers only.

In training the target so far is the true one (teacher forcing); `labs.translation.steps` translates with the trained
network token by token.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import layers

from labs.translation.config import Config
from utils.datasets.splits import Splits
from utils.networks.masks import FAR, attention_mask, first_state, last_state, masked_mean, places, word_mask

KERNEL = 5
"""Number of tokens that a filter of the convolutional encoder sees."""


class Encoded(NamedTuple):
    """What an encoder passes to the decoder.

    Attributes:
        states: one vector per token of the source, (batch, source, width); zeros for padding.
        mask: (batch, source, 1), 1 for a token and 0 for padding.
        summary: one vector for the whole source, (batch, width).
    """

    states: Any
    mask: Any
    summary: Any


def build(config: Config, splits: Splits) -> keras.Model:
    """The network that `--network` names, uncompiled.

    Args:
        config: the hyperparameters.
        splits: the splits; they have the vocabularies, and their arrays the longest texts.

    Returns:
        `source` (batch, source) and `target` (batch, target) int32, 0 for padding on the right, to probabilities of the
        next token (batch, target, tokens).
    """
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    tables = tables_of(config, splits)
    if config.network == "transformer":
        hidden = transformer(source, target, config, splits, tables)
    else:
        hidden = recurrent(source, target, config, tables)
    tokens = len(splits.categories["target"])
    if config.tied:
        outputs = layers.Activation("softmax", name=splits.target)(tables[1](hidden, reverse=True))
    else:
        outputs = layers.Dense(tokens, activation="softmax", name=splits.target)(hidden)
    return keras.Model({"source": source, "target": target}, outputs, name=config.network)


def tables_of(config: Config, splits: Splits) -> tuple[Any, Any]:
    """The layers with the vectors of the tokens of source and target; one for both, and for the output, if tied.

    Source: Press and Wolf, Using the Output Embedding to Improve Language Models, EACL 2017.
    """
    sizes = [len(splits.categories[side]) for side in ("source", "target")]
    if config.tied:
        table = layers.ReversibleEmbedding(sizes[1], config.embedding, name="table")
        return table, table
    first, second = (
        layers.Embedding(size, config.embedding, name=f"{side}_embedding")
        for size, side in zip(sizes, ("source", "target"), strict=True)
    )
    return first, second


def recurrent(source: Any, target: Any, config: Config, tables: tuple[Any, Any]) -> Any:
    """An encoder, and an LSTM that begins with its summary and attends to its states, (batch, target, units)."""
    encoded = ENCODERS[config.encoder](source, config, tables[0])
    hidden = layers.Dropout(config.dropout, name="target_dropout")(tables[1](target))
    for number in range(1, config.layers + 1):
        start = [
            layers.Dense(config.units, activation="tanh", name=f"{name}_{number}")(encoded.summary)
            for name in ("output", "memory")
        ]
        hidden = layers.LSTM(config.units, return_sequences=True, name=f"decoder_{number}")(hidden, initial_state=start)
        hidden = layers.Dropout(config.dropout, name=f"decoder_dropout_{number}")(hidden)
    if config.network != "plain":
        context = ATTENTION[config.network](hidden, encoded, config)
        both = layers.Concatenate(name="both")([context, hidden])
        combined = layers.Dense(config.units, activation="tanh", name="combined")(both)
        hidden = layers.Dropout(config.dropout, name="combined_dropout")(combined)
    return layers.Dense(config.embedding, name="narrowed")(hidden) if config.tied else hidden


def dot_attention(hidden: Any, encoded: Encoded, config: Config) -> Any:
    """The mean of the states, weighted by their product with the decoder's (Luong et al. 2015, "general")."""
    keys = layers.Dense(config.units, use_bias=False, name="keys")(encoded.states)
    scores = layers.Dot(axes=(2, 2), name="scores")([hidden, keys])
    # Padding gets a score far below the others, and so a weight of 0.
    low = layers.Reshape((1, -1), name="low")(layers.Rescaling(FAR, -FAR, name="far")(encoded.mask))
    weights = layers.Softmax(name="attention")(layers.Add(name="masked")([scores, low]))
    return layers.Dot(axes=(2, 1), name="context")([weights, encoded.states])


def additive_attention(hidden: Any, encoded: Encoded, config: Config) -> Any:
    """The same, with scores of a layer with a tanh (Bahdanau et al. 2015).

    The query is the decoder's state after the token, so that all steps of training are computed at once; in the paper
    it is the state before, and the context goes into the recurrence.
    """
    keys = layers.Dense(config.units, use_bias=False, name="keys")(encoded.states)
    query = layers.Dense(config.units, name="query")(hidden)
    mask = layers.Flatten(name="tokens")(encoded.mask)
    context, _ = layers.AdditiveAttention(name="attention")(
        [query, encoded.states, keys], mask=[None, mask], return_attention_scores=True
    )
    return context


ATTENTION = {"dot": dot_attention, "additive": additive_attention}


def _vectors(source: Any, config: Config, table: Any) -> tuple[Any, Any]:
    mask = word_mask(source)
    vectors = layers.Multiply(name="vectors")([table(source), mask])
    return layers.Dropout(config.dropout, name="source_dropout")(vectors), mask


def bidirectional(source: Any, config: Config, table: Any) -> Encoded:
    """LSTM layers that read in both directions (Graves and Schmidhuber 2005)."""
    states, mask = _lstm_layers(
        source, config, table, lambda layer: layers.Bidirectional(layer, name=f"bi{layer.name}")
    )
    ends = [last_state(states, mask), first_state(states, mask)]
    return Encoded(states, mask, layers.Concatenate(name="summary")(ends))


def forward(source: Any, config: Config, table: Any) -> Encoded:
    """LSTM layers that read from left to right, as in Udacity's course."""
    states, mask = _lstm_layers(source, config, table, lambda layer: layer)
    return Encoded(states, mask, last_state(states, mask))


def _lstm_layers(source: Any, config: Config, table: Any, wrapped: Any) -> tuple[Any, Any]:
    """Padding is zeros and the layers have no bias, so that a state that begins there stays zero; the mask is an input
    of its own, whose weights act as the bias."""
    states, mask = _vectors(source, config, table)
    for number in range(1, config.layers + 1):
        inputs = layers.Concatenate(name=f"inputs_{number}")([states, mask])
        layer = layers.LSTM(config.units, return_sequences=True, use_bias=False, name=f"encoder_{number}")
        states = layers.Dropout(config.dropout, name=f"encoder_dropout_{number}")(wrapped(layer)(inputs))
        states = layers.Multiply(name=f"states_{number}")([states, mask])
    return states, mask


def convolutional(source: Any, config: Config, table: Any) -> Encoded:
    """Convolutions with residual connections (Gehring et al. 2017): a state sees its neighbours only."""
    states, mask = _vectors(source, config, table)
    states = layers.Dense(config.units, name="widened")(states)
    for number in range(1, config.layers + 1):
        states = layers.Multiply(name=f"states_{number}")([states, mask])
        found = layers.Conv1D(config.units, KERNEL, padding="same", activation="relu", name=f"encoder_{number}")(states)
        found = layers.Dropout(config.dropout, name=f"encoder_dropout_{number}")(found)
        states = layers.Add(name=f"residual_{number}")([states, found])
    states = layers.Multiply(name="states")([states, mask])
    return Encoded(states, mask, masked_mean(states, mask, "summary"))


ENCODERS = {"bidirectional": bidirectional, "forward": forward, "convolutional": convolutional}


def transformer(source: Any, target: Any, config: Config, splits: Splits, tables: tuple[Any, Any]) -> Any:
    """An encoder and a decoder of attention (Vaswani et al. 2017), normalized before each part (Xiong et al. 2020)."""
    longest = {name: array.shape[1] for name, array in splits.train.inputs.items()}
    mask = word_mask(source)
    attended = attention_mask(mask)
    states = _placed("source", tables[0](source), mask, longest["source"], config)
    for number in range(1, config.layers + 1):
        name = f"encoder_{number}"
        states = _attend(states, None, config, f"{name}_self", attention_mask=attended)
        states = _transform(states, config, f"{name}_wide")
    states = layers.LayerNormalization(name="memory")(states)
    before = word_mask(target, "target_")
    hidden = _placed("target", tables[1](target), before, longest["target"], config)
    for number in range(1, config.layers + 1):
        name = f"decoder_{number}"
        hidden = _attend(hidden, None, config, f"{name}_self", use_causal_mask=True)
        hidden = _attend(hidden, states, config, f"{name}_cross", attention_mask=attended)
        hidden = _transform(hidden, config, f"{name}_wide")
    return layers.LayerNormalization(name="decoded")(hidden)


def _placed(name: str, vectors: Any, mask: Any, longest: int, config: Config) -> Any:
    """Vectors of the tokens plus vectors of their places, both learned."""
    numbers = places(mask, longest, f"{name}_places")
    of_places = layers.Embedding(longest + 1, config.embedding, name=f"{name}_place_embedding")(numbers)
    of_places = layers.Reshape((-1, config.embedding), name=f"{name}_place_vectors")(of_places)
    placed = layers.Add(name=f"{name}_placed")([vectors, of_places])
    return layers.Dropout(config.dropout, name=f"{name}_dropout")(placed)


def _attend(hidden: Any, memory: Any, config: Config, name: str, **masks: Any) -> Any:
    """Attention to the sequence itself or to the memory, with a residual connection."""
    heads = layers.MultiHeadAttention(config.heads, max(1, config.embedding // config.heads), name=name)
    query = layers.LayerNormalization(name=f"{name}_normalized")(hidden)
    found = heads(query, query if memory is None else memory, **masks)
    found = layers.Dropout(config.dropout, name=f"{name}_dropout")(found)
    return layers.Add(name=f"{name}_sum")([hidden, found])


def _transform(hidden: Any, config: Config, name: str) -> Any:
    """Two layers at each token by itself, with a residual connection."""
    found = layers.LayerNormalization(name=f"{name}_normalized")(hidden)
    found = layers.Dense(4 * config.embedding, activation="relu", name=name)(found)
    found = layers.Dense(config.embedding, name=f"{name}_narrow")(found)
    found = layers.Dropout(config.dropout, name=f"{name}_dropout")(found)
    return layers.Add(name=f"{name}_sum")([hidden, found])
