"""The exercises of the notebook on galaxies."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, NotYetError, array, called, number, shown

SCORES = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0], [-1.0, 3.0, 0.5, 2.0]])


def softmax(answer: Any) -> str:
    """A function of scores, (rows, classes): their softmax along the classes, also where they are large."""
    signature = "softmax(scores)"
    what = "the softmax of three rows of four scores"
    hint = "exp(score) over the sum of the exp of its row"
    raised = np.exp(SCORES)
    right = raised / raised.sum(axis=1, keepdims=True)
    mistakes = [
        Mistake(raised, "divide by the sum of the row, so that it adds up to 1"),
        Mistake(raised / raised.sum(), "each row is a picture of its own and adds up to 1: sum along axis 1"),
        Mistake(raised / raised.sum(axis=0), "those are the columns: sum along axis 1, with keepdims=True"),
        Mistake(SCORES - np.log(raised.sum(axis=1, keepdims=True)), "that is its logarithm"),
        Mistake(1 / (1 + np.exp(-SCORES)), "that is the sigmoid, of each class alone: its rows do not add up to 1"),
        Mistake(np.eye(4)[SCORES.argmax(axis=1)], "that is the largest alone: softmax is its soft form"),
    ]
    given = called(answer, SCORES, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    what = "the same where 1000 is added to each score"
    given = called(answer, SCORES + 1000, expected=what, signature=signature)
    array(
        given, right, what=what, hint="exp(1000) is too large for a computer: subtract each row's largest score first"
    )
    return "Only differences of scores count: what is added to all of a row cancels."


def flat(answer: Any) -> str:
    """The numbers that the course's network flattens, at 128 × 128: 8 maps of 7 × 7."""
    number(
        answer,
        7 * 7 * 8,
        what="the numbers behind the second pooling, at 128 × 128",
        mistakes=[
            Mistake(8 * 8 * 8, "without padding the sides are 63, 31, 15, 7: round down each time"),
            Mistake(7 * 7, "there are 8 maps of this size"),
            Mistake(7, "that is the side: a map has as many rows as columns, and there are 8 maps"),
            Mistake(15 * 15 * 8, "the second pooling halves the side once more"),
            Mistake(31 * 31 * 8, "that is behind the first pooling: a convolution and a pooling follow"),
            Mistake(3 * 3 * 8, "that is for the 64 × 64 of the table: begin with 128"),
            Mistake(7 * 7 * 8 * 8, "8 filters make 8 maps: each looks at all the maps that come in"),
        ],
        hint="apply the formula four times, from 128 on; then side · side · maps",
        close=1e-9,
    )
    return "Behind a Flatten each of them gets a weight for each unit: there the course's network has most of its own."


PICTURE = np.array([[[1, 9], [2, 9], [3, 8]], [[4, 7], [5, 9], [6, 1]], [[7, 2], [8, 3], [0, 5]]], dtype="uint8")


def views(answer: Any) -> str:
    """A function of a picture, (side, side, channels): its eight views under quarter turns and mirroring, any order."""
    signature = "views(picture)"
    what = "the eight views of a picture of 3 × 3 pixels with 2 channels, of shape (8, 3, 3, 2)"
    given = called(answer, PICTURE, expected=what, signature=signature)
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iuf":
            raise TypeError
    except (TypeError, ValueError):
        raise NotYetError(what, shown(given), "collect eight arrays of the picture's shape in a list") from None
    if values.shape != (8, *PICTURE.shape):
        fewer = values.shape[1:] == PICTURE.shape and len(values) in (2, 4)
        hint = (
            "four quarter turns, and the four of the mirrored picture"
            if fewer
            else "collect eight arrays of the picture's shape, (side, side, channels), in a list"
        )
        raise NotYetError(what, shown(values), hint)
    wanted = {view.astype("float64").tobytes() for view in _views(PICTURE)}
    came = {view.astype("float64").tobytes() for view in values}
    if came - wanted:
        raise NotYetError(
            what,
            f"{len(came - wanted)} that are no view of it",
            "turn and mirror axes 0 and 1, height and width; the channels stay where they are",
        )
    if len(came) < len(wanted):
        raise NotYetError(
            what,
            f"{len(came)} different ones",
            "some are the same: mirrored top to bottom is mirrored left to right and turned by two quarters",
        )
    return "There are no more: a further turn or mirroring of any of the eight gives one of the eight."


def _views(picture: Array) -> list[Array]:
    return [np.rot90(side, turns) for side in (picture, picture[:, ::-1]) for turns in range(4)]


TABLE = np.array([[12, 3, 1, 0], [1, 16, 2, 1], [2, 0, 6, 4], [0, 5, 1, 18]])


def recalls(answer: Any) -> str:
    """A function of a confusion matrix, (classes, classes), rows by true class: each class's recall, (classes,)."""
    what = "the recall of each of four classes"
    hits, real, called_so = np.diag(TABLE), TABLE.sum(axis=1), TABLE.sum(axis=0)
    mistakes = [
        Mistake(hits / called_so, "that is the precision: divide by the row's sum, all that are of the class"),
        Mistake(hits / TABLE.sum(), "divide by the pictures of the class, not by all pictures"),
        Mistake(hits, "those are counts: divide by the pictures of each class"),
        Mistake(1 - hits / real, "that is the share that is missed"),
        Mistake(hits.sum() / TABLE.sum(), "that is the accuracy: give a number for each class"),
        Mistake(np.mean(hits / real), "that is their mean: give a number for each class"),
        Mistake(TABLE / real[:, None], "of this table only the diagonal is asked for"),
        Mistake(2 * hits / (real + called_so), "that is F1: the recall does not look at what is called so by mistake"),
    ]
    given = called(answer, TABLE, expected=what, signature="recalls(table)")
    array(given, hits / real, what=what, mistakes=mistakes, hint="the diagonal over the sum of each row")
    return "A class may be found nearly always or hardly ever under one and the same accuracy."


EXERCISES: dict[str, Judge] = {"softmax": softmax, "flat": flat, "views": views, "recalls": recalls}
