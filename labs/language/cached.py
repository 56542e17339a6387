"""The transformer one token at a time: keys and values of the earlier tokens are kept in states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labs.language.transformer import NEVER, angles
from utils.text.generating.stepping import Stepped
from utils.text.tokenizing.encoded import START, UNKNOWN

EPSILON = 1e-6
"""In the square root of Keras's RMSNormalization."""
POSITION, KEYS, VALUES = "position", "keys", "values"
TURN = 1024
"""Rotations are looked up in two tables, of the position modulo this number and of its multiples: an angle computed in
float32 would be wrong in the fourth digit after ten thousand tokens."""


@dataclass(frozen=True)
class Form:
    """The form of a transformer, read from its layers.

    Attributes:
        blocks: number of blocks.
        heads: attention heads of each block.
        width: of the vectors of tokens.
        length: tokens of the window, which the states keep.
        positions: as in the config.
        slopes: of ALiBi, one per head; zeros with other positions.
    """

    blocks: int
    heads: int
    width: int
    length: int
    positions: str
    slopes: Any

    @classmethod
    def of(cls, model: keras.Model) -> Form:
        """The form of a model of `labs.language.transformer`, built or loaded."""
        named = {layer.name: layer for layer in model.layers}
        blocks = sum(name.startswith("query_") and name[6:].isdigit() for name in named)
        heads = sum(name.startswith("attention_weights_1_") for name in named)
        marks = {"cosine": "rotary", "waves": "sinusoidal", "embedding_of_positions": "learned", "slope_1": "alibi"}
        positions = next((kind for name, kind in marks.items() if name in named), "none")
        slopes = [named[f"slope_{head}"].scale if positions == "alibi" else 0.0 for head in range(1, heads + 1)]
        length = 1 - int(named["window"].offset / NEVER)
        return cls(blocks, heads, named["embedding"].output_dim, length, positions, np.array(slopes, "float32"))


def transformer_stepped(model: keras.Model) -> Stepped:
    """A transformer one token at a time, equal to the model on whole texts.

    Its states are `position`, the number of tokens so far, and `keys_1`, `values_1`, … of each block: ring buffers of
    as many tokens as the window has, (heads, length, width of a head) each.

    Args:
        model: from `labs.language.transformer`, built or loaded; its weights are copied.
    """
    form = Form.of(model)
    ring = (form.heads, form.length, form.width // form.heads)
    states: dict[str, tuple[int, ...]] = {POSITION: ()}
    states |= {f"{kind}_{block}": ring for block in range(1, form.blocks + 1) for kind in (KEYS, VALUES)}
    step = _Step(model, form)
    longest = form.length if form.positions == "learned" else None
    return Stepped(step, states, "token", excluded=[START, UNKNOWN], longest=longest)


class _Step:
    """The step of `transformer_stepped`."""

    def __init__(self, model: keras.Model, form: Form) -> None:
        self._form = form
        self._blocks = [_block(model, form, number) for number in range(1, form.blocks + 1)]
        self._normalized = any(layer.name == "query_norm_1" for layer in model.layers)
        self._embedding = _constant(model.get_layer("embedding").embeddings)
        self._first_scale = _constant(_scale(model, "normalized_embedding"))
        tables = {"learned": "embedding_of_positions", "sinusoidal": "waves"}
        name = tables.get(form.positions)
        self._located = None if name is None else _constant(model.get_layer(name).embeddings)
        tied = all(layer.name != "logits" for layer in model.layers)
        output = tf.transpose(self._embedding) if tied else model.get_layer("logits").kernel
        self._output = _constant(_scale(model, "normalized_output")[:, None] * output)
        pairs = max(1, form.width // form.heads // 2)
        angle = angles(TURN, pairs)
        self._swapped = np.roll(np.arange(2 * pairs), pairs)
        self._turns = [[tf.constant(wave(turn * angle), tf.float32) for wave in (np.cos, np.sin)] for turn in (1, TURN)]

    def __call__(self, tokens: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """One token of each text: (rows,) int32 and the states to logits (rows, symbols) and the states after it."""
        position, *rings = states
        place = tf.cast(position, tf.int32)
        hidden = tf.gather(self._embedding, tokens)
        if self._located is not None:
            hidden += tf.gather(self._located, place)
        hidden = rms(hidden) * self._first_scale
        length = self._form.length
        # Of positive numbers: ONNX has another remainder of negative ones.
        distance = ((place % length)[:, None] + length - tf.range(length)[None]) % length
        now = self._cells(place)
        bias = -tf.cast(distance, tf.float32)[:, None] * self._form.slopes[None, :, None]
        bias = tf.where((distance <= place[:, None])[:, None], bias, -NEVER)[:, :, None]
        rotation = self._rotation(place) if self._form.positions == "rotary" else None
        after = [position + 1]
        for number, block in enumerate(self._blocks):
            attended, ring = self._attended(hidden, block, rings[2 * number : 2 * number + 2], now, bias, rotation)
            hidden += attended
            wide = tf.nn.relu(tf.matmul(rms(hidden), block["wide"]))
            hidden += tf.matmul(wide * wide, block["narrow"])
            after += ring
        return tf.matmul(rms(hidden), self._output), after

    def _attended(
        self, hidden: Any, block: Mapping[str, Any], ring: list[Any], now: Any, bias: Any, rotation: Any
    ) -> tuple[Any, list[Any]]:
        """Attention of one block, (rows, width), and its keys and values with those of the token."""
        heads, size = self._form.heads, self._form.width // self._form.heads
        projected = tf.reshape(tf.matmul(rms(hidden), block["projection"]), [-1, 3 * heads, size])
        asked, value = projected[:, : 2 * heads], projected[:, 2 * heads :]
        asked = (rms(asked) if self._normalized else asked) * block["scale"]
        if rotation is not None:
            cosine, sine = rotation
            asked = asked * cosine + tf.gather(asked, self._swapped, axis=-1) * sine
        keys = tf.tensor_scatter_nd_update(ring[0], now, asked[:, heads:])
        values = tf.tensor_scatter_nd_update(ring[1], now, value)
        scores = tf.matmul(asked[:, :heads, None], keys, transpose_b=True) + bias
        means = tf.matmul(tf.nn.softmax(scores), values)
        return tf.matmul(tf.reshape(means, [-1, self._form.width]), block["output"]), [keys, values]

    def _cells(self, place: Any) -> Any:
        """Row, head and place of each vector that the token writes into a ring, (rows, heads, 3) int32."""
        shape = [tf.shape(place)[0], self._form.heads]
        slot = tf.broadcast_to((place % self._form.length)[:, None], shape)
        row, head = tf.meshgrid(tf.range(shape[0]), tf.range(shape[1]), indexing="ij")
        return tf.stack([row, head, slot], axis=-1)

    def _rotation(self, place: Any) -> tuple[Any, Any]:
        """By what a vector and the one with swapped halves are multiplied, (rows, 1, width of a head) each."""
        fine, coarse = (
            [tf.gather(wave, number) for wave in waves]
            for waves, number in zip(self._turns, (place % TURN, place // TURN % TURN), strict=True)
        )
        cosine = fine[0] * coarse[0] - fine[1] * coarse[1]
        sine = fine[1] * coarse[0] + fine[0] * coarse[1]
        return tf.concat([cosine, cosine], axis=1)[:, None], tf.concat([-sine, sine], axis=1)[:, None]


def rms(vectors: Any) -> Any:
    """Vectors divided by the root of their mean square, over the last axis."""
    return vectors * tf.math.rsqrt(tf.reduce_mean(vectors * vectors, axis=-1, keepdims=True) + EPSILON)


def _block(model: keras.Model, form: Form, number: int) -> dict[str, Any]:
    """The weights of one block. Scales of normalizations are multiplied into the matrices that follow."""

    def kernel(name: str) -> Any:
        return model.get_layer(f"{name}_{number}").kernel

    before = _scale(model, f"attention_norm_{number}")[:, None]
    size = form.width // form.heads
    names = {layer.name for layer in model.layers}
    scales = [
        _scale(model, f"{name}_norm_{number}") if f"{name}_norm_{number}" in names else tf.ones([size])
        for name in ("query", "key")
    ]
    found = {
        "projection": tf.concat([before * kernel(name) for name in ("query", "key", "value")], axis=1),
        "scale": tf.repeat(tf.stack([scales[0] * size**-0.5, scales[1]]), form.heads, axis=0),
        "output": kernel("attention_output"),
        "wide": _scale(model, f"feed_forward_norm_{number}")[:, None] * kernel("wide"),
        "narrow": kernel("narrow"),
    }
    return {name: _constant(values) for name, values in found.items()}


def _scale(model: keras.Model, name: str) -> Any:
    return tf.convert_to_tensor(model.get_layer(name).scale)


def _constant(values: Any) -> Any:
    """The values as a constant: they are the same at every step, also where a graph contains them."""
    return tf.constant(keras.ops.convert_to_numpy(values))
