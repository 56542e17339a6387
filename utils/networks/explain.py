"""Explain a trained model: permutation importance, filters, feature maps and Grad-CAM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.base.named_arrays import Arrays
from utils.metrics.metric import Metric
from utils.networks.flat_graph import Replay, Step, replay

Array = NDArray[Any]

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Conv2DTranspose,
)
BATCH = 32
"""Images per batch: Grad-CAM keeps the outputs of every layer for a batch."""


def permutation_importance(
    predict: Callable[[Arrays], Array],
    inputs: Arrays,
    targets: Array,
    metric: Metric,
    *,
    repeats: int = 20,
    seed: int = 0,
) -> Array:
    """How much worse the metric becomes when the values of a column are shuffled among the rows.

    Args:
        predict: function of raw inputs that returns predictions.
        inputs: held-out rows, (rows, features) or a dict of (rows,) arrays by feature.
        targets: (rows,).
        metric: its direction determines the sign; positive values are worse.
        repeats: number of shuffles per column.
        seed: seed of the shuffles.

    Returns:
        (features, repeats), in the unit of the metric.

    Source:
        Breiman, Random Forests, Machine Learning 45 (2001), section 10; Fisher, Rudin and Dominici (2019).
    """
    random = np.random.default_rng(seed)
    columns = dict(inputs) if isinstance(inputs, Mapping) else dict(enumerate(inputs.T))
    rows, features = len(targets), len(columns)
    # One call of the model for all shuffled tables.
    tables = {name: np.tile(values, (features, repeats, 1)) for name, values in columns.items()}
    for feature, (name, values) in enumerate(columns.items()):
        for repeat in range(repeats):
            tables[name][feature, repeat] = random.permutation(values)
    flat = {name: table.reshape(-1) for name, table in tables.items()}
    shuffled = flat if isinstance(inputs, Mapping) else np.stack(list(flat.values()), axis=1)
    predictions = predict(shuffled).reshape(features, repeats, rows)
    sign = 1 if metric.better == "lower" else -1
    whole = metric.function(targets, predict(inputs))
    return np.array(
        [[sign * (metric.function(targets, guess) - whole) for guess in guesses] for guesses in predictions]
    )


def first_filters(model: keras.Model) -> Array:
    """The kernels of the first convolution.

    Returns:
        (height, width, channels, filters) float32; a filter of a depthwise convolution has one channel.

    Raises:
        CallerError: the model has no convolution, or cannot be replayed.
    """
    steps = replay(model).steps
    layer = steps[_convolutions(steps, model)[0]].layer
    if isinstance(layer, (keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)):
        kernel = np.asarray(layer.get_weights()[0])
        return kernel.reshape(*kernel.shape[:2], 1, -1)
    kernel = np.asarray(layer.get_weights()[0])
    return kernel.swapaxes(2, 3) if isinstance(layer, keras.layers.Conv2DTranspose) else kernel


def feature_maps(model: keras.Model, image: Array) -> dict[str, Array]:
    """The outputs of all layers that have height and width, in the order of the layers.

    Args:
        model: live or reloaded; the layers of nested models are included (`backbone/stem`).
        image: (height, width, channels), raw, as the model takes it.

    Returns:
        (height, width, channels) float32 by the name of the layer.

    Raises:
        CallerError: the image does not have the shape of the model's input, no layer has such an output, or the model
            cannot be replayed.
    """
    found = replay(model)
    outputs = {step.name: step.output for step in found.steps if step.spatial}
    if not outputs:
        raise CallerError(f"the model {model.name} has no layer with feature maps", "use a convolutional network")
    values = keras.Model(found.inputs, outputs)(_checked(image[None], found.inputs), training=False)
    return {name: np.asarray(values[name][0], dtype="float32") for name in outputs}


def grad_cam(
    model: keras.Model, images: Array, classes: int | Sequence[int] | None = None, layer: str | None = None
) -> Array:
    """Grad-CAM: the places in an image that raise the score of a class, in the last convolution.

    Each channel of the layer's output is weighted by the mean gradient of the class score with respect to it. Negative
    values of the sum are set to zero; it is divided by its maximum and resized to the image. The score is taken before
    softmax or sigmoid.

    Args:
        model: a classifier, live or reloaded, possibly with nested models. A single output is the score of class 1.
        images: (images, height, width, channels), raw, as the model takes them.
        classes: one class for all images or one per image; None explains the class with the highest score.
        layer: a name as in `feature_maps`; None is the last convolution, including the normalization, activation and
            sum that follow it at the same size. If it is called on several views, its first call is used.

    Returns:
        (images, height, width) float32 in [0, 1]; all 0 if no place raises the score.

    Raises:
        CallerError: there is no convolution, no such layer or class, or the model cannot be replayed.

    Source:
        Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017,
        equations 1 and 2.
    """
    found = replay(model)
    inputs = _checked(images, found.inputs)
    looked_at = _to_explain(model, found, _target(found.steps, layer, model), inputs.shape[1:])
    wanted = _classes(classes, len(inputs), max(2, looked_at.outputs[1].shape[-1]))
    heats = []
    for start in range(0, len(inputs), BATCH):
        batch = slice(start, start + BATCH)
        heat = _heat(looked_at, inputs[batch], None if wanted is None else wanted[batch])
        heats.append(tf.image.resize(heat, inputs.shape[1:3], "bilinear")[..., 0].numpy())
    return np.clip(np.concatenate(heats), 0, 1)


def _heat(looked_at: keras.Model, images: Array, classes: Array | None) -> Any:
    """Grad-CAM of a batch at the size of the feature maps, (images, height, width, 1); see `_to_explain`."""
    zeros = tf.zeros((len(images), *looked_at.inputs[1].shape[1:]), looked_at.inputs[1].dtype)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(zeros)
        maps, scores = looked_at([tf.constant(images), zeros], training=False)
        if scores.shape[-1] == 1:
            scores = tf.concat([-scores, scores], axis=-1)
        score = tf.gather(scores, tf.argmax(scores, axis=-1) if classes is None else classes, axis=-1, batch_dims=1)
    gradient = tape.gradient(score, zeros, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.cast(tf.reduce_sum(weights * maps, axis=-1, keepdims=True), "float32"))
    return tf.math.divide_no_nan(heat, tf.reduce_max(heat, axis=(1, 2), keepdims=True))


def _to_explain(model: keras.Model, found: Replay, target: int, shape: tuple[int, ...]) -> keras.Model:
    """A model from images, and zeros that are added to the feature maps of step `target`, to these maps and the scores.

    The gradient with respect to the zeros is that with respect to the maps, whatever comes before and after them.
    """
    added: dict[str, Any] = {}

    def call(number: int, layer: Any, *arguments: Any, **options: Any) -> Any:
        output = (_score if number == found.last else _call)(layer, *arguments, **options)
        if number == target:
            added["zeros"] = keras.Input(output.shape[1:], dtype=output.dtype)
            added["maps"] = output = keras.layers.Add()([output, added["zeros"]])
        return output

    again = replay(model, call, shape)
    if len(again.output.shape) != 2:
        raise CallerError(f"the model {model.name} has no class scores as output", "use a classifier")
    return keras.Model([again.inputs, added["zeros"]], [added["maps"], again.output])


def _target(steps: Sequence[Step], layer: str | None, model: keras.Model) -> int:
    """The number of the step whose feature maps are weighted."""
    convolutions = _convolutions(steps, model)
    if layer is not None:
        spatial = [step.name for step in steps if step.spatial]
        # The name without its path is enough if it is unique.
        near = [n for n, step in enumerate(steps) if step.spatial and layer in (step.name, step.name.split("/")[-1])]
        if len(near) != 1:
            raise CallerError(
                f"{layer}: {len(near) or 'no'} layers with this name have feature maps",
                f"choose from: {', '.join(spatial)}",
            )
        return near[0]
    # In a network that is called on several views of the image, the first call takes the image itself.
    last = [number for number in convolutions if not steps[number].again][-1]
    size = steps[last].output.shape
    # The paper uses the maps after the activation; normalization, activation and sum may be separate layers.
    for number in range(last + 1, len(steps)):
        if steps[number].output.shape != size:
            break
        last = number
    return last


def _convolutions(steps: Sequence[Step], model: keras.Model) -> list[int]:
    found = [n for n, step in enumerate(steps) if isinstance(step.layer, CONVOLUTIONS)]
    if not found:
        raise CallerError(
            f"the model {model.name} has no convolution, so it has no feature maps to show",
            "use a convolutional network",
        )
    return found


def _call(layer: Any, *arguments: Any, **options: Any) -> Any:
    return layer(*arguments, **options)


def _score(layer: Any, values: Any, **options: Any) -> Any:
    """The output of the last layer before its softmax or sigmoid, where gradients of confident predictions vanish."""
    squashing = (keras.activations.softmax, keras.activations.sigmoid)
    if isinstance(layer, keras.layers.Softmax) or (
        isinstance(layer, keras.layers.Activation) and layer.activation in squashing
    ):
        return values
    if getattr(layer, "activation", None) not in squashing:
        return layer(values, **options)
    linear = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    scores = linear(values, **options)
    linear.set_weights(layer.get_weights())
    return scores


def _checked(images: Array, inputs: Any) -> Array:
    if not tf.TensorShape(inputs.shape).is_compatible_with(images.shape) or not len(images):
        raise CallerError(
            f"the model takes images of shape {tuple(inputs.shape[1:])}, but these have the shape {images.shape}",
            "pass raw images, as they are in the data set of the lab",
        )
    return images.astype(inputs.dtype)


def _classes(classes: int | Sequence[int] | None, images: int, number: int) -> NDArray[np.int64] | None:
    if classes is None:
        return None
    wanted = np.broadcast_to(classes, images) if np.ndim(classes) == 0 else np.array(classes)
    if wanted.shape != (images,) or wanted.min() < 0 or wanted.max() >= number:
        raise CallerError(
            f"classes {classes} for {images} images and {number} classes",
            f"give one number from 0 to {number - 1}, or one per image",
        )
    return wanted.astype("int64")
