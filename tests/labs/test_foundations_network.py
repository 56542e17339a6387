"""The networks in NumPy: gradients compared with TensorFlow's, optimizers with Keras's, autodiff with both."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.foundations.network import activations, autodiff, initializers
from labs.foundations.network.autodiff import AutodiffNetwork, Tensor
from labs.foundations.network.batches import batches, steps_of
from labs.foundations.network.layers import Dense, Dropout, Layer, Network
from labs.foundations.network.losses import LOSSES, SquaredError
from labs.foundations.network.optimizers import OPTIMIZERS, SGD, Optimizer, schedule
from labs.foundations.network.training import Rows, Training, evaluate, train
from tests.conftest import ROOT
from utils.base.errors import CallerError

TF_ACTIVATIONS: dict[str, Any] = {
    "linear": tf.identity,
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "relu": tf.nn.relu,
    "leaky_relu": lambda h: tf.maximum(h, 0.2 * h),  # the slope of tf.nn.leaky_relu is a float32
    "softmax": tf.nn.softmax,
}
OUTPUTS = {
    "squared_error": ("linear", "sigmoid", "tanh", "softmax", "relu"),
    "binary_crossentropy": ("sigmoid",),
    "categorical_crossentropy": ("softmax",),
}


def tf_loss(name: str, targets: Any, outputs: Any) -> Any:
    if name == "squared_error":
        return tf.reduce_mean((outputs - targets) ** 2)
    if name == "binary_crossentropy":
        return -tf.reduce_mean(targets * tf.math.log(outputs) + (1 - targets) * tf.math.log(1 - outputs))
    return -tf.reduce_mean(tf.reduce_sum(targets * tf.math.log(outputs), axis=1))


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, str, Any, Any]:
    """A network in float64 with random biases, the name of its loss, inputs and targets."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=4))
    loss = draw(st.sampled_from(sorted(OUTPUTS)))
    hidden = st.sampled_from([name for name in TF_ACTIVATIONS if name != "softmax"])
    names = [draw(hidden) for _ in sizes[2:]] + [draw(st.sampled_from(OUTPUTS[loss]))]
    penalties = {"l1": draw(st.sampled_from([0.0, 0.01])), "l2": draw(st.sampled_from([0.0, 0.02]))}
    layers = [
        Dense(inputs, units, name, "glorot", **penalties)
        for inputs, units, name in zip(sizes, sizes[1:], names, strict=False)
    ]
    network = draw(st.sampled_from([Network, AutodiffNetwork]))(layers, LOSSES[loss](), random, "float64")
    for layer in layers:
        layer.bias[:] = random.normal(0, 0.5, layer.units)
    rows = draw(st.integers(1, 7))
    targets = random.random((rows, sizes[-1]))
    return network, loss, random.normal(0, 1, (rows, sizes[0])), targets / targets.sum(axis=1, keepdims=True)


@settings(max_examples=50)
@given(networks())
def test_gradients_are_those_of_tensorflow(drawn: tuple[Network, str, Any, Any]) -> None:
    network, loss, x, targets = drawn
    weights = [(tf.Variable(layer.kernel), tf.Variable(layer.bias)) for layer in network.dense]
    with tf.GradientTape() as tape:
        outputs = tf.constant(x)
        value = tf.constant(0.0, "float64")
        for layer, (kernel, bias) in zip(network.dense, weights, strict=True):
            outputs = TF_ACTIVATIONS[layer.activation](outputs @ kernel + bias)
            value += layer.l1 * tf.reduce_sum(abs(kernel)) + layer.l2 * tf.reduce_sum(kernel**2)
        value += tf_loss(loss, targets, outputs)
    np.testing.assert_allclose(network.loss_and_gradient(x, targets), value, atol=1e-10)
    np.testing.assert_allclose(network.forward(x), outputs, atol=1e-12)
    for layer, found in zip(network.dense, tape.gradient(value, weights), strict=True):
        np.testing.assert_allclose(layer.kernel_gradient, found[0], atol=1e-10)
        np.testing.assert_allclose(layer.bias_gradient, found[1], atol=1e-10)


@settings(max_examples=40)
@given(networks())
def test_a_network_written_with_autodiff_has_the_same_gradients(drawn: tuple[Network, str, Any, Any]) -> None:
    network, loss, x, targets = drawn
    other_kind = Network if isinstance(network, AutodiffNetwork) else AutodiffNetwork
    layers = [Dense(each.inputs, each.units, each.activation, l1=each.l1, l2=each.l2) for each in network.dense]
    other = other_kind(layers, LOSSES[loss](), np.random.default_rng(0), "float64")
    other.parameters[:] = network.parameters
    assert other.loss_and_gradient(x, targets) == pytest.approx(network.loss_and_gradient(x, targets), abs=1e-12)
    np.testing.assert_allclose(other.gradient, network.gradient, atol=1e-12)


@pytest.mark.parametrize("kind", [Network, AutodiffNetwork])
@pytest.mark.parametrize(
    ("loss", "last"), [("binary_crossentropy", "sigmoid"), ("categorical_crossentropy", "softmax")]
)
def test_a_saturated_output_still_has_a_gradient(kind: type[Network], loss: str, last: str) -> None:
    """In float32 sigmoid(100) is 1 exactly: the separate factors of the chain rule would be 1/0 and 0."""
    network = kind([Dense(1, 2, last)], LOSSES[loss](), np.random.default_rng(0))
    network.dense[0].kernel[:] = [[100.0, -100.0]]
    targets = np.array([[0.0, 1.0]], "float32")
    value = network.loss_and_gradient(np.ones((1, 1), "float32"), targets)
    outputs = 2 if loss == "binary_crossentropy" else 1
    assert value == pytest.approx(200 if last == "softmax" else 100)
    np.testing.assert_allclose(network.dense[0].bias_gradient, np.array([1, -1]) / outputs, atol=1e-6)
    network.reset(np.random.default_rng(0))
    network.dense[0].kernel[:] = 0  # the point at which |h| and the ReLU have no derivative
    network.loss_and_gradient(np.ones((1, 1), "float32"), targets)
    np.testing.assert_allclose(network.dense[0].bias_gradient, np.array([0.5, -0.5]) / outputs, atol=1e-6)


def test_unfused_cross_entropy_and_the_step() -> None:
    """Cross-entropy of an output that is no sigmoid, and the activation without a slope."""
    random = np.random.default_rng(0)
    for kind in (Network, AutodiffNetwork):
        network = kind(
            [Dense(2, 3, "step"), Dense(3, 2, "linear")], LOSSES["categorical_crossentropy"](), random, "float64"
        )
        network.dense[1].bias[:] = [3.0, 4.0]
        network.dense[1].kernel[:] = 0.1
        network.loss_and_gradient(np.ones((2, 2)), np.array([[1.0, 0.0], [0.0, 1.0]]))
        y = network.forward(np.ones((2, 2)))[0]
        np.testing.assert_allclose(network.dense[1].bias_gradient, -0.5 / y, atol=1e-12)
        assert not network.dense[0].kernel_gradient.any()


def broadcasts() -> Any:
    """Two shapes that can be broadcast."""
    sizes = st.lists(st.integers(1, 3), max_size=3)

    def two(shape: list[int]) -> Any:
        shrunk = st.tuples(*(st.sampled_from([1, size]) for size in shape))
        return st.tuples(shrunk, shrunk, st.integers(0, len(shape)))

    return sizes.flatmap(two).map(lambda found: (found[0], found[1][found[2] :]))


OPERATIONS: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 1.0),
    "twice": lambda a, b: a * b + a * a - b / 2.0,
    "numbers": lambda a, b: 2.0 - a + 1.0 / (1.0 + b * b),
}


@settings(max_examples=40)
@given(broadcasts(), st.sampled_from(sorted(OPERATIONS)), st.integers(0, 2**16))
def test_autodiff_broadcasts_as_tensorflow_does(shapes: Any, name: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    arrays = [np.asarray(random.normal(0, 1, shape)) for shape in shapes]
    ours = [Tensor(array) for array in arrays]
    result = (OPERATIONS[name](*ours) ** 2).sum()
    result.backward()
    theirs = [tf.Variable(array) for array in arrays]
    with tf.GradientTape() as tape:
        expected = tf.reduce_sum(OPERATIONS[name](*theirs) ** 2)
    np.testing.assert_allclose(result.value, expected, rtol=1e-12)
    for tensor, gradient in zip(ours, tape.gradient(expected, theirs), strict=True):
        assert tensor.gradient.shape == tensor.value.shape
        np.testing.assert_allclose(tensor.gradient, gradient if gradient is not None else 0, atol=1e-10)


def test_autodiff_of_stacks_of_matrices_axes_and_shapes() -> None:
    random = np.random.default_rng(0)
    arrays = [random.normal(0, 1, (4, 1, 2, 3)), random.normal(0, 1, (5, 3, 2))]

    ours = [Tensor(array) for array in arrays]
    (((ours[0] @ ours[1]).sum(axis=-1) * 0.1).reshape(-1, 2) ** 3).sum().backward()
    theirs = [tf.Variable(array) for array in arrays]
    with tf.GradientTape() as tape:
        product = tf.reduce_sum(theirs[0] @ theirs[1], axis=-1)
        expected = tf.reduce_sum(tf.reshape(product * 0.1, (-1, 2)) ** 3)
    for tensor, gradient in zip(ours, tape.gradient(expected, theirs), strict=True):
        np.testing.assert_allclose(tensor.gradient, gradient, atol=1e-10)
    with pytest.raises(ValueError, match="only a scalar"):
        Tensor(np.ones(2)).backward()


KERAS_OPTIMIZERS: dict[str, tuple[Any, Any]] = {
    "sgd": (SGD, lambda rate: keras.optimizers.SGD(rate)),
    "momentum": (lambda: SGD(0.9), lambda rate: keras.optimizers.SGD(rate, momentum=0.9)),
    "nesterov": (lambda: SGD(0.9, True), lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)),
    "adagrad": (OPTIMIZERS["adagrad"], lambda rate: keras.optimizers.Adagrad(rate)),
    "adadelta": (OPTIMIZERS["adadelta"], lambda rate: keras.optimizers.Adadelta(rate)),
    "rmsprop": (OPTIMIZERS["rmsprop"], lambda rate: keras.optimizers.RMSprop(rate)),
    "adam": (OPTIMIZERS["adam"], lambda rate: keras.optimizers.Adam(rate)),
}


@tf.function
def tf_gradient(parameters: Any, x: Any, targets: Any) -> Any:
    """The gradient of a network 5-8-3 by its parameters in one vector, by TensorFlow."""
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        first, bias, second, last = tf.split(parameters, [40, 8, 24, 3])
        h = tf.tanh(x @ tf.reshape(first, (5, 8)) + bias) @ tf.reshape(second, (8, 3)) + last
        value = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, h))
    return tape.gradient(value, parameters)


@pytest.mark.parametrize(("name", "decay"), [*((name, "constant") for name in KERAS_OPTIMIZERS), ("adam", "cosine")])
def test_200_steps_of_each_optimizer_are_those_of_keras(name: str, decay: str) -> None:
    """From the same weights and with the same batches, in float32."""
    make, keras_optimizer = KERAS_OPTIMIZERS[name]
    rate, steps = 0.02, 200
    random = np.random.default_rng(5)
    x = random.normal(0, 1, (steps, 16, 5)).astype("float32")
    targets = np.eye(3, dtype="float32")[(x[..., 0] > 0).astype(int) + (x[..., 1] > 0.5)]
    network = Network([Dense(5, 8, "tanh"), Dense(8, 3, "softmax")], LOSSES["categorical_crossentropy"](), random)
    start = network.parameters.copy()
    theirs = keras.Variable(start)
    other = keras_optimizer(keras.optimizers.schedules.CosineDecay(rate, steps) if decay == "cosine" else rate)
    optimizer: Optimizer = make()
    rates = schedule(decay, rate, steps)
    for number in range(steps):
        network.loss_and_gradient(x[number], targets[number])
        optimizer.step(network.parameters, network.gradient, rates(number))
        other.apply([tf_gradient(theirs.value, x[number], targets[number])], [theirs])
    assert np.abs(network.parameters - theirs.numpy()).max() < 1e-6
    assert np.abs(network.parameters - start).max() > 1e-3


@pytest.mark.parametrize(
    ("decay", "theirs"),
    [
        ("exponential", lambda: keras.optimizers.schedules.ExponentialDecay(0.3, 40, 0.01)),
        ("cosine", lambda: keras.optimizers.schedules.CosineDecay(0.3, 40)),
        ("step", lambda: keras.optimizers.schedules.ExponentialDecay(0.3, 10, 0.5, staircase=True)),
    ],
)
def test_decays_are_those_of_keras(decay: str, theirs: Any) -> None:
    ours, other = schedule(decay, 0.3, 40), theirs()
    np.testing.assert_allclose(
        [ours(step) for step in range(40)], [float(other(step)) for step in range(40)], rtol=1e-4
    )


def test_the_unit_test_of_the_bike_network() -> None:
    """The published test of Udacity's first network: 3-2-1, sigmoid, learning rate 0.5, half the squared error."""
    network = Network([Dense(3, 2, "sigmoid"), Dense(2, 1)], SquaredError(0.5), np.random.default_rng(0), "float64")
    hidden, output = network.dense
    hidden.kernel[:] = [[0.1, -0.2], [0.4, 0.5], [-0.3, 0.2]]
    output.kernel[:] = [[0.3], [-0.1]]
    x, targets = np.array([[0.5, -0.2, 0.1]]), np.array([[0.4]])
    np.testing.assert_allclose(network.forward(x), 0.09998924, atol=1e-8)
    network.loss_and_gradient(x, targets)
    SGD().step(network.parameters, network.gradient, 0.5)
    np.testing.assert_allclose(output.kernel, [[0.37275328], [-0.03172939]], atol=1e-8)
    updated = [[0.10562014, -0.20185996], [0.39775194, 0.50074398], [-0.29887597, 0.19962801]]
    np.testing.assert_allclose(hidden.kernel, updated, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "low", "high", "std"),
    [
        ("zeros", 0, 0, 0),
        ("ones", 1, 1, 0),
        ("uniform", 0, 1, 12**-0.5),
        ("centred", -0.5, 0.5, 12**-0.5),
        ("normal", -9, 9, 1),
        ("scaled_uniform", -0.1, 0.1, 0.1 / 3**0.5),
        ("scaled_normal", -9, 9, 0.1),
        ("glorot", -((6 / 500) ** 0.5), (6 / 500) ** 0.5, (2 / 500) ** 0.5),
        ("he", -9, 9, 0.02**0.5),
    ],
)
def test_initial_weights(name: str, low: float, high: float, std: float) -> None:
    weights = initializers.INITIALIZERS[name](np.random.default_rng(0), 100, 400)
    assert weights.shape == (100, 400)
    assert low <= weights.min() <= weights.max() <= high
    assert weights.std() == pytest.approx(std, rel=0.02)


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 9))
def test_batches_have_every_row_once(rows: int, size: int, seed: int) -> None:
    x = np.arange(rows)[:, None]
    if size > rows:
        with pytest.raises(ValueError, match=f"a batch of {size} rows"):
            steps_of(rows, size)
        return
    found = list(batches(x, -x, size, np.random.default_rng(seed)))
    assert len(found) == steps_of(rows, size)
    assert [len(inputs) for inputs, _ in found[:-1]] == [size or rows] * (len(found) - 1)
    assert sorted(np.concatenate([inputs for inputs, _ in found]).ravel()) == list(range(rows))
    assert all((inputs == -targets).all() for inputs, targets in found)
    assert size in (0, rows) or rows < 8 or not (np.concatenate([inputs for inputs, _ in found]) == x).all()


def noisy(dropout: float = 0.0, kind: type[Network] = Network) -> tuple[Network, Rows, np.random.Generator]:
    random = np.random.default_rng(3)
    x = random.normal(0, 1, (40, 4)).astype("float32")
    targets = (x[:, :1] - x[:, 1:2] + random.normal(0, 1, (40, 1))).astype("float32")
    layers: list[Layer] = [Dense(4, 12, "tanh"), *([Dropout(dropout, random)] if dropout else []), Dense(12, 1)]
    return kind(layers, SquaredError(), random), Rows(x, targets), random


def halves(rows: Rows) -> tuple[Rows, Rows]:
    return Rows(*(each[:20] for each in rows)), Rows(*(each[20:] for each in rows))


def test_early_stopping_keeps_the_best_epoch() -> None:
    network, rows, random = noisy()
    fit, held = halves(rows)
    progress = train(network, SGD(0.9), lambda _: 0.01, fit, held, Training(300, 5, patience=7), random)
    losses = [row["val_loss"] for row in progress.history]
    assert len(losses) == progress.best_epoch + 7 < 300
    assert evaluate(network, held) == min(losses) == progress.best_loss == losses[progress.best_epoch - 1]
    assert progress.history[-1]["loss"] < progress.history[0]["loss"]


def test_a_diverging_loss_is_reported_at_its_step() -> None:
    network, rows, random = noisy()
    with pytest.raises(CallerError) as caught:
        train(network, SGD(), lambda _: 50.0, *halves(rows), Training(100, 4), random)
    assert "training loss is inf at step" in caught.value.message or "is nan at step" in caught.value.message
    assert "learning rate 50)" in caught.value.message
    assert "--learning-rate 5" in caught.value.hint


def test_dropout() -> None:
    random = np.random.default_rng(0)
    layer, x = Dropout(0.25, random), np.ones((200, 50), "float32")
    dropped = layer.forward(x, training=True)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(layer.backward(x), dropped)
    assert layer.forward(x) is x
    np.testing.assert_array_equal(layer.backward(x), x)
    one, other = (noisy(0.5, kind) for kind in (Network, AutodiffNetwork))  # the same masks
    assert one[0].loss_and_gradient(*one[1]) == pytest.approx(other[0].loss_and_gradient(*other[1]), rel=1e-6)
    np.testing.assert_allclose(one[0].gradient, other[0].gradient, atol=1e-6)


def test_the_library_can_be_read_in_one_sitting() -> None:
    """At most 600 lines of code, blank lines, comments and docstrings not counted."""
    import ast

    lines = set()
    for path in (ROOT / "labs" / "foundations" / "network").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.stmt) and not is_text:
                last = node.end_lineno if not hasattr(node, "body") else node.lineno
                lines |= {(path.name, line) for line in range(node.lineno, (last or node.lineno) + 1)}
    assert 300 < len(lines) <= 600
    assert set(autodiff.ACTIVATIONS) == set(activations.ACTIVATIONS)
