"""A faster training step for `keras.layers.LSTM`.

At every time step, Keras's backward loop adds an outer product of the size of the recurrent kernel to the gradient.
Here the inputs are projected in one matrix product before the loop, the gates are stored, the gradient of the cell is
one operation, and the gradient of each kernel is one product after the backward loop. The layer and its weights are
Keras's own, so a saved model contains plain layers.
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
"""Largest recurrent kernel, in bytes, that fits into the cache of one core. Each of two cores then computes half of the
batch, which is faster than sharing every product. A larger kernel would be read twice (measured on two cores)."""


def _swapped(gates: Any, units: int) -> Any:
    """Reorder (batch, 4 units) from TensorFlow's gates (input, candidate, forget, output) to Keras's (input, forget,
    candidate, output)."""
    return tf.reshape(tf.gather(tf.reshape(gates, [-1, 4, units]), [0, 2, 1, 3], axis=1), [-1, 4 * units])


def _array(like: Any, steps: Any) -> Any:
    """An array with one tensor per step, of the shape and dtype of `like`; it can be read several times."""
    return tf.TensorArray(like.dtype, steps, element_shape=like.shape, clear_after_read=False)


def _forward(projected: Any, recurrent_kernel: Any, state: Any, memory: Any) -> tuple[Any, Any, list[Any], list[Any]]:
    """Run the cell over projected inputs, (steps, batch, 4 units).

    Returns:
        The last hidden state and the last cell state, (batch, units) each; the arrays of all hidden states and of all
        cell states, starting with the initial ones; and five arrays with the values of each step: input gate, forget
        gate, candidate and output gate after their activations, and the hyperbolic tangent of the cell state.
    """
    steps = tf.shape(projected)[0]

    def step(number: Any, state: Any, memory: Any, states: Any, memories: Any, *stored: Any) -> tuple[Any, ...]:
        sums = tf.split(projected[number] + tf.matmul(state, recurrent_kernel), 4, axis=1)
        input_gate, forget_gate, output_gate = (tf.sigmoid(sums[gate]) for gate in (0, 1, 3))
        candidate = tf.tanh(sums[2])
        memory = forget_gate * memory + input_gate * candidate
        squashed = tf.tanh(memory)
        state = output_gate * squashed
        values = (input_gate, forget_gate, candidate, output_gate, squashed)
        written = [array.write(number, value) for array, value in zip(stored, values, strict=True)]
        return number + 1, state, memory, states.write(number + 1, state), memories.write(number + 1, memory), *written

    first = [_array(value, steps + 1).write(0, value) for value in (state, memory)]
    start = (0, state, memory, *first, *(_array(state, steps) for _ in range(5)))
    _, state, memory, states, memories, *stored = tf.while_loop(
        lambda number, *_: number < steps, step, start, parallel_iterations=1
    )
    return state, memory, [states, memories], stored


def _backward(
    recurrent_kernel: Any, memories: Any, stored: list[Any], of_outputs: Any, of_state: Any, of_memory: Any
) -> tuple[Any, Any, Any]:
    """Backpropagate from the last step to the first.

    Args:
        recurrent_kernel: (units, 4 units).
        memories: the cell states that `_forward` stored.
        stored: the gates that it stored.
        of_outputs: gradient of the loss with respect to the output of each step, (steps, batch, units).
        of_state: with respect to the last hidden state, (batch, units).
        of_memory: with respect to the last cell state, (batch, units).

    Returns:
        Gradients with respect to the sums in the gates (steps, batch, 4 units), and to the initial hidden state and
        cell state (batch, units).
    """
    steps, units = tf.shape(of_outputs)[0], recurrent_kernel.shape[0]
    transposed = tf.transpose(recurrent_kernel)  # once; otherwise the product transposes it at every step
    none, nothing = tf.zeros_like(of_state)[:, :0], tf.zeros([4 * units])

    def step(number: Any, of_state: Any, of_memory: Any, found: Any) -> tuple[Any, ...]:
        input_gate, forget_gate, candidate, output_gate, squashed = (array.read(number) for array in stored)
        # TensorFlow's gradient of the cell, in one operation. It supports peepholes, which are not used here, and uses
        # only the shapes of some of its arguments.
        of_memory, of_sums, *_ = tf.raw_ops.LSTMBlockCellGrad(
            x=none,
            h_prev=of_state,
            w=recurrent_kernel,
            b=nothing,
            **dict.fromkeys(("wci", "wcf", "wco"), nothing[:units]),
            cs_prev=memories.read(number),
            cs=squashed,
            i=input_gate,
            ci=candidate,
            f=forget_gate,
            o=output_gate,
            co=squashed,
            cs_grad=of_memory,
            h_grad=of_state + of_outputs[number],
            use_peephole=False,
        )
        of_sums = _swapped(of_sums, units)  # not the weights: in a large layer they are larger
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
    """`lstm` with its gradient, for the whole batch at once."""
    units, features = recurrent_kernel.shape[0], kernel.shape[0]
    by_step = tf.transpose(inputs, [1, 0, 2])
    shape = tf.shape(by_step)
    flat = tf.reshape(by_step, [-1, features])
    projected = tf.reshape(tf.nn.bias_add(tf.matmul(flat, kernel), bias), [shape[0], shape[1], 4 * units])
    last_state, last_memory, (states, memories), stored = _forward(projected, recurrent_kernel, state, memory)
    states = states.stack()

    def gradients(of_outputs: Any, of_state: Any, of_memory: Any) -> tuple[Any, ...]:
        of_outputs = tf.transpose(of_outputs, [1, 0, 2])
        of_sums, of_state, of_memory = _backward(recurrent_kernel, memories, stored, of_outputs, of_state, of_memory)
        of_sums = tf.reshape(of_sums, [-1, 4 * units])
        before = tf.reshape(states[:-1], [-1, units])
        of_inputs = tf.reshape(tf.matmul(of_sums, kernel, transpose_b=True), shape)
        return (
            tf.transpose(of_inputs, [1, 0, 2]),
            of_state,
            of_memory,
            tf.matmul(flat, of_sums, transpose_a=True),
            tf.matmul(before, of_sums, transpose_a=True),
            # Multiplying by ones is several times faster than a sum over rows.
            tf.matmul(tf.ones_like(of_sums[:, :1]), of_sums, transpose_a=True)[0],
        )

    return (tf.transpose(states[1:], [1, 0, 2]), last_state, last_memory), gradients


def lstm(inputs: Any, state: Any, memory: Any, kernel: Any, recurrent_kernel: Any, bias: Any) -> tuple[Any, Any, Any]:
    """An LSTM over whole sequences whose gradient takes few matrix products.

    Args:
        inputs: (batch, steps, features) float32, as all arguments; at least one step.
        state: initial hidden state, (batch, units).
        memory: initial cell state, (batch, units).
        kernel: (features, 4 units), in the order of Keras's gates: input, forget, candidate, output.
        recurrent_kernel: (units, 4 units).
        bias: (4 units,).

    Returns:
        Outputs (batch, steps, units), the last hidden state and the last cell state, (batch, units) each.

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
    """Within the block, the LSTM layers of the model are computed by `lstm`.

    The formula and the weights are Keras's own, so the model is unchanged outside the block. Layers with settings that
    `lstm` does not support (other activations, dropout inside the cell, masks) use Keras's own code. So do all layers
    on a machine with a GPU, for which Keras has its own kernel, and, with a warning, those of a version of Keras
    without the attributes in `INTERNALS`. Both directions of a Bidirectional layer are computed by `lstm`, too.

    Args:
        model: functional or Sequential, built.
    """
    found = [] if tf.config.list_physical_devices("GPU") else [part for layer in model.layers for part in _parts(layer)]
    layers = [layer for layer in found if _is_plain(layer)]
    for layer in layers:
        layer.inner_loop = _inner_loop(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.inner_loop


def _parts(layer: Any) -> list[Any]:
    """The two directions of a Bidirectional layer, or the layer itself."""
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    return [layer]


def _is_plain(layer: Any) -> bool:
    return (
        type(layer) is keras.layers.LSTM
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and layer.compute_dtype == "float32"
        and not (layer.dropout or layer.recurrent_dropout or layer.unroll)
        and has_internals(layer, INTERNALS, "the LSTM recurrence")
    )


def _inner_loop(layer: Any) -> Any:
    plain = layer.inner_loop

    def inner_loop(sequences: Any, initial_state: Any, mask: Any = None, training: bool = False) -> Any:
        if mask is not None:
            return plain(sequences, initial_state, mask=mask, training=training)
        cell = layer.cell
        bias = cell.bias if layer.use_bias else tf.zeros([4 * cell.units])
        weights = [tf.cast(w, sequences.dtype) for w in (cell.kernel, cell.recurrent_kernel, bias)]
        if layer.go_backwards:  # its outputs are in the order in which it reads, as Keras's are
            sequences = tf.reverse(sequences, [1])
        outputs, state, memory = lstm(sequences, *initial_state, *weights)
        return state, outputs, [state, memory]

    return inner_loop
