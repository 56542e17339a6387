"""Initial weights are drawn again until every ReLU responds."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from utils.networks import live_units
from utils.networks.live_units import build_alive, dead_units

PIXELS = np.random.default_rng(0).uniform(0, 1, (8, 12, 12, 1)).astype("float32")


def network(biases: tuple[float, ...], *, activation: str = "relu") -> keras.Model:
    """A convolution with positive weights, whose units respond unless their bias is very negative."""
    inputs = keras.Input((12, 12, 1))
    layer = keras.layers.Conv2D(len(biases), 3, activation=activation, name="convolution")
    model = keras.Model(inputs, keras.layers.Dense(2, name="scores")(keras.layers.Flatten()(layer(inputs))))
    layer.set_weights([np.full((3, 3, 1, len(biases)), 0.1), np.array(biases)])
    return model


def test_dead_units_are_counted() -> None:
    assert dead_units(network((0.0, -100.0, 1.0)), PIXELS) == {"convolution": 1}
    assert dead_units(network((0.0, 0.1)), PIXELS) == {"convolution": 0}
    assert dead_units(network((-100.0,), activation="sigmoid"), PIXELS) == {}, "only a ReLU dies"


def test_weights_are_drawn_until_all_units_are_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [network((-100.0, 1.0)), network((0.0, -100.0)), network((0.0, 1.0)), network((-100.0, -100.0))]
    waiting = iter(drawn)
    assert build_alive(lambda: next(waiting), PIXELS) is drawn[2]
    monkeypatch.setattr(live_units, "TRIES", 2)
    waiting = iter(drawn)
    assert build_alive(lambda: next(waiting), PIXELS) is drawn[1], "the last one, if none is alive"


def test_a_seed_repeats_the_weights() -> None:
    def build() -> keras.Model:
        inputs = keras.Input((12, 12, 1))
        hidden = keras.layers.Conv2D(4, 3, activation="relu", name="convolution")(inputs)
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(hidden)))

    found = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        found.append(build_alive(build, PIXELS).get_weights())
    for first, second in zip(*found, strict=True):
        np.testing.assert_array_equal(first, second)
    assert dead_units(build_alive(build, PIXELS), PIXELS) == {"convolution": 0}
