"""A training step of `keras.layers.LSTM` that costs what its matrix products cost.

Keras's loop adds an outer product of the size of the recurrent kernel to the gradient at every time step. Here the
inputs are projected in one product before the loop, the gates are kept, and the kernels' gradients are one product
each after the backward loop. Layer and weights stay Keras's own, so whatever is saved is a plain network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf


def _array(like: Any, steps: Any) -> Any:
    """An empty tensor a step, each of the shape of `like`; read as often as it takes."""
    return tf.TensorArray(like.dtype, steps, element_shape=like.shape, clear_after_read=False)


def _forward(projected: Any, recurrent_kernel: Any, state: Any, memory: Any) -> tuple[Any, ...]:
    """Run the cell over projected inputs, (steps, batch, 4 units).

    Returns:
        The last state and memory, (batch, units), and three arrays: of each step's output, of the memory before each
        step and after the last, (batch, units), and of the gates after their activations, (batch, 4 units), in Keras's
        order: input, forget, candidate, output.
    """
    steps, units = tf.shape(projected)[0], recurrent_kernel.shape[0]
    # A sigmoid is a hyperbolic tangent of half the argument, so one operation serves all four gates.
    scale = tf.repeat(tf.constant([0.5, 0.5, 1.0, 0.5], projected.dtype), units)
    projected, recurrent_kernel = projected * scale, recurrent_kernel * scale

    def step(number: Any, state: Any, memory: Any, outputs: Any, memories: Any, gates: Any) -> tuple[Any, ...]:
        opened = tf.tanh(projected[number] + tf.matmul(state, recurrent_kernel)) * scale + (1 - scale)
        admit, keep, candidate, out = tf.split(opened, 4, axis=1)
        memory = keep * memory + admit * candidate
        state = out * tf.tanh(memory)
        kept = outputs.write(number, state), memories.write(number + 1, memory), gates.write(number, opened)
        return number + 1, state, memory, *kept

    kept = _array(state, steps), _array(memory, steps + 1).write(0, memory), _array(projected[0], steps)
    _, *found = tf.while_loop(lambda number, *_: number < steps, step, (0, state, memory, *kept), parallel_iterations=1)
    return tuple(found)


def _backward(
    recurrent_kernel: Any, memories: Any, gates: Any, of_outputs: Any, of_state: Any, of_memory: Any
) -> tuple[Any, Any, Any]:
    """Run the gradient from the last step to the first.

    Args:
        recurrent_kernel: (units, 4 units).
        memories: array of what `_forward` left.
        gates: likewise.
        of_outputs: gradient of the loss by each step's output, (steps, batch, units).
        of_state: by the last state, (batch, units).
        of_memory: by the last memory.

    Returns:
        Gradients by the gates' sums (steps, batch, 4 units), and by the initial state and memory.
    """
    steps, units = tf.shape(of_outputs)[0], recurrent_kernel.shape[0]
    transposed = tf.transpose(recurrent_kernel)
    # A sigmoid's slope is g(1 − g), a hyperbolic tangent's 1 − g²: both are constant + g(linear − g).
    linear = tf.repeat(tf.constant([1.0, 1.0, 0.0, 1.0], of_outputs.dtype), units)

    def step(number: Any, of_state: Any, of_memory: Any, found: Any) -> tuple[Any, ...]:
        opened, earlier, squashed = gates.read(number), memories.read(number), tf.tanh(memories.read(number + 1))
        admit, keep, candidate, out = tf.split(opened, 4, axis=1)
        of_state = of_state + of_outputs[number]
        of_memory = of_memory + of_state * out * (1 - tf.square(squashed))
        of_gates = [of_memory * candidate, of_memory * earlier, of_memory * admit, of_state * squashed]
        of_sums = tf.concat(of_gates, axis=1) * (1 - linear + opened * (linear - opened))
        return number - 1, tf.matmul(of_sums, transposed), of_memory * keep, found.write(number, of_sums)

    empty = tf.TensorArray(of_outputs.dtype, steps, element_shape=[*of_state.shape[:1], 4 * units])
    _, of_state, of_memory, found = tf.while_loop(
        lambda number, *_: number >= 0, step, (steps - 1, of_state, of_memory, empty), parallel_iterations=1
    )
    return found.stack(), of_state, of_memory


@tf.custom_gradient
def lstm(
    inputs: Any, state: Any, memory: Any, kernel: Any, recurrent_kernel: Any, bias: Any
) -> tuple[tuple[Any, Any, Any], Any]:
    """An LSTM over whole sequences, its gradient in as few matrix products as there can be.

    Args:
        inputs: (batch, steps, features) of a float type that all arguments share; at least one step.
        state: initial output, (batch, units).
        memory: initial cell state, (batch, units).
        kernel: (features, 4 units), in Keras's order of the gates.
        recurrent_kernel: (units, 4 units).
        bias: (4 units,).

    Returns:
        Outputs (batch, steps, units), the last output and the last memory, (batch, units) each.

    Source:
        Hochreiter and Schmidhuber, Long Short-Term Memory (1997), with the forget gate of Gers et al. (2000); the order
        of the products follows Appleyard, Kociský and Blunsom, Optimizing Performance of Recurrent Neural Networks on
        GPUs (2016), arXiv:1604.01946.
    """
    units, features = recurrent_kernel.shape[0], kernel.shape[0]
    by_step = tf.transpose(inputs, [1, 0, 2])
    shape = tf.shape(by_step)
    flat = tf.reshape(by_step, [-1, features])
    projected = tf.reshape(tf.nn.bias_add(tf.matmul(flat, kernel), bias), [shape[0], shape[1], 4 * units])
    last_state, last_memory, outputs, memories, gates = _forward(projected, recurrent_kernel, state, memory)
    outputs = outputs.stack()

    def gradients(of_outputs: Any, of_state: Any, of_memory: Any) -> tuple[Any, ...]:
        of_outputs = tf.transpose(of_outputs, [1, 0, 2])
        of_sums, of_state, of_memory = _backward(recurrent_kernel, memories, gates, of_outputs, of_state, of_memory)
        of_sums = tf.reshape(of_sums, [-1, 4 * units])
        before = tf.reshape(tf.concat([state[None], outputs[:-1]], axis=0), [-1, units])
        of_inputs = tf.reshape(tf.matmul(of_sums, kernel, transpose_b=True), shape)
        return (
            tf.transpose(of_inputs, [1, 0, 2]),
            of_state,
            of_memory,
            tf.matmul(flat, of_sums, transpose_a=True),
            tf.matmul(before, of_sums, transpose_a=True),
            tf.reduce_sum(of_sums, axis=0),
        )

    return (tf.transpose(outputs, [1, 0, 2]), last_state, last_memory), gradients


@contextmanager
def fused_recurrence(model: keras.Model) -> Iterator[None]:
    """For the length of the block, let the model's LSTM layers compute by `lstm`.

    Formula and weights are Keras's own, so before and after the block it is the same model of plain layers. Layers with
    settings that `lstm` does not know (other activations, dropout inside the cell, masks, reversed time) stay as they
    are, and so do all layers where there is a GPU, which has a kernel of its own for them.

    Args:
        model: functional or Sequential, built.
    """
    layers = [] if tf.config.list_physical_devices("GPU") else [layer for layer in model.layers if _is_plain(layer)]
    for layer in layers:
        layer.inner_loop = _inner_loop(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.inner_loop


def _is_plain(layer: Any) -> bool:
    return (
        type(layer) is keras.layers.LSTM
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and layer.use_bias
        and not (layer.dropout or layer.recurrent_dropout or layer.go_backwards or layer.unroll)
    )


def _inner_loop(layer: Any) -> Any:
    plain = layer.inner_loop

    def inner_loop(sequences: Any, initial_state: Any, mask: Any = None, training: bool = False) -> Any:
        if mask is not None:
            return plain(sequences, initial_state, mask=mask, training=training)
        cell = layer.cell
        weights = [tf.cast(w, sequences.dtype) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)]
        outputs, state, memory = lstm(sequences, *initial_state, *weights)
        return state, outputs, [state, memory]

    return inner_loop
