"""The saved model: from the text itself to probabilities, and from token ids for formats that have no strings.

The network (`labs.sentiment.model.build`) is trained on numbers of words. The saved model looks the words up in its own
vocabulary first. It consists of Keras's layers only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from labs.sentiment.config import Config
from labs.sentiment.encoding import FIRST, Encoding, is_set
from utils.export.predictor import SETS
from utils.export.subject import Tokenized
from utils.networks.masks import embedded, masked_sum, word_mask
from utils.text.padding import TokenRows
from utils.text.tokens import SPLIT, STANDARDIZE


def from_text(config: Config, encoding: Encoding, trained: keras.Model, suffix: str = "") -> keras.Model:
    """The trained network with its vocabulary: (batch,) text to (batch, classes) probabilities.

    Args:
        config: of the network.
        encoding: its vocabulary.
        trained: the network.
        suffix: of the names of the layers, where several networks are one model.

    The text is cleaned (`utils.text.tokens.clean`); its tokens are those of `utils.text.tokens.tokens`.
    """
    text = keras.Input((), dtype="string", name="text")
    words = layers.TextVectorization(
        standardize=STANDARDIZE,
        split=SPLIT,
        ngrams=config.ngrams if is_set(config) else None,
        vocabulary=encoding.entries,
        output_mode="multi_hot" if is_set(config) else "int",
        output_sequence_length=None if is_set(config) else config.words or None,
        name=f"tokens{suffix}",
    )(text)
    if is_set(config):
        outputs = _of_sets(trained)(layers.Rescaling(1.0, name=f"occurs{suffix}")(words))  # as float32
    else:
        outputs = trained(words)
    return keras.Model(text, outputs, name=f"{trained.name}_from_text")


def _of_sets(trained: keras.Model) -> Callable[[Any], Any]:
    """The same function of which entries occur, (batch, entries + 1) of 0 and 1; column 0 is the unknown word.

    The sum of the vectors of the words that occur is a product with the matrix of all vectors. The network was trained
    on known entries only, so that the unknown word is left out: it would count in a mean.
    """
    matrix = trained.get_layer("embedding").get_weights()[0][2:].copy()
    names = [layer.name for layer in trained.layers]
    if "ratios" in names:
        matrix *= trained.get_layer("ratios").get_weights()[0][2:]
    first = layers.Dense(matrix.shape[1], use_bias=False, name="sum")
    rest = [trained.get_layer(name) for name in ("logits", trained.output_names[0]) if name in names]

    def call(found: Any) -> Any:
        columns = layers.Cropping1D((1, 0))(layers.Reshape((len(matrix) + 1, 1))(found))
        found = layers.Flatten()(columns)
        if "shares" in names:
            found = layers.UnitNormalization(axis=-1, name="shares_of_occurring")(found)
        values = first(found)
        first.set_weights([matrix])
        for layer in rest:
            values = layer(values)
        return values

    return call


def on_tokens(model: keras.Model) -> Tokenized:
    """A saved model on token ids: (batch, length) int32 for each network to (batch, classes) probabilities.

    Args:
        model: from `from_text` or `ensemble.join`.

    Returns:
        The model; its inputs are `words`, or `words_1`, `words_2`, … of the members of an ensemble. A text is given by
        the ids of its words in order, or by those of the known n-grams that occur in it, once each.
    """
    alone = bool(_lookups(model))
    parts = [model] if alone else [layer for layer in model.layers if isinstance(layer, keras.Model)]
    networks = [_network_of(part) for part in parts]
    lookups = [_lookups(part)[0] for part in parts]
    names = ["words"] if alone else [f"words_{number}" for number in range(1, len(parts) + 1)]
    inputs = [keras.Input((None,), dtype="int32", name=name) for name in names]
    outputs = [network(words) for network, words in zip(networks, inputs, strict=True)]
    name = f"{model.name}_on_tokens"
    whole = outputs[0] if alone else model.layers[-1](layers.Concatenate(name="members")(outputs))
    return Tokenized(
        keras.Model(inputs[0] if alone else dict(zip(names, inputs, strict=True)), whole, name=name),
        lambda texts: {name: _ids(lookup, texts) for name, lookup in zip(names, lookups, strict=True)},
        {
            **{"padding": 0, "unknown": 1, "first_entry": FIRST, "standardize": STANDARDIZE, "split": SPLIT},
            "inputs": {name: _described(lookup) for name, lookup in zip(names, lookups, strict=True)},
        },
    )


def _lookups(text_model: keras.Model) -> list[Any]:
    return [layer for layer in text_model.layers if isinstance(layer, layers.TextVectorization)]


def _network_of(text_model: keras.Model) -> keras.Model:
    """The network on token ids in a model of `from_text`."""
    nested = [layer for layer in text_model.layers if isinstance(layer, keras.Model)]
    if nested:
        return nested[0]
    of_sets = text_model.get_layer("sum")
    matrix = of_sets.get_weights()[0]
    words = keras.Input((None,), dtype="int32", name="words")
    mask = word_mask(words)
    vectors = embedded(words, mask, len(matrix) + FIRST, matrix.shape[1])
    names = [layer.name for layer in text_model.layers]
    if "shares_of_occurring" in names:
        mask = layers.UnitNormalization(axis=1, name="shares")(mask)
    values = masked_sum(vectors, mask)
    for layer in text_model.layers[names.index("sum") + 1 :]:
        values = layer(values)
    network = keras.Model(words, values, name=text_model.name)
    unknown = np.zeros((FIRST, matrix.shape[1]), np.float32)
    network.get_layer("embedding").set_weights([np.concatenate([unknown, matrix])])
    return network


def _ids(lookup: Any, texts: Any) -> Any:
    """The token ids of texts by the vocabulary of a saved model, (texts, length) int32, padded with 0.

    A lookup of sets returns one number per entry of its vocabulary and text, of which there may be 400,000: only a few
    texts are looked up at a time.
    """
    texts = np.asarray(texts, dtype=object)
    if _in_order(lookup):
        return np.asarray(lookup(texts)).astype(np.int32)
    batches = (np.asarray(lookup(texts[start : start + SETS])) for start in range(0, len(texts), SETS))
    # Column 0 is the unknown word, whose id is 1; a model of sets does not count it.
    rows = [(np.flatnonzero(row[1:]) + FIRST).astype(np.int32) for batch in batches for row in batch]
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    return TokenRows.of_lengths(np.concatenate(rows), lengths).padded(max(1, lengths.max()))


def _in_order(lookup: Any) -> bool:
    return bool(lookup.get_config()["output_mode"] == "int")


def _described(lookup: Any) -> dict[str, Any]:
    """The vocabulary of an input, and how a text becomes its ids."""
    config = lookup.get_config()
    special = FIRST if _in_order(lookup) else 1
    return {
        "ids": "every word, in order" if _in_order(lookup) else "each known n-gram that occurs, once",
        "ngrams": config["ngrams"] or 1,
        "longest": config["output_sequence_length"],
        "entries": lookup.get_vocabulary()[special:],
    }
