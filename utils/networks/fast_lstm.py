"""A training step of `keras.layers.LSTM` that costs what its matrix products cost.

Keras's loop adds an outer product of the size of the recurrent kernel to the gradient at every time step. Here the
inputs are projected in one product before the loop, the gates are kept, the gradient of the cell is one operation, and
the kernels' gradients are one product each after the backward loop. Layer and weights stay Keras's own, so whatever is
saved is a plain network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from utils.networks.keras_internals import has_internals

INTERNALS = ("inner_loop", "cell.kernel", "cell.recurrent_kernel", "cell.bias")
"""Attributes of Keras's LSTM layer that the faster recurrence needs."""

CACHED = 1 << 20
"""Bytes of a recurrent kernel that a core's own cache holds: two cores then do half of the batch each, faster than they
share every product. A larger kernel would be read twice (measured on two cores)."""


def _swapped(gates: Any, units: int) -> Any:
    """(batch, 4 units) with the middle two gates swapped, from TensorFlow's order (input, candidate, forget, output) to
    Keras's (input, forget, candidate, output)."""
    return tf.reshape(tf.gather(tf.reshape(gates, [-1, 4, units]), [0, 2, 1, 3], axis=1), [-1, 4 * units])


def _array(like: Any, steps: Any) -> Any:
    """An empty tensor a step, each of the shape of `like`; read as often as it takes."""
    return tf.TensorArray(like.dtype, steps, element_shape=like.shape, clear_after_read=False)


def _forward(projected: Any, recurrent_kernel: Any, state: Any, memory: Any) -> tuple[Any, Any, list[Any], list[Any]]:
    """Run the cell over projected inputs, (steps, batch, 4 units).

    Returns:
        The last state and memory, (batch, units), and arrays of such tensors: the states and the memories, each with
        the one before the first step in front, and a list of five of each step's gates (input, forget, candidate,
        output, after their activations) and of its memory's hyperbolic tangent.
    """
    steps = tf.shape(projected)[0]

    def step(number: Any, state: Any, memory: Any, states: Any, memories: Any, *kept: Any) -> tuple[Any, ...]:
        sums = tf.split(projected[number] + tf.matmul(state, recurrent_kernel), 4, axis=1)
        admit, keep, candidate, out = tf.sigmoid(sums[0]), tf.sigmoid(sums[1]), tf.tanh(sums[2]), tf.sigmoid(sums[3])
        memory = keep * memory + admit * candidate
        squashed = tf.tanh(memory)
        state = out * squashed
        values = (admit, keep, candidate, out, squashed)
        written = [array.write(number, value) for array, value in zip(kept, values, strict=True)]
        return number + 1, state, memory, states.write(number + 1, state), memories.write(number + 1, memory), *written

    first = [_array(value, steps + 1).write(0, value) for value in (state, memory)]
    start = (0, state, memory, *first, *(_array(state, steps) for _ in range(5)))
    _, state, memory, states, memories, *kept = tf.while_loop(
        lambda number, *_: number < steps, step, start, parallel_iterations=1
    )
    return state, memory, [states, memories], kept


def _backward(
    recurrent_kernel: Any, memories: Any, kept: list[Any], of_outputs: Any, of_state: Any, of_memory: Any
) -> tuple[Any, Any, Any]:
    """Run the gradient from the last step to the first.

    Args:
        recurrent_kernel: (units, 4 units).
        memories: array of what `_forward` left.
        kept: likewise.
        of_outputs: gradient of the loss by each step's output, (steps, batch, units).
        of_state: by the last state, (batch, units).
        of_memory: by the last memory.

    Returns:
        Gradients by the gates' sums (steps, batch, 4 units), and by the initial state and memory.
    """
    steps, units = tf.shape(of_outputs)[0], recurrent_kernel.shape[0]
    transposed = tf.transpose(recurrent_kernel)  # once; the product would do it at every step
    none, nothing = tf.zeros_like(of_state)[:, :0], tf.zeros([4 * units])

    def step(number: Any, of_state: Any, of_memory: Any, found: Any) -> tuple[Any, ...]:
        admit, keep, candidate, out, squashed = (array.read(number) for array in kept)
        # TensorFlow's own gradient of the cell, in one operation. It takes peepholes (here none), and some tensors for
        # their shapes alone.
        of_memory, of_sums, *_ = tf.raw_ops.LSTMBlockCellGrad(
            x=none,
            h_prev=of_state,
            w=recurrent_kernel,
            b=nothing,
            **dict.fromkeys(("wci", "wcf", "wco"), nothing[:units]),
            cs_prev=memories.read(number),
            cs=squashed,
            i=admit,
            ci=candidate,
            f=keep,
            o=out,
            co=squashed,
            cs_grad=of_memory,
            h_grad=of_state + of_outputs[number],
            use_peephole=False,
        )
        of_sums = _swapped(of_sums, units)  # here, and not the weights: of a large layer they are far more
        return number - 1, tf.matmul(of_sums, transposed), of_memory, found.write(number, of_sums)

    empty = tf.TensorArray(of_outputs.dtype, steps, element_shape=[*of_state.shape[:1], 4 * units])
    _, of_state, of_memory, found = tf.while_loop(
        lambda number, *_: number >= 0, step, (steps - 1, of_state, of_memory, empty), parallel_iterations=1
    )
    return found.stack(), of_state, of_memory


@tf.custom_gradient
def _lstm(
    inputs: Any, state: Any, memory: Any, kernel: Any, recurrent_kernel: Any, bias: Any
) -> tuple[tuple[Any, Any, Any], Any]:
    """`lstm`, and its gradient."""
    units, features = recurrent_kernel.shape[0], kernel.shape[0]
    by_step = tf.transpose(inputs, [1, 0, 2])
    shape = tf.shape(by_step)
    flat = tf.reshape(by_step, [-1, features])
    projected = tf.reshape(tf.nn.bias_add(tf.matmul(flat, kernel), bias), [shape[0], shape[1], 4 * units])
    last_state, last_memory, (states, memories), kept = _forward(projected, recurrent_kernel, state, memory)
    states = states.stack()

    def gradients(of_outputs: Any, of_state: Any, of_memory: Any) -> tuple[Any, ...]:
        of_outputs = tf.transpose(of_outputs, [1, 0, 2])
        of_sums, of_state, of_memory = _backward(recurrent_kernel, memories, kept, of_outputs, of_state, of_memory)
        of_sums = tf.reshape(of_sums, [-1, 4 * units])
        before = tf.reshape(states[:-1], [-1, units])
        of_inputs = tf.reshape(tf.matmul(of_sums, kernel, transpose_b=True), shape)
        return (
            tf.transpose(of_inputs, [1, 0, 2]),
            of_state,
            of_memory,
            tf.matmul(flat, of_sums, transpose_a=True),
            tf.matmul(before, of_sums, transpose_a=True),
            # A product with ones is several times faster than a sum over rows.
            tf.matmul(tf.ones_like(of_sums[:, :1]), of_sums, transpose_a=True)[0],
        )

    return (tf.transpose(states[1:], [1, 0, 2]), last_state, last_memory), gradients


def lstm(inputs: Any, state: Any, memory: Any, kernel: Any, recurrent_kernel: Any, bias: Any) -> tuple[Any, Any, Any]:
    """An LSTM over whole sequences, its gradient in as few matrix products as there can be.

    Args:
        inputs: (batch, steps, features) float32, as all arguments; at least one step.
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
    weights = (kernel, recurrent_kernel, bias)
    if recurrent_kernel.shape.num_elements() * recurrent_kernel.dtype.size > CACHED:
        return _lstm(inputs, state, memory, *weights)
    rows = tf.shape(inputs)[0]
    halves = [tf.split(value, [rows // 2, rows - rows // 2]) for value in (inputs, state, memory)]
    first, second = (_lstm(*part, *weights) for part in zip(*halves, strict=True))
    return tuple(tf.concat(pair, axis=0) for pair in zip(first, second, strict=True))


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
        and layer.compute_dtype == "float32"
        and not (layer.dropout or layer.recurrent_dropout or layer.go_backwards or layer.unroll)
        and has_internals(layer, INTERNALS, "the LSTM recurrence")
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
