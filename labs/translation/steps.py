"""The trained networks one token at a time, with the weights and the layers of `labs.translation.model`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from utils.networks.masks import FAR
from utils.text.pairs.translating import EncoderDecoder


def stepped(model: keras.Model) -> EncoderDecoder:
    """The network of `labs.translation.model.build`, trained or loaded, as an encoder and a step of the decoder."""
    found = {layer.name: layer for layer in model.layers}
    return _Transformer(model, found).stepped() if "memory" in found else _recurrent(model, found)


def _submodel(model: keras.Model, outputs: dict[str, str]) -> keras.Model:
    """The part of the network from the source to the outputs of some layers, by name."""
    return keras.Model(model.input["source"], {name: model.get_layer(layer).output for name, layer in outputs.items()})


def _numbered(found: dict[str, Any], form: str) -> list[Any]:
    """The layers `form` with 1, 2, … in it, in their order."""
    layers: list[Any] = []
    while form.format(len(layers) + 1) in found:
        layers.append(found[form.format(len(layers) + 1)])
    return layers


def _recurrent(model: keras.Model, found: dict[str, Any]) -> EncoderDecoder:
    cells = [layer.cell for layer in _numbered(found, "decoder_{}")]
    names = [f"{kind}_{number}" for number in range(1, len(cells) + 1) for kind in ("output", "memory")]
    taken = {name: name for name in names}
    attends = "combined" in found
    if attends:
        taken |= {"keys": "keys", "encoded": _states_layer(found), "mask": "mask"}
    encoder = _submodel(model, taken)

    def encode(source: Any) -> dict[str, Any]:
        outputs: dict[str, Any] = encoder(source, training=False)
        return outputs

    def step(tokens: Any, states: list[Any], context: list[Any]) -> tuple[Any, list[Any]]:
        hidden = _table(found)(tokens)
        after: list[Any] = []
        for number, cell in enumerate(cells):
            hidden, pair = cell(hidden, states[2 * number : 2 * number + 2])
            after += pair
        if attends:
            keys, encoded, mask = context
            weights = attention_weights(found, hidden, keys, mask)
            read = tf.einsum("bs,bsu->bu", weights, encoded)
            hidden = found["combined"](tf.concat([read, hidden], axis=1))
        return _logits(model, found, hidden), after

    units = cells[0].units
    shapes: dict[str, tuple[int | None, ...]] = {}
    if attends:
        shapes = {"keys": (None, units), "encoded": (None, encoder.output["encoded"].shape[-1]), "mask": (None, 1)}
    return EncoderDecoder(encode, step, dict.fromkeys(names, (units,)), shapes)


def _states_layer(found: dict[str, Any]) -> str:
    """The layer whose outputs are the states of the encoder."""
    return "states" if "states" in found else f"states_{len(_numbered(found, 'states_{}'))}"


def attention_weights(found: dict[str, Any], hidden: Any, keys: Any, mask: Any) -> Any:
    """The weights of the source's tokens for a state of the decoder, (rows, source).

    Args:
        found: the layers of the network by name.
        hidden: (rows, units).
        keys: (rows, source, units).
        mask: (rows, source, 1).
    """
    if "query" in found:
        sums = tf.tanh(found["query"](hidden)[:, None] + keys)
        scores = tf.reduce_sum(found["attention"].scale * sums, axis=-1)
    else:
        scores = tf.einsum("bu,bsu->bs", hidden, keys)
    return tf.nn.softmax(scores + FAR * (mask[..., 0] - 1))


def _table(found: dict[str, Any]) -> Any:
    """The layer with the vectors of the target's tokens."""
    return found["table"] if "table" in found else found["target_embedding"]


def _logits(model: keras.Model, found: dict[str, Any], hidden: Any) -> Any:
    if "table" in found:
        return found["table"](found["narrowed"](hidden) if "narrowed" in found else hidden, reverse=True)
    last = model.layers[-1]
    return tf.matmul(hidden, last.kernel) + last.bias


class _Transformer:
    """The decoder of a transformer, which keeps the keys and values of the tokens so far (a key-value cache)."""

    def __init__(self, model: keras.Model, found: dict[str, Any]) -> None:
        self._model, self._found = model, found
        self._selves, self._crosses = (_numbered(found, f"decoder_{{}}_{kind}") for kind in ("self", "cross"))
        self._encoder = _submodel(model, {"states": "memory", "mask": "mask"})
        self._longest = found["target_place_embedding"].input_dim - 1

    def stepped(self) -> EncoderDecoder:
        """The network as an encoder and a step."""
        numbers = range(1, len(self._selves) + 1)
        width = (self._selves[0].num_heads, self._selves[0].key_dim)
        names = [f"{kind}_{number}" for number in numbers for kind in ("keys", "values")]
        states: dict[str, tuple[int, ...]] = {"place": (), **dict.fromkeys(names, (self._longest, *width))}
        context: dict[str, tuple[int | None, ...]] = {"mask": (None, 1)}
        context |= {f"source_{name}": (None, *width) for name in names}

        def encode(source: Any) -> dict[str, Any]:
            first = {name: tf.zeros([tf.shape(source)[0], *shape]) for name, shape in states.items()}
            return {**first, **self._encoded(source)}

        return EncoderDecoder(encode, self.step, states, context, self._longest)

    def _encoded(self, source: Any) -> dict[str, Any]:
        """The keys and values of the source in each layer, which all steps share."""
        outputs = self._encoder(source, training=False)
        found = {"mask": outputs["mask"]}
        for number, cross in enumerate(self._crosses, 1):
            found[f"source_keys_{number}"] = cross.key_dense(outputs["states"])
            found[f"source_values_{number}"] = cross.value_dense(outputs["states"])
        return found

    def step(self, tokens: Any, states: list[Any], context: list[Any]) -> tuple[Any, list[Any]]:
        """One token of each row through all layers."""
        place, *caches = states
        mask, *sources = context
        place = place + 1  # numbered from 1
        hidden = _table(self._found)(tokens) + self._found["target_place_embedding"](place)
        here = tf.one_hot(tf.cast(place, tf.int32) - 1, self._longest)[..., None, None]
        seen = tf.cast(tf.range(1.0, self._longest + 1.0) <= place[:, None], tf.float32)
        after = [place]
        for number, own in enumerate(self._selves):
            pair = slice(2 * number, 2 * number + 2)
            query = self._normalized(number, "self", hidden)
            new = own.key_dense(query), own.value_dense(query)
            cache = [before + here * each for before, each in zip(caches[pair], new, strict=True)]
            after += cache
            hidden = hidden + _attended(own, query, *cache, mask=seen)
            query = self._normalized(number, "cross", hidden)
            hidden = hidden + _attended(self._crosses[number], query, *sources[pair], mask=mask[..., 0])
            hidden = hidden + self._transformed(number, hidden)
        return _logits(self._model, self._found, self._found["decoded"](hidden)), after

    def _normalized(self, number: int, kind: str, hidden: Any) -> Any:
        """The query of an attention, (rows, 1, width)."""
        return self._found[f"decoder_{number + 1}_{kind}_normalized"](hidden)[:, None]

    def _transformed(self, number: int, hidden: Any) -> Any:
        name = f"decoder_{number + 1}_wide"
        return self._found[f"{name}_narrow"](self._found[name](self._found[f"{name}_normalized"](hidden)))


def _attended(layer: Any, query: Any, keys: Any, values: Any, *, mask: Any) -> Any:
    """Attention of one token of each row, (rows, width), to keys and values (rows, length, heads, size)."""
    scores = tf.einsum("bhk,blhk->bhl", layer.query_dense(query)[:, 0], keys) / layer.key_dim**0.5
    weights = tf.nn.softmax(scores + FAR * (mask[:, None] - 1))
    found = tf.einsum("bhl,blhk->bhk", weights, values)
    return layer.output_dense(found[:, None])[:, 0]
