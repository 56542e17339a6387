"""The exercises of the notebook on galaxies."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, NotYetError, array, called, number, shown
from utils.teaching.variants import Variants

SCORES = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0], [-1.0, 3.0, 0.5, 2.0]])


def softmax(answer: Any) -> str:
    """A function of scores, (rows, classes): their softmax along the classes, also for large scores."""
    signature = "softmax(scores)"
    what = "the softmax of three rows of four scores"
    hint = "exp(score) divided by the sum of exp over its row"
    raised = np.exp(SCORES)
    right = raised / raised.sum(axis=1, keepdims=True)
    mistakes = [
        Mistake(raised, "divide by the sum of the row, so that it adds up to 1"),
        Mistake(raised / raised.sum(), "each row is a separate image and adds up to 1: sum along axis 1"),
        Mistake(raised / raised.sum(axis=0), "those are the columns: sum along axis 1, with keepdims=True"),
        Mistake(SCORES - np.log(raised.sum(axis=1, keepdims=True)), "that is the logarithm of the softmax"),
        Mistake(1 / (1 + np.exp(-SCORES)), "that is the sigmoid of each score: its rows do not add up to 1"),
        Mistake(
            np.eye(4)[SCORES.argmax(axis=1)], "that selects the largest alone: softmax gives every class a probability"
        ),
    ]
    given = called(answer, SCORES, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    what = "the same result after adding 1000 to each score"
    given = called(answer, SCORES + 1000, expected=what, signature=signature)
    array(given, right, what=what, hint="exp(1000) overflows: subtract each row's largest score first")
    return "Only differences between scores matter: a constant added to a whole row cancels."


def flat(answer: Any, width: int = 128) -> str:
    """The number of values that the course's network flattens; at 128 × 128: 8 maps of 7 × 7."""
    sides = [width]
    for kernel in (3, 2, 3, 2):
        sides.append((sides[-1] - kernel) // 2 + 1)
    _, first, pooled, second, side = sides
    rounded = f"without padding the sides are {first}, {pooled}, {second}, {side}: round down each time"
    number(
        answer,
        side * side * 8,
        what=f"the number of values after the second pooling, at {width} × {width}",
        mistakes=[
            Mistake((width // 16) ** 2 * 8, rounded),
            Mistake(side * side, "there are 8 maps of this size"),
            Mistake(side, f"that is the side of one map: there are 8 maps of {side} × {side}"),
            Mistake(second * second * 8, "the second pooling halves the side once more"),
            Mistake(pooled * pooled * 8, "that is after the first pooling: a convolution and a pooling follow"),
            Mistake(3 * 3 * 8, f"that is for the 64 × 64 in the table: begin with {width}"),
            Mistake(side * side * 8 * 8, "8 filters give 8 maps: each filter covers all the input maps"),
        ],
        hint=f"apply the formula four times, starting with {width}; then side · side · maps",
        close=1e-9,
    )
    return "After Flatten, each value has a weight per unit: most of the network's weights are there."


IMAGE = np.array([[[1, 9], [2, 9], [3, 8]], [[4, 7], [5, 9], [6, 1]], [[7, 2], [8, 3], [0, 5]]], dtype="uint8")


def views(answer: Any) -> str:
    """A function of an image, (side, side, channels): its eight rotated and mirrored views, in any order."""
    signature = "views(image)"
    what = "the eight views of an image of 3 × 3 pixels with 2 channels, of shape (8, 3, 3, 2)"
    given = called(answer, IMAGE, expected=what, signature=signature)
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iuf":
            raise TypeError
    except (TypeError, ValueError):
        raise NotYetError(what, shown(given), "collect eight arrays of the image's shape in a list") from None
    if values.shape != (8, *IMAGE.shape):
        fewer = values.shape[1:] == IMAGE.shape and len(values) in (2, 4)
        hint = (
            "take four rotations, and the four of the mirrored image"
            if fewer
            else "collect eight arrays of the image's shape, (side, side, channels), in a list"
        )
        raise NotYetError(what, shown(values), hint)
    wanted = {view.astype("float64").tobytes() for view in _views(IMAGE)}
    came = {view.astype("float64").tobytes() for view in values}
    if came - wanted:
        raise NotYetError(
            what,
            f"{len(came - wanted)} arrays that are not views of the image",
            "rotate and mirror axes 0 and 1, height and width; the channels stay in place",
        )
    if len(came) < len(wanted):
        raise NotYetError(
            what,
            f"{len(came)} different views",
            "some are the same: a vertical flip equals a horizontal flip rotated by 180°",
        )
    return "There are no others: rotating or mirroring any of the eight gives one of the eight."


def _views(image: Array) -> list[Array]:
    return [np.rot90(side, turns) for side in (image, image[:, ::-1]) for turns in range(4)]


TABLE = np.array([[12, 3, 1, 0], [1, 16, 2, 1], [2, 0, 6, 4], [0, 5, 1, 18]])


def recalls(answer: Any) -> str:
    """A function of a confusion matrix, (classes, classes), rows by true class: each class's recall, (classes,)."""
    what = "the recall of each of four classes"
    hits, real, predicted = np.diag(TABLE), TABLE.sum(axis=1), TABLE.sum(axis=0)
    mistakes = [
        Mistake(hits / predicted, "that is the precision: divide by the sum of the row, the images of the class"),
        Mistake(hits / TABLE.sum(), "divide by the images of the class, not by all images"),
        Mistake(hits, "those are counts: divide by the images of each class"),
        Mistake(1 - hits / real, "that is the fraction that is missed"),
        Mistake(hits.sum() / TABLE.sum(), "that is the accuracy: return one number per class"),
        Mistake(np.mean(hits / real), "that is their mean: return one number per class"),
        Mistake(TABLE / real[:, None], "return only the diagonal of this table"),
        Mistake(2 * hits / (real + predicted), "that is F1: the recall ignores false positives"),
    ]
    given = called(answer, TABLE, expected=what, signature="recalls(table)")
    array(given, hits / real, what=what, mistakes=mistakes, hint="the diagonal divided by the sum of each row")
    return "Two models with the same accuracy can have very different recalls for a class."


EXERCISES: dict[str, Judge] = {"softmax": softmax, "flat": flat, "views": views, "recalls": recalls}

HINTS = {
    "softmax": "raised = np.exp(scores - scores.max(axis=1, keepdims=True)); divide it by its sums along axis 1",
    "flat": "side = (side - kernel) // stride + 1, for kernel and stride (3, 2), (2, 2), (3, 2), (2, 2) in turn",
    "views": "np.rot90(one, turns) for one in (image, image[:, ::-1]) and turns in range(4)",
    "recalls": "np.diag(table) / table.sum(axis=1)",
}

VARIANTS = {"flat": Variants("images of {width} × {width} pixels", {"width": (80, 96, 112, 144, 160, 192, 224, 256)})}
