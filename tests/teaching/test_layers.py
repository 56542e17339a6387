"""What a layer costs: the formulas, computed as they are printed, are Keras's numbers for every kind of layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.base.errors import CallerError
from utils.teaching.layer_costs import Formula, LayerCost, cost_table, layer_costs

L = keras.layers
quickly = settings(max_examples=12, deadline=None)


def computed(formula: Formula) -> int:
    """The result of a formula, from its text."""
    text = formula.text.replace("·", "*").replace("²", "**2").replace("−", "-")
    for bracket, word in (("⌊", "floor("), ("⌈", "ceil("), ("⌋", ")"), ("⌉", ")")):
        text = text.replace(bracket, word)
    return int(eval(text, {"__builtins__": {}}, {"floor": math.floor, "ceil": math.ceil}))


def holds(cost: LayerCost) -> None:
    """Text, value and Keras agree."""
    assert cost.by_formula is not None
    assert cost.multiply_adds is not None
    for formula in (*cost.sides, cost.by_formula, cost.multiply_adds):
        assert computed(formula) == formula.value
    assert cost.channels is not None
    sides = cost.sides * (len(cost.output_shape) - 1) if len(cost.sides) == 1 else cost.sides
    assert (*(side.value for side in sides), cost.channels.value) == cost.output_shape
    assert cost.by_formula.value == cost.parameters


def only(layer: Any, *shape: int) -> LayerCost:
    model = keras.Sequential([keras.Input(shape), layer])
    (cost,) = layer_costs(model)
    holds(cost)
    assert cost.parameters == model.count_params()
    return cost


def counted(cost: LayerCost) -> int:
    assert cost.multiply_adds is not None
    return cost.multiply_adds.value


side = st.integers(7, 40)
window = st.integers(1, 7)
few = st.integers(1, 5)
padding = st.sampled_from(["valid", "same"])


@quickly
@given(side, side, few, few, st.tuples(window, window), st.tuples(few, few), padding, st.booleans())
def test_convolution(
    height: int,
    width: int,
    channels: int,
    filters: int,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
    bias: bool,
) -> None:
    cost = only(L.Conv2D(filters, kernel, strides, padding, use_bias=bias), height, width, channels)
    rows, columns, _ = cost.output_shape
    assert counted(cost) == rows * columns * filters * kernel[0] * kernel[1] * channels


@quickly
@given(few, few, few, st.booleans(), st.booleans())
def test_recurrent(steps: int, features: int, units: int, bias: bool, each: bool) -> None:
    cost = only(L.LSTM(units, use_bias=bias, return_sequences=each), steps, features)
    assert cost.parameters == 4 * (units * (units + features) + units * bias)
    assert counted(cost) == steps * 4 * units * (units + features)


@quickly
@given(few, few, few)
def test_embedding(steps: int, symbols: int, width: int) -> None:
    assert counted(only(L.Embedding(symbols, width), steps)) == 0


@quickly
@given(side, side, few, st.integers(1, 3), few, padding)
def test_dilation_groups_and_one_axis(
    height: int, width: int, half: int, dilation: int, kernel: int, padding: str
) -> None:
    dilated = L.Conv2D(2 * half, min(kernel, 3), padding=padding, dilation_rate=dilation, groups=2)
    only(dilated, height, width, 2 * half)
    only(L.Conv1D(half, kernel, strides=kernel, padding=padding), width, half)
    only(L.Conv1D(half, kernel, padding="causal"), width, half)


@quickly
@given(side, side, few, st.integers(1, 3), few, window, few, padding, st.booleans())
def test_depthwise_and_separable(
    height: int,
    width: int,
    channels: int,
    multiplier: int,
    filters: int,
    kernel: int,
    stride: int,
    padding: str,
    bias: bool,
) -> None:
    options = {"strides": stride, "padding": padding, "depth_multiplier": multiplier, "use_bias": bias}
    depthwise = only(L.DepthwiseConv2D(kernel, **options), height, width, channels)
    separable = only(L.SeparableConv2D(filters, kernel, **options), height, width, channels)
    rows, columns, deep = depthwise.output_shape
    assert counted(depthwise) == rows * columns * deep * kernel**2
    assert counted(separable) == counted(depthwise) + rows * columns * deep * filters


@quickly
@given(side, side, few, st.tuples(window, window), st.none() | few, padding)
def test_pooling(
    height: int, width: int, channels: int, size: tuple[int, int], stride: int | None, padding: str
) -> None:
    for kind in (L.MaxPooling2D, L.AveragePooling2D):
        assert counted(only(kind(size, stride, padding), height, width, channels)) == 0
    for kind in (L.GlobalAveragePooling2D, L.GlobalMaxPooling2D):
        only(kind(), height, width, channels)
        only(kind(keepdims=True), height, width, channels)


@quickly
@given(side, side, few, few, st.booleans(), st.booleans())
def test_dense_normalisation_and_the_rest(
    height: int, width: int, channels: int, units: int, scale: bool, centre: bool
) -> None:
    assert counted(only(L.Dense(units, use_bias=scale), channels)) == units * channels
    assert counted(only(L.Dense(units), height, width, channels)) == height * width * units * channels
    only(L.BatchNormalization(scale=scale, center=centre), height, width, channels)
    only(L.BatchNormalization(axis=1), height, width, channels)
    only(L.Flatten(), height, width, channels)
    only(L.ZeroPadding2D(((1, 2), (0, units))), height, width, channels)
    for layer in (L.ReLU(), L.Activation("tanh"), L.Dropout(0.5), L.Softmax(), L.Rescaling(2.0)):
        only(layer, height, width, channels)


def test_the_course_network_as_a_table() -> None:
    model = keras.Sequential(
        [
            keras.Input((256, 256, 1)),
            L.Conv2D(2, 5, strides=3, activation="relu", name="convolution_1"),
            L.MaxPooling2D(5, strides=5, name="pool_1"),
            L.Conv2D(4, 3, activation="relu", name="convolution_2"),
            L.MaxPooling2D(2, name="pool_2"),
            L.Flatten(name="flatten"),
            L.Dense(2, activation="softmax", name="class"),
        ]
    )
    costs = layer_costs(model)
    assert sum(cost.parameters for cost in costs) == model.count_params() == 522
    plain, markdown = cost_table(costs), cost_table(costs, markdown=True)
    for text in (plain, markdown):
        assert "⌊(256 − 5 + 2·0)/3⌋ + 1 = 84" in text
        assert "2·5²·1 + 2 = 52" in text
        assert "84²·2·5²·1 = 352,800" in text
        assert "7²·4 = 196" in text
    assert plain.splitlines()[-1].split() == ["total", "522", f"{352_800 + 14**2 * 4 * 9 * 2 + 2 * 196:,}"]
    assert len(markdown.splitlines()) == len(costs) + 3


def test_models_inside_layers_twice_and_layers_without_a_formula() -> None:
    inner_inputs = keras.Input((8, 8, 3))
    inner = keras.Model(inner_inputs, L.Conv2D(3, 3, padding="same", name="twice")(inner_inputs), name="inner")
    inputs = keras.Input((8, 8, 3))
    outputs = L.GlobalAveragePooling2D()(inner(inner(inputs)))
    model = keras.Model(inputs, L.LayerNormalization(name="other")(outputs))
    costs = layer_costs(model)
    assert [cost.name for cost in costs][:2] == ["inner/twice", "inner/twice (2)"]
    assert [cost.parameters for cost in costs][:2] == [84, 0]
    assert counted(costs[0]) == counted(costs[1])
    assert sum(cost.parameters for cost in costs) == model.count_params()
    assert costs[-1].by_formula is None
    assert costs[-1].channels is None
    assert "other  " in cost_table(costs)


def test_an_open_size() -> None:
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, L.GlobalAveragePooling2D()(L.Conv2D(4, 3, name="first")(inputs)))
    with pytest.raises(CallerError, match="first: its output has no fixed shape"):
        layer_costs(model)
    assert layer_costs(model, (9, 8, 3))[0].output_shape == (7, 6, 4)


def test_a_subclass_is_told() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.dense = L.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    own = Own()
    own(np.zeros((1, 3)))
    several = keras.Model([keras.Input((2,)), (second := keras.Input((2,)))], second, name="several")
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: layer_costs(own), "the model own is a subclass"),
        (lambda: layer_costs(keras.Sequential([L.Dense(2)])), "has no input shape yet"),
        (lambda: layer_costs(several), "several has 2 inputs and 1 outputs"),
    ]
    for call, message in calls:
        with pytest.raises(CallerError, match=message):
            call()
