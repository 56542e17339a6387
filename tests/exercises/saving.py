"""Answers to the exercises of the notebook on saving."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.exercises import Answers, Wrong


def prepared(*preparation: Any) -> Any:
    """A function that puts layers before the model; each is built from mean and std."""

    def answer(bare: Any, mean: float, std: float) -> Any:
        x = inputs = keras.Input(bare.input_shape[1:])
        for layer in preparation:
            x = layer(mean, std)(x)
        return keras.Model(inputs, bare(x))

    return answer


def stacked(bare: Any, mean: float, std: float) -> Any:
    model = keras.Sequential([layers.Rescaling(1 / std, offset=-mean / std), bare])
    model.build((None, *bare.input_shape[1:]))
    return model


def with_operators(bare: Any, mean: float, std: float) -> Any:
    inputs = keras.Input(bare.input_shape[1:])
    return keras.Model(inputs, bare((inputs - mean) / std))


def after(bare: Any, mean: float, std: float) -> Any:
    inputs = keras.Input(bare.input_shape[1:])
    return keras.Model(inputs, layers.Rescaling(1 / std, -mean / std)(bare(inputs)))


def signed(reloaded: Any, images: Any) -> Any:
    return reloaded.signatures["serving_default"](image=tf.constant(images, dtype="float32"))


ANSWERS = {
    "difference": Answers(
        right=[
            lambda a, b: np.abs(a - b).max(),
            lambda a, b: float(np.max(np.absolute(np.subtract(a, b)))),
            lambda a, b: max(abs(x - y) for x, y in zip(a.ravel(), b.ravel(), strict=True)),
            lambda a, b: np.linalg.norm((a - b).ravel(), ord=np.inf),
            lambda a, b: max((a - b).max(), (b - a).max()),
            lambda a, b: tf.reduce_max(tf.abs(a - b)),
        ],
        wrong=[
            Wrong(lambda a, b: (a - b).max(), "may be negative"),
            Wrong(lambda a, b: (b - a).max(), "may be negative"),
            Wrong(lambda a, b: np.abs(a - b).mean(), "take the maximum"),
            Wrong(lambda a, b: np.abs(a - b).sum(), "grows with the number of rows"),
            Wrong(lambda a, b: ((a - b) ** 2).mean(), "take the maximum"),
            Wrong(lambda a, b: (a.argmax(axis=1) != b.argmax(axis=1)).mean(), "compare the probabilities"),
            Wrong(lambda a, b: np.abs(a - b), "absolute values"),
            Wrong(lambda a, b: np.allclose(a, b), "absolute values"),
        ],
    ),
    "epochs_done": Answers(
        right=[
            lambda iterations, rows, size: iterations // -(-rows // size),
            lambda iterations, rows, size: int(iterations / np.ceil(rows / size)),
            lambda iterations, rows, size: np.floor(iterations / np.ceil(rows / size)),
            lambda iterations, rows, size: iterations // len(range(0, rows, size)),
        ],
        wrong=[
            Wrong(lambda iterations, rows, size: iterations // (rows // size), "round its steps up"),
            Wrong(lambda iterations, rows, size: iterations / (rows // size), "round its steps up"),
            Wrong(lambda iterations, rows, size: iterations * size / rows, "count steps"),
            Wrong(lambda iterations, rows, size: iterations * size // rows, "round its steps up"),
            Wrong(lambda iterations, rows, size: -(-rows // size), "steps of one epoch"),
            Wrong(lambda iterations, rows, size: iterations // -(-rows // size) + 1, "count from 0"),
            Wrong(lambda iterations, rows, size: iterations // (rows // size + 1), "no extra batch"),
            Wrong(lambda iterations, rows, size: iterations / -(-rows // size), "round down"),
            Wrong(lambda iterations, rows, size: iterations // size, "divide the steps"),
            Wrong(lambda iterations, rows, size: round(iterations / -(-rows // size)), "round down"),
        ],
    ),
    "with_preparation": Answers(
        right=[
            prepared(lambda mean, std: layers.Rescaling(1 / std, -mean / std)),
            prepared(lambda mean, std: layers.Normalization(mean=mean, variance=std**2)),
            prepared(lambda mean, std: layers.Rescaling(1, -mean), lambda mean, std: layers.Rescaling(1 / std)),
            stacked,
            with_operators,
        ],
        wrong=[
            Wrong(prepared(), "the preparation is missing"),
            Wrong(prepared(lambda mean, std: layers.Rescaling(1 / std)), "the mean is not subtracted"),
            Wrong(prepared(lambda mean, std: layers.Rescaling(1, -mean)), "the division by std is missing"),
            Wrong(prepared(lambda mean, std: layers.Rescaling(1 / std, -mean)), "multiplies first"),
            Wrong(prepared(lambda mean, std: layers.Normalization(mean=mean, variance=std)), "std squared"),
            Wrong(prepared(lambda mean, std: layers.Rescaling(std, mean)), "the inverse"),
            Wrong(after, "not the predictions"),
            Wrong(lambda bare, mean, std: bare, "build a new model"),
            Wrong(lambda bare, mean, std: lambda x: bare((x - mean) / std), "return keras.Model"),
            Wrong(lambda bare, mean, std: layers.Rescaling(1 / std, -mean / std), "return keras.Model"),
            Wrong(lambda bare, mean, std: keras.Sequential([keras.Input((3,)), layers.Dense(2)]), "shape of bare"),
        ],
    ),
    "served_predictions": Answers(
        right=[
            lambda reloaded, images: signed(reloaded, images)["output_0"].numpy(),
            lambda reloaded, images: next(iter(signed(reloaded, images).values())),
            lambda reloaded, images: reloaded.serve(images.astype("float32")),
            lambda reloaded, images: np.asarray(
                reloaded.signatures["serve"](image=tf.cast(images, tf.float32))["output_0"]
            ),
            lambda reloaded, images: reloaded.signatures["serving_default"](tf.constant(images, dtype="float32"))[
                "output_0"
            ].numpy(),
        ],
        wrong=[
            Wrong(signed, "returns a dict"),
            Wrong(lambda reloaded, images: reloaded(images, training=False), "cannot be called"),
            Wrong(lambda reloaded, images: reloaded.predict(images), "no Keras model"),
            Wrong(
                lambda reloaded, images: reloaded.signatures["serving_default"](images.astype("float32")),
                "pass a tensor",
            ),
            Wrong(
                lambda reloaded, images: reloaded.signatures["serving_default"](
                    inputs=tf.constant(images, dtype="float32")
                ),
                "called image",
            ),
            Wrong(
                lambda reloaded, images: reloaded.signatures["serving_default"](image=tf.constant(images)), "to float32"
            ),
            Wrong(lambda reloaded, images: signed(reloaded, images / 255)["output_0"].numpy(), "do not scale"),
            Wrong(lambda reloaded, images: signed(reloaded, images)["output_0"].numpy().argmax(axis=1), "not classes"),
            Wrong(lambda reloaded, images: signed(reloaded, images[:1])["output_0"].numpy(), "all images"),
        ],
    ),
}
