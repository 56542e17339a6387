"""What a trained model looks at: columns of a table; filters, feature maps and places in a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.base.errors import CallerError
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
"""Pictures at a time: Grad-CAM keeps every layer's output of a batch."""


def permutation_importance(
    predict: Callable[[Array], Array],
    inputs: Array,
    targets: Array,
    metric: Metric,
    *,
    repeats: int = 20,
    seed: int = 0,
) -> Array:
    """How much worse the metric becomes when a column's values are dealt out anew among the rows.

    Args:
        predict: raw inputs to predictions.
        inputs: (rows, features), held out.
        targets: (rows,).
        metric: its direction decides the sign: positive is worse.
        repeats: shuffles of each column.
        seed: draws them.

    Returns:
        (features, repeats), in the metric's unit.

    Source:
        Breiman, Random Forests, Machine Learning 45 (2001), section 10; Fisher, Rudin and Dominici (2019).
    """
    random = np.random.default_rng(seed)
    rows, features = inputs.shape
    # All shuffled tables go through the model in one call.
    tables = np.broadcast_to(inputs, (features, repeats, rows, features)).copy()
    for feature in range(features):
        for repeat in range(repeats):
            tables[feature, repeat, :, feature] = random.permutation(inputs[:, feature])
    predictions = predict(tables.reshape(-1, features)).reshape(features, repeats, rows)
    sign = 1 if metric.better == "lower" else -1
    whole = metric.function(targets, predict(inputs))
    return np.array(
        [[sign * (metric.function(targets, guess) - whole) for guess in guesses] for guesses in predictions]
    )


def first_filters(model: keras.Model) -> Array:
    """The kernels of the first convolution.

    Returns:
        (height, width, channels, filters) float32; of a depthwise convolution each filter has one channel.

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


def feature_maps(model: keras.Model, picture: Array) -> dict[str, Array]:
    """What each layer makes of a picture: the outputs that are pictures themselves, in the order of the layers.

    Args:
        model: live or reloaded; layers of models inside it count too (`backbone/stem`).
        picture: (height, width, channels), raw, as the model takes it.

    Returns:
        By the layer's name, (height, width, channels) float32.

    Raises:
        CallerError: the picture does not have the model's shape, no layer gives a picture, or the model cannot be
            replayed.
    """
    found = replay(model)
    outputs = {step.name: step.output for step in found.steps if step.spatial}
    if not outputs:
        raise CallerError(f"the model {model.name} has no layer that gives a picture", "give a convolutional network")
    values = keras.Model(found.inputs, outputs)(_fitting(picture[None], found.inputs), training=False)
    return {name: np.asarray(values[name][0], dtype="float32") for name in outputs}


def grad_cam(
    model: keras.Model, pictures: Array, classes: int | Sequence[int] | None = None, layer: str | None = None
) -> Array:
    """Grad-CAM: where the last convolution saw what speaks for a class.

    Each channel of the layer's output is weighted with the mean gradient of the class's score to it; the sum is cut at
    zero, divided by its largest value and resized to the picture. The score is taken before softmax or sigmoid.

    Args:
        model: a classifier, live or reloaded, also with models inside it. With a single output, that is class 1's.
        pictures: (pictures, height, width, channels), raw, as the model takes them.
        classes: one for all pictures or one for each; None explains the class with the largest score.
        layer: a name as `feature_maps` gives it; None is the last convolution, after the normalisation, activation and
            sum that may follow it at the same size, in its first call where it is called on several views.

    Returns:
        (pictures, height, width) float32 in [0, 1]; all 0 where nothing speaks for the class.

    Raises:
        CallerError: there is no convolution, no such layer or class, or the model cannot be replayed.

    Source:
        Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017,
        equations 1 and 2.
    """
    found = replay(model)
    inputs = _fitting(pictures, found.inputs)
    looked_at = _to_explain(model, found, _target(found.steps, layer, model), inputs.shape[1:])
    wanted = _classes(classes, len(inputs), max(2, looked_at.outputs[1].shape[-1]))
    heats = []
    for start in range(0, len(inputs), BATCH):
        batch = slice(start, start + BATCH)
        heat = _heat(looked_at, inputs[batch], None if wanted is None else wanted[batch])
        heats.append(tf.image.resize(heat, inputs.shape[1:3], "bilinear")[..., 0].numpy())
    return np.clip(np.concatenate(heats), 0, 1)


def _heat(looked_at: keras.Model, pictures: Array, classes: Array | None) -> Any:
    """The heat of a batch at the size of the maps, (pictures, height, width, 1); see `_to_explain` for the model."""
    zeros = tf.zeros((len(pictures), *looked_at.inputs[1].shape[1:]), looked_at.inputs[1].dtype)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(zeros)
        maps, scores = looked_at([tf.constant(pictures), zeros], training=False)
        if scores.shape[-1] == 1:
            scores = tf.concat([-scores, scores], axis=-1)
        score = tf.gather(scores, tf.argmax(scores, axis=-1) if classes is None else classes, axis=-1, batch_dims=1)
    gradient = tape.gradient(score, zeros, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.cast(tf.reduce_sum(weights * maps, axis=-1, keepdims=True), "float32"))
    return tf.math.divide_no_nan(heat, tf.reduce_max(heat, axis=(1, 2), keepdims=True))


def _to_explain(model: keras.Model, found: Replay, target: int, shape: tuple[int, ...]) -> keras.Model:
    """From pictures, and zeros that are added to the maps of step `target`, to those maps and the scores.

    The gradient to the zeros is the gradient to the maps, whatever stands before and behind them.
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
        raise CallerError(f"the model {model.name} gives no scores of classes", "give a classifier")
    return keras.Model([again.inputs, added["zeros"]], [added["maps"], again.output])


def _target(steps: Sequence[Step], layer: str | None, model: keras.Model) -> int:
    """The number of the step whose maps are weighted."""
    convolutions = _convolutions(steps, model)
    if layer is not None:
        spatial = [step.name for step in steps if step.spatial]
        # A plain name will do where it is the only one.
        near = [n for n, step in enumerate(steps) if step.spatial and layer in (step.name, step.name.split("/")[-1])]
        if len(near) != 1:
            raise CallerError(
                f"{layer}: {len(near) or 'no'} layer{'' if len(near) == 1 else 's'} of this name give pictures",
                f"choose from: {', '.join(spatial)}",
            )
        return near[0]
    # Of a network that is called on several views of the picture, the first call sees the picture as it lies.
    last = [number for number in convolutions if not steps[number].again][-1]
    size = steps[last].output.shape
    # The paper's maps are those behind the activation; a network may normalise, rectify and add in layers of their own.
    for number in range(last + 1, len(steps)):
        if steps[number].output.shape != size:
            break
        last = number
    return last


def _convolutions(steps: Sequence[Step], model: keras.Model) -> list[int]:
    found = [n for n, step in enumerate(steps) if isinstance(step.layer, CONVOLUTIONS)]
    if not found:
        raise CallerError(
            f"the model {model.name} has no convolution, so there are no places in the picture to show",
            "take a convolutional network",
        )
    return found


def _call(layer: Any, *arguments: Any, **options: Any) -> Any:
    return layer(*arguments, **options)


def _score(layer: Any, values: Any, **options: Any) -> Any:
    """What the last layer gives without its softmax or sigmoid, in which the gradients of sure answers vanish."""
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


def _fitting(pictures: Array, inputs: Any) -> Array:
    if not tf.TensorShape(inputs.shape).is_compatible_with(pictures.shape) or not len(pictures):
        raise CallerError(
            f"the model takes pictures of shape {tuple(inputs.shape[1:])}, these have {pictures.shape}",
            "give raw pictures as the lab's data set holds them",
        )
    return pictures.astype(inputs.dtype)


def _classes(classes: int | Sequence[int] | None, pictures: int, number: int) -> NDArray[np.int64] | None:
    if classes is None:
        return None
    wanted = np.broadcast_to(classes, pictures) if np.ndim(classes) == 0 else np.array(classes)
    if wanted.shape != (pictures,) or wanted.min() < 0 or wanted.max() >= number:
        raise CallerError(
            f"classes {classes} for {pictures} pictures and {number} classes",
            f"give one number from 0 to {number - 1}, or one a picture",
        )
    return wanted.astype("int64")
