"""A faster update step for `keras.optimizers.Adam`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from utils.networks.keras_internals import has_internals

LARGE = 32_768
"""Number of elements from which one fused pass over a variable is faster than eight small operations (measured on two
cores)."""

INTERNALS = ("_backend_update_step", "_get_variable_index", "_momentums", "_velocities")
"""Attributes of Keras's Adam that the faster update needs."""


@contextmanager
def fused_updates(optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
    """Within the block, Adam updates its variables with fewer operations.

    Keras recomputes the bias correction for each variable and updates it in fifteen operations. Here the correction is
    computed once per step; a small variable takes eight operations, a large one a single fused operation. The formula
    and the state are Keras's own, so the optimizer is unchanged outside the block. Other optimizers use Keras's own
    code. So does Adam, with a warning, in a version of Keras without the
    attributes in `INTERNALS`.

    Args:
        optimizer: built.

    Source:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, section 2 (the efficient order).
    """
    if not _applies(optimizer):
        yield
        return

    def update(gradients: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        _adam(optimizer, list(zip(gradients, variables, strict=True)), learning_rate)

    optimizer._backend_update_step = update
    try:
        yield
    finally:
        del optimizer._backend_update_step


def _applies(optimizer: Any) -> bool:
    return (
        type(optimizer) is keras.optimizers.Adam
        and not optimizer.amsgrad
        and not tf.distribute.has_strategy()
        and has_internals(optimizer, INTERNALS, "the Adam update")
    )


def _adam(optimizer: Any, pairs: Sequence[tuple[Any, Any]], learning_rate: Any) -> None:
    beta_1, beta_2, epsilon = optimizer.beta_1, optimizer.beta_2, optimizer.epsilon
    step = tf.cast(optimizer.iterations.value + 1, "float32")
    power_1, power_2 = beta_1**step, beta_2**step
    rate = learning_rate * tf.sqrt(1 - power_2) / (1 - power_1)
    for gradient, variable in pairs:
        index = optimizer._get_variable_index(variable)
        value = variable.value
        momentum, velocity = optimizer._momentums[index].value, optimizer._velocities[index].value
        if isinstance(gradient, tf.IndexedSlices):  # of an embedding: the rows of a batch, some of them repeatedly
            new, squared = gradient.values * (1 - beta_1), tf.square(gradient.values) * (1 - beta_2)
            momentum.assign(momentum * beta_1).scatter_add(tf.IndexedSlices(new, gradient.indices))
            # Keras adds up the squares of repeated rows, too.
            velocity.assign(velocity * beta_2).scatter_add(tf.IndexedSlices(squared, gradient.indices))
            value.assign_sub(momentum * rate / (tf.sqrt(velocity) + epsilon))
        elif value.shape.num_elements() < LARGE:
            momentum.assign_add((gradient - momentum) * (1 - beta_1))
            velocity.assign_add((tf.square(gradient) - velocity) * (1 - beta_2))
            value.assign_sub(momentum * rate / (tf.sqrt(velocity) + epsilon))
        else:
            tf.raw_ops.ResourceApplyAdam(
                var=value.handle,
                m=momentum.handle,
                v=velocity.handle,
                beta1_power=power_1,
                beta2_power=power_2,
                lr=learning_rate,
                beta1=beta_1,
                beta2=beta_2,
                epsilon=epsilon,
                grad=gradient,
            )
