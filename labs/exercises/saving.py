"""The exercises of the notebook on saving."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from utils.teaching.answers import Judge, Mistake, NotYetError, array, called, number, shown

FIRST = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]], dtype="float32")
SECOND = np.array([[0.7, 0.2, 0.1], [0.3, 0.45, 0.25]], dtype="float32")
RAW = np.array([[10.0, 30.0], [50.0, 20.0], [0.0, 40.0]], dtype="float32")
MEAN, STD = 20.0, 16.0
IMAGES = np.arange(3 * 4 * 4, dtype="uint8").reshape(3, 4, 4, 1)


def difference(answer: Any) -> str:
    """A function of two arrays of predictions, (rows, classes): the largest absolute difference."""
    what = "the largest absolute difference between the predictions"
    apart = np.abs(FIRST - SECOND)
    mistakes = [
        Mistake(float((FIRST - SECOND).max()), "a difference may be negative: take absolute values first"),
        Mistake(float(apart.mean()), "a mean hides one wrong row among many: take the maximum"),
        Mistake(float(apart.sum()), "a sum grows with the number of rows: take the maximum"),
        Mistake(float((apart**2).mean()), "a mean hides one wrong row among many: take the maximum"),
        Mistake(
            float((FIRST.argmax(axis=1) != SECOND.argmax(axis=1)).mean()),
            "equal classes may hide other probabilities: compare the probabilities",
        ),
    ]
    signature = "difference(prediction, other)"
    hint = "subtract, take absolute values, then the maximum over all rows and classes"
    for first, second in ((FIRST, SECOND), (SECOND, FIRST)):  # a signed difference is wrong in one of them
        given = called(answer, first, second, expected=what, signature=signature)
        number(given, float(apart.max()), what=what, mistakes=mistakes, hint=hint)
    return "0 or a rounding error of about 1e-7: the file contains all that predicting needs."


def epochs_done(answer: Any) -> str:
    """A function of the optimizer's steps, rows and batch size: whole epochs."""
    what = "the whole epochs in 171 steps, with 3,600 rows in batches of 64"
    signature = "epochs_done(iterations, rows, batch_size)"
    hint = "an epoch has rows / batch size steps, rounded up; divide the steps by that"
    mistakes = [
        Mistake(171 * 64 / 3600, "the last batch of an epoch is smaller: count steps, not rows"),
        Mistake(171 / 56, "an epoch includes the smaller last batch: round its steps up"),
        Mistake(57, "that is the number of steps of one epoch"),
        Mistake(4, "epochs count from 0 here: three epochs are done, the next one is number 3"),
    ]
    given = called(answer, 171, 3600, 64, expected=what, signature=signature)
    number(given, 3, what=what, mistakes=mistakes, hint=hint, close=1e-9)
    for iterations, rows, size, right, why in (
        (6000, 100, 32, 1500, "an epoch includes the smaller last batch: round its steps up"),
        (170, 3600, 64, 2, "the third epoch is not complete: round down"),
        (30, 640, 64, 3, "if the rows divide evenly into batches, there is no extra batch"),
        (0, 640, 64, 0, "nothing is done yet"),
    ):
        what = f"the whole epochs in {iterations} steps, with {rows:,} rows in batches of {size}"
        given = called(answer, iterations, rows, size, expected=what, signature=signature)
        number(given, right, what=what, hint=why, close=1e-9)
    return "Pass it to `fit` as `initial_epoch`; a learning rate that depends on the epoch then continues, too."


def with_preparation(answer: Any) -> str:
    """A function of a Keras model, mean and std: a Keras model from raw inputs."""
    import keras

    bare = _bare()
    what = "a Keras model from raw inputs to predictions"
    given = called(answer, bare, MEAN, STD, expected=what, signature="with_preparation(bare, mean, std)")
    if not isinstance(given, keras.Model):
        raise NotYetError(what, shown(given), "return keras.Model(inputs, outputs), not predictions or a layer")
    if given is bare:
        raise NotYetError(what, "bare itself", "build a new model: inputs, preparation, bare")
    try:
        prediction = np.asarray(given(RAW))
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise NotYetError(what, f"a model that fails: {reason}", "its input has the shape of bare's input") from error

    def through(inputs: Any) -> Any:
        return np.asarray(bare(np.asarray(inputs, dtype="float32")))

    mistakes = [
        Mistake(through(RAW), "the preparation is missing"),
        Mistake(through(RAW / STD), "the mean is not subtracted: the offset is −mean / std"),
        Mistake(through(RAW - MEAN), "the division by std is missing"),
        Mistake(through(RAW / STD - MEAN), "Rescaling multiplies first and then adds: the offset is −mean / std"),
        Mistake(through((RAW - MEAN) / np.sqrt(STD)), "Normalization takes the variance: std squared"),
        Mistake(through((RAW - MEAN) / STD**2), "divide by the standard deviation, not by the variance"),
        Mistake(through(RAW * STD + MEAN), "that is the inverse: subtract the mean, then divide"),
        Mistake((through(RAW) - MEAN) / STD, "prepare the inputs, not the predictions"),
    ]
    hint = "inputs → (x − mean) / std → bare"
    array(prediction, through((RAW - MEAN) / STD), what=what, mistakes=mistakes, hint=hint, close=1e-3)
    return "Whoever loads the file gives it raw data, and cannot forget the preparation."


def served_predictions(answer: Any) -> str:
    """A function of a loaded SavedModel and images: the predictions of its signature."""
    what = "the predictions of `serving_default`, an array of shape (3, 2)"
    exported, right = _exported()
    signature = "served_predictions(reloaded, images)"
    try:
        given = called(answer, exported, IMAGES, expected=what, signature=signature)
    except NotYetError as refused:
        first = refused.got.splitlines()[0][:160]
        hint = _signature_hint(refused)
        raise NotYetError(refused.expected, first, hint, attempted=refused.attempted) from None
    if isinstance(given, dict):
        raise NotYetError(what, "a dict of outputs", "a signature returns a dict: take its only value")
    hint = 'reloaded.signatures["serving_default"](image=tf.constant(images, dtype="float32"))'
    mistakes = [
        Mistake(right.argmax(axis=1), "return all probabilities, not classes"),
        Mistake(right[:1], "return the predictions of all images"),
        Mistake(_exported_at(IMAGES / 255.0), "do not scale: the network does"),
    ]
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    return "No Keras is needed for this: TensorFlow Serving and other languages call the same signature."


def _signature_hint(refused: NotYetError) -> str:
    for words, hint in (
        ("not callable", 'the loaded object cannot be called: use reloaded.signatures["serving_default"]'),
        ("positional", "pass a tensor, by name: image=tf.constant(…)"),
        ("no attribute 'predict'", "the loaded object is no Keras model: use its signature"),
        ("missing a required argument", "the input is called image"),
        ("uint8", "convert the images to float32"),
        ("cannot convert", "pass a tensor: tf.constant(images, dtype=…)"),
    ):
        if words.lower() in refused.got.lower():
            return hint
    return refused.hint


@cache
def _bare() -> Any:
    """A model of two inputs and two outputs with fixed weights."""
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.set_weights([np.array([[1.0, -0.5], [0.25, 2.0]]), np.array([0.1, -0.2])])
    return model


@cache
def _exported() -> tuple[Any, Any]:
    """A loaded SavedModel, whose input is called image, and its predictions for `IMAGES`."""
    import keras
    import tensorflow as tf

    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(2, name="kind")]
    model = keras.Sequential([keras.Input((4, 4, 1), name="image"), *layers])
    model.set_weights([np.linspace(-1, 1, 32).reshape(16, 2), np.array([0.5, -0.5])])
    with tempfile.TemporaryDirectory() as folder:
        model.export(Path(folder) / "saved", verbose=False)
        loaded = tf.saved_model.load(Path(folder) / "saved")
    return loaded, np.asarray(model(IMAGES.astype("float32")))


def _exported_at(images: Any) -> Any:
    return _exported()[0].serve(np.asarray(images, dtype="float32")).numpy()


EXERCISES: dict[str, Judge] = {
    "difference": difference,
    "epochs_done": epochs_done,
    "with_preparation": with_preparation,
    "served_predictions": served_predictions,
}

HINTS = {
    "difference": "float(np.abs(prediction - other).max())",
    "epochs_done": "steps = math.ceil(rows / batch_size), then iterations // steps",
    "with_preparation": "inputs = keras.Input(bare.input_shape[1:]); pass "
    "keras.layers.Rescaling(1 / std, -mean / std)(inputs) to bare, and return keras.Model(inputs, outputs)",
    "served_predictions": 'serve = reloaded.signatures["serving_default"]; call it with '
    'image=tf.constant(images, "float32") and take the only value of the dict, as an array',
}

NOT_GRADED = ("with_preparation", "served_predictions")
"""Exercises that work on models, which do not leave or enter the process that executes a student's code."""
