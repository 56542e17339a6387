"""The faster recurrence gives the same loss, states and gradients as Keras, and leaves the layer unchanged."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.datasets.splits import Split
from utils.networks import fast_lstm
from utils.networks.fast_lstm import fused_recurrence
from utils.training.batches import ArrayBatches
from utils.training.loop import train
from utils.training.results import silent


def network(features: int, units: int, layers: int = 1, **options: Any) -> keras.Model:
    keras.utils.set_random_seed(4)
    inputs = hidden = keras.Input((None, features))
    for _ in range(layers):
        layer = keras.layers.LSTM(
            units,
            return_sequences=True,
            bias_initializer=keras.initializers.RandomNormal(),
            unit_forget_bias=False,
            **options,
        )
        hidden = layer(hidden)
    return keras.Model(inputs, hidden)


def loss_and_gradients(model: keras.Model, inputs: Any, targets: Any) -> list[Any]:
    values = tf.Variable(inputs)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(values, training=True) - targets))
    weights = [weight.value for weight in model.trainable_weights]
    return [loss, *tape.gradient(loss, [values, *weights])]


@settings(max_examples=25, deadline=None)
@given(
    batch=st.integers(1, 5),
    cached=st.sampled_from([0, fast_lstm.CACHED]),
    steps=st.integers(1, 9),
    features=st.integers(1, 6),
    units=st.integers(1, 8),
    layers=st.integers(1, 2),
    seed=st.integers(0, 99),
)
def test_loss_and_gradients_are_those_of_keras(
    batch: int, cached: int, steps: int, features: int, units: int, layers: int, seed: int
) -> None:
    """With the batch split into halves (a small kernel) and without; for a single row one half is empty."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(batch, steps, features)).astype("float32")
    targets = random.normal(size=(batch, steps, units)).astype("float32")
    model = network(features, units, layers)
    plain = loss_and_gradients(model, inputs, targets)
    with fused_recurrence(model), pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_lstm, "CACHED", cached)
        fast = loss_and_gradients(model, inputs, targets)
    assert len(fast) == 2 + 3 * layers
    for mine, kerass in zip(fast, plain, strict=True):
        np.testing.assert_allclose(mine, kerass, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_both_directions_of_a_bidirectional_layer_are_computed_faster(
    bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras.utils.set_random_seed(4)
    inputs = keras.Input((None, 3))
    layer = keras.layers.LSTM(5, return_sequences=True, use_bias=bias)
    model = keras.Model(inputs, keras.layers.Bidirectional(layer)(inputs))
    values = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("float32")
    targets = np.random.default_rng(1).normal(size=(4, 6, 10)).astype("float32")
    plain = loss_and_gradients(model, values, targets)
    calls: list[int] = []
    real = fast_lstm.lstm

    def counted(*given: Any) -> Any:
        calls.append(1)
        return real(*given)

    monkeypatch.setattr(fast_lstm, "lstm", counted)
    with fused_recurrence(model):
        fast = loss_and_gradients(model, values, targets)
    assert len(calls) == 2
    assert len(fast) == (8 if bias else 6)
    for mine, kerass in zip(fast, plain, strict=True):
        np.testing.assert_allclose(mine, kerass, atol=1e-5)


def test_the_last_states_have_gradients_too() -> None:
    """As for an LSTM that starts with the last states of another."""
    inputs = keras.Input((5, 3))
    encoded, state, memory = keras.layers.LSTM(4, return_state=True)(inputs)
    decoded = keras.layers.LSTM(4)(inputs[:, ::-1], initial_state=[state, memory])
    model = keras.Model(inputs, keras.layers.Concatenate()([encoded, decoded]))
    values = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    plain = loss_and_gradients(model, values, 0.5)
    with fused_recurrence(model):
        fast = loss_and_gradients(model, values, 0.5)
    for mine, kerass in zip(fast, plain, strict=True):
        np.testing.assert_allclose(mine, kerass, atol=1e-6)


def test_layers_are_unchanged_afterwards() -> None:
    model = network(3, 4)
    layer = model.layers[-1]
    with fused_recurrence(model):
        assert "inner_loop" in vars(layer)
        inside = model.to_json(), model.get_weights()
    assert "inner_loop" not in vars(layer)
    assert type(layer) is keras.layers.LSTM
    other = keras.models.model_from_json(inside[0])
    other.set_weights(inside[1])
    values = np.ones((2, 3, 3), "float32")
    np.testing.assert_array_equal(other(values), model(values))


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"recurrent_dropout": 0.5},
        {"dtype": "float64"},
    ],
)
def test_other_layers_use_keras(options: dict[str, Any]) -> None:
    model = network(3, 4, **options)
    with fused_recurrence(model):
        assert "inner_loop" not in vars(model.layers[-1])


def test_a_mask_is_respected() -> None:
    inputs = keras.Input((4,), dtype="int32")
    hidden = keras.layers.Embedding(5, 3, mask_zero=True)(inputs)
    model = keras.Model(inputs, keras.layers.LSTM(2)(hidden))
    rows = np.array([[1, 2, 0, 0], [3, 4, 1, 2]])
    plain = model(rows)
    with fused_recurrence(model):
        np.testing.assert_array_equal(model(rows), plain)


def test_training_gives_the_same_weights_as_keras() -> None:
    """With the training loop, and an embedding (sparse gradients) in addition to the recurrent kernel."""

    def compiled() -> keras.Model:
        keras.utils.set_random_seed(2)
        inputs = keras.Input((None,), dtype="int32")
        hidden = keras.layers.LSTM(16, return_sequences=True)(keras.layers.Embedding(7, 8)(inputs))
        model = keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(hidden))
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
        return model

    rows = np.random.default_rng(1).integers(0, 7, (40, 13))
    split = Split(rows[:, :-1], rows[:, 1:])
    ours, theirs = compiled(), compiled()
    batches = ArrayBatches(split, 8)
    progress = train(
        ours, batches, batches, epochs=3, patience=0, restore_best_weights=False, checkpoint=None, report=silent
    )
    history = theirs.fit(split.inputs, split.targets, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    assert [row["loss"] for row in progress.history] == pytest.approx(history["loss"], rel=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-4)
