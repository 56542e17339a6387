"""Grad-CAM compared with closed forms, on live, reloaded and nested models; feature maps; filters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from utils.base.errors import CallerError
from utils.export.formats import load_model
from utils.networks.ensembles import average_predictions, symmetries
from utils.networks.explain import feature_maps, first_filters, grad_cam

L = keras.layers
Array = np.ndarray[Any, Any]
SHAPE = (12, 10, 3)


@pytest.fixture
def images() -> Array:
    return np.random.default_rng(0).integers(0, 256, (5, *SHAPE)).astype("uint8")


def parts(answers: int = 3) -> list[Any]:
    """A network whose Grad-CAM has a closed form: one Dense layer after global average pooling."""
    keras.utils.set_random_seed(3)
    activation = "softmax" if answers > 1 else "sigmoid"
    return [
        L.Rescaling(1 / 255),
        L.Conv2D(4, 3, activation="relu", name="first"),
        L.MaxPooling2D(2, name="pool"),
        L.Conv2D(6, 3, activation="relu", name="last"),
        L.GlobalAveragePooling2D(name="mean"),
        L.Dense(answers, activation=activation, name="class"),
    ]


def chained(layers: list[Any], values: Any) -> Any:
    for layer in layers:
        values = layer(values)
    return values


def functional(answers: int = 3) -> keras.Model:
    inputs = keras.Input(SHAPE, dtype="uint8", name="images")
    return keras.Model(inputs, chained(parts(answers), inputs))


def sequential(answers: int = 3) -> keras.Model:
    return keras.Sequential([keras.Input(SHAPE, dtype="uint8"), *parts(answers)])


def nested(answers: int = 3) -> keras.Model:
    """A frozen backbone, itself holding a Sequential, called at inference; the head is a Sequential too."""
    layers = parts(answers)
    inner = keras.Sequential([keras.Input(SHAPE), *layers[1:3]], name="stem")
    base_inputs = keras.Input(SHAPE)
    base = keras.Model(base_inputs, layers[3](inner(base_inputs)), name="backbone")
    base.trainable = False
    inputs = keras.Input(SHAPE, dtype="uint8")
    head = keras.Sequential(layers[4:], name="head")
    return keras.Model(inputs, head(base(layers[0](inputs), training=False)))


BUILDERS = {"functional": functional, "sequential": sequential, "nested": nested}


def forward(images: Array, model: keras.Model) -> tuple[Array, Array]:
    """The last convolution's maps and the Dense kernel, computed without the model's graph."""
    weights = [weight.numpy() for weight in model.weights]
    kernels = [weight for weight in weights if weight.ndim == 4]
    biases = {weight.shape[-1]: weight for weight in weights if weight.ndim == 1}
    values = tf.constant(images, "float32") / 255
    values = tf.nn.relu(tf.nn.conv2d(values, kernels[0], 1, "VALID") + biases[4])
    values = tf.nn.max_pool2d(values, 2, 2, "VALID")
    maps = tf.nn.relu(tf.nn.conv2d(values, kernels[1], 1, "VALID") + biases[6]).numpy()
    (dense,) = (weight for weight in weights if weight.ndim == 2)
    return maps, dense


def class_activation(maps: Array, weights: Array) -> Array:
    """Zhou et al. 2016: with global average pooling and one Dense layer, Grad-CAM is the sum weighted by its kernel."""
    heat = np.maximum((maps * weights[:, None, None]).sum(axis=-1), 0)
    heat = heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-30)
    return np.asarray(tf.image.resize(heat[..., None], SHAPE[:2], "bilinear"))[..., 0]


@pytest.mark.parametrize("form", ["live", "model.keras", "model.h5"])
@pytest.mark.parametrize("kind", list(BUILDERS))
def test_grad_cam_is_the_closed_form(kind: str, form: str, images: Array, tmp_path: Path) -> None:
    model = BUILDERS[kind]()
    maps, dense = forward(images, model)
    guess = model.predict(images, verbose=0).argmax(axis=1)
    if form != "live":
        model.save(tmp_path / form)
        model = load_model(tmp_path / form)
    heat = grad_cam(model, images)
    assert heat.shape == (5, *SHAPE[:2])
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert 0.8 < heat.max() <= 1
    np.testing.assert_allclose(heat, class_activation(maps, dense[:, guess].T), atol=1e-5)
    wanted = [0, 1, 2, 1, 0]
    np.testing.assert_allclose(grad_cam(model, images, wanted), class_activation(maps, dense[:, wanted].T), atol=1e-5)
    np.testing.assert_allclose(grad_cam(model, images, 1), class_activation(maps, dense[:, [1] * 5].T), atol=1e-5)


@pytest.mark.parametrize("kind", list(BUILDERS))
def test_one_sigmoid(kind: str, images: Array) -> None:
    """The output is the score of class 1, its negative that of class 0."""
    model = BUILDERS[kind](1)
    maps, dense = forward(images, model)
    probability = model.predict(images, verbose=0)[:, 0]
    for number, sign in ((1, 1), (0, -1)):
        expected = class_activation(maps, sign * np.tile(dense[:, 0], (5, 1)))
        np.testing.assert_allclose(grad_cam(model, images, number), expected, atol=1e-5)
    signs = np.where(probability > 0.5, 1, -1)[:, None]
    np.testing.assert_allclose(grad_cam(model, images), class_activation(maps, signs * dense.T), atol=1e-5)


@pytest.mark.parametrize("end", ["dense", "layer", "activation", "none"])
def test_a_confident_prediction_is_explained_too(end: str, images: Array) -> None:
    """In float32 a softmax of 1 has no gradient; the score before it has."""
    model = functional()
    maps, dense = forward(images, model)
    scores = L.Dense(3, activation="softmax" if end == "dense" else None, name="sure")
    values = scores(model.get_layer("mean").output)
    values = {"layer": L.Softmax(), "activation": L.Activation("softmax")}.get(end, L.Identity())(values)
    if end == "dense":
        sure = keras.Model(model.inputs, model.get_layer("mean").output)
        sure = keras.Model(sure.inputs, scores(sure.output))
    else:
        sure = keras.Model(model.inputs, values)
    scores.set_weights([dense * 1e4, np.zeros(3)])
    if end != "none":
        assert sure.predict(images, verbose=0).max(axis=1).min() == 1
    np.testing.assert_allclose(grad_cam(sure, images, 2), class_activation(maps, dense[:, [2] * 5].T), atol=1e-5)


def test_the_default_layer_is_the_end_of_the_last_convolution_block(images: Array) -> None:
    inputs = keras.Input(SHAPE)
    one = L.Conv2D(4, 3, padding="same", name="one")(inputs)
    two = L.BatchNormalization(name="normalised")(L.Conv2D(4, 3, padding="same", use_bias=False, name="two")(one))
    added = L.ReLU(name="rectified")(L.Add(name="sum")([two, one]))
    flat = L.Flatten()(L.MaxPooling2D(2, name="pool")(added))
    model = keras.Model(inputs, L.Dense(2)(flat))
    raw = images.astype("float32")
    np.testing.assert_array_equal(grad_cam(model, raw, 0), grad_cam(model, raw, 0, "rectified"))
    for other in ("two", "sum", "one", "pool"):
        assert not np.array_equal(grad_cam(model, raw, 0), grad_cam(model, raw, 0, other)), other


def test_a_channel_s_weight_is_its_mean_gradient(images: Array) -> None:
    """After the last convolution every place has its own weight, so the gradient differs between places."""
    model = functional()
    maps, _ = forward(images, model)
    answer = L.Dense(3, activation="softmax")
    flat = keras.Model(model.inputs, answer(L.Flatten()(model.get_layer("last").output)))
    kernel = answer.get_weights()[0].reshape(*maps.shape[1:], 3)
    expected = class_activation(maps, np.tile(kernel[..., 2].mean(axis=(0, 1)), (5, 1)))
    np.testing.assert_allclose(grad_cam(flat, images, 2), expected, atol=1e-5)


def test_where_the_heat_is() -> None:
    """The class is a bright spot, and Grad-CAM is highest there."""
    inputs = keras.Input((32, 32, 1), dtype="uint8")
    bright = L.Conv2D(2, 3, padding="same", activation="relu", name="bright")
    answer = L.Dense(2, activation="softmax")
    model = keras.Model(inputs, answer(L.GlobalAveragePooling2D()(bright(L.Rescaling(1 / 255)(inputs)))))
    bright.set_weights([np.ones((3, 3, 1, 2)) / 9, np.array([-0.5, 0])])
    answer.set_weights([np.array([[0, 1], [0, 0]]), np.zeros(2)])
    images = np.full((40, 32, 32, 1), 20, "uint8")
    random = np.random.default_rng(1)
    places = random.integers(2, 30, (40, 2))
    for image, (row, column) in zip(images, places, strict=True):
        image[row - 2 : row + 3, column - 2 : column + 3] = 255
    heat = grad_cam(model, images, 1)
    peaks = np.array([np.unravel_index(image.argmax(), image.shape) for image in heat])
    assert np.abs(peaks - places).max() <= 2
    assert (heat > 0.5).mean() < 0.03
    assert not grad_cam(model, images, 0).any(), "no place raises the score of the other class"


@pytest.mark.parametrize("kind", ["sequential", "nested"])
def test_the_model_is_not_changed(kind: str, images: Array, tmp_path: Path) -> None:
    model = BUILDERS[kind]()
    model.compile("adam", "sparse_categorical_crossentropy")
    before, weights = model.predict(images, verbose=0), [weight.numpy() for weight in model.weights]
    grad_cam(model, images)
    feature_maps(model, images[0])
    for weight, old in zip(model.weights, weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)
    model.save(tmp_path / "after.keras")
    np.testing.assert_array_equal(load_model(tmp_path / "after.keras").predict(images, verbose=0), before)
    model.train_on_batch(images, np.arange(5) % 3)


@pytest.mark.parametrize(
    ("kind", "form"), [("functional", "live"), ("sequential", "model.keras"), ("nested", "model.h5")]
)
def test_feature_maps_and_filters(kind: str, form: str, images: Array, tmp_path: Path) -> None:
    model = BUILDERS[kind]()
    maps, _ = forward(images, model)
    filters = next(weight for weight in model.weights if len(weight.shape) == 4).numpy()
    if form != "live":
        model.save(tmp_path / form)
        model = load_model(tmp_path / form)
    found = feature_maps(model, images[2])
    assert [name.split("/")[-1] for name in found][1:] == ["first", "pool", "last"]
    np.testing.assert_allclose(next(iter(found.values())), images[2] / 255, atol=1e-6)
    np.testing.assert_allclose(list(found.values())[-1], maps[2], atol=1e-5)
    if kind == "nested":
        assert list(found)[1:] == ["backbone/stem/first", "backbone/stem/pool", "backbone/last"]
    np.testing.assert_array_equal(first_filters(model), filters)


def test_filters_of_other_convolutions() -> None:
    def first(layer: Any) -> Array:
        return first_filters(keras.Sequential([keras.Input((8, 8, 3)), layer]))

    assert first(L.Conv2D(5, (3, 4))).shape == (3, 4, 3, 5)
    assert first(L.DepthwiseConv2D(3, depth_multiplier=2)).shape == (3, 3, 1, 6)
    assert first(L.SeparableConv2D(7, 3)).shape == (3, 3, 1, 3)
    assert first(L.Conv2DTranspose(5, 3)).shape == (3, 3, 3, 5)


def test_pictures_of_any_size(images: Array) -> None:
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, L.Dense(2)(L.GlobalMaxPooling2D()(L.Conv2D(4, 3, name="any")(inputs))))
    assert grad_cam(model, images).shape == (5, 12, 10)
    assert feature_maps(model, images[0])["any"].shape == (10, 8, 4)


def flat() -> keras.Model:
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, L.Dense(2)(L.Flatten()(inputs)), name="flat")


def twins() -> keras.Model:
    inputs = keras.Input(SHAPE)
    halves = [
        keras.Sequential([keras.Input(SHAPE), L.Conv2D(2, 3, name="same")], name=name)(inputs) for name in ("a", "b")
    ]
    return keras.Model(inputs, L.Dense(2)(L.Flatten()(L.Add()(halves))))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: grad_cam(flat(), x), "the model flat has no convolution"),
        (lambda _: first_filters(flat()), "the model flat has no convolution"),
        (lambda x: feature_maps(flat(), x[0]), "the model flat has no layer with feature maps"),
        (
            lambda x: grad_cam(functional(), x[:, :9]),
            r"takes images of shape \(12, 10, 3\), but these have the shape \(5, 9",
        ),
        (lambda x: grad_cam(functional(), x[:0]), "takes images of shape"),
        (lambda x: feature_maps(functional(), x), "takes images of shape"),
        (lambda x: grad_cam(functional(), x, 3), "classes 3 for 5 images and 3 classes"),
        (lambda x: grad_cam(functional(), x, -1), "classes -1"),
        (lambda x: grad_cam(functional(1), x, 2), "classes 2 for 5 images and 2 classes"),
        (lambda x: grad_cam(functional(), x, [0, 1]), "for 5 images"),
        (lambda x: grad_cam(functional(), x, layer="zebra"), "zebra: no layers with this name"),
        (lambda x: grad_cam(functional(), x, layer="mean"), "mean: no layers with this name"),
        (lambda x: grad_cam(twins(), x, layer="same"), "same: 2 layers with this name"),
        (
            lambda x: grad_cam(keras.Sequential([keras.Input(SHAPE), L.Conv2D(2, 3)], name="maps"), x),
            "maps has no class scores",
        ),
    ],
)
def test_errors(call: Callable[[Array], Any], message: str, images: Array) -> None:
    with pytest.raises(CallerError, match=message):
        call(images)


def test_a_layer_of_a_nested_model(images: Array) -> None:
    model = nested()
    by_path = grad_cam(model, images, 1, "backbone/stem/first")
    np.testing.assert_array_equal(by_path, grad_cam(model, images, 1, "first"))
    assert not np.array_equal(by_path, grad_cam(model, images, 1))


@pytest.mark.parametrize("form", ["live", "model.keras", "model.h5"])
def test_grad_cam_of_a_mean_over_views_is_as_the_picture_lies(form: str, tmp_path: Path) -> None:
    """A bright spot is class 1; Grad-CAM is highest where it is in the image, not in a rotated or mirrored view."""
    inputs = keras.Input((12, 12, 1), name="images")
    bright = L.Conv2D(1, 1, activation="relu", name="bright")(L.Rescaling(1 / 255)(inputs))
    trained = keras.Model(inputs, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(bright)))
    trained.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1), np.array([[-9.0, 9.0]]), np.zeros(2)])
    model: Any = average_predictions(trained, symmetries)
    if form != "live":
        model.save(tmp_path / form)
        model = load_model(tmp_path / form)
    image = np.zeros((1, 12, 12, 1), "uint8")
    image[0, 1:3, 8:10] = 255
    heat = grad_cam(model, image, 1)[0]
    assert np.unravel_index(heat.argmax(), heat.shape) in [(row, column) for row in (1, 2) for column in (8, 9)]
    assert heat[image[0, ..., 0] == 0].max() < 0.01
