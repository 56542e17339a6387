"""ROC curves in two conventions, and the threshold that moves."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from utils.figures import plots, thresholds
from utils.metrics import two_classes

TRUTH = np.array([0, 0, 0, 1, 1, 1])
CHANCES = np.array([0.1, 0.3, 0.8, 0.4, 0.7, 0.9])
PROBABILITIES = np.stack([1 - CHANCES, CHANCES], axis=1)


def test_the_conventions_are_mirrored() -> None:
    curve = thresholds.Curve.of(TRUTH, CHANCES, "model", two_classes.roc_band(TRUTH, PROBABILITIES, resamples=20))
    point = thresholds.Point(1 / 3, 2 / 3, "threshold 0.5")
    figure = thresholds.roc_conventions([curve], [point], title="ROC curve")
    figure.savefig(io.BytesIO(), dpi=30)
    usual, mirrored = figure.axes
    assert usual.get_xlabel() == "false positive rate (1 − specificity)"
    assert usual.get_ylabel() == "true positive rate (sensitivity)"
    assert mirrored.get_xlabel() == "specificity (true negative rate)"
    for left, right in zip(usual.lines, mirrored.lines, strict=True):
        np.testing.assert_allclose(np.asarray(left.get_xdata()), 1 - np.asarray(right.get_xdata()))
        np.testing.assert_allclose(np.asarray(left.get_ydata()), np.asarray(right.get_ydata()))
    (dot,) = (line for line in mirrored.lines if line.get_label() == "threshold 0.5")
    assert np.asarray(dot.get_xydata(), dtype=float).ravel().tolist() == pytest.approx([2 / 3, 2 / 3])


def test_the_threshold_moves_from_one_to_zero() -> None:
    drawn = thresholds._Animation(TRUTH, PROBABILITIES, ("well", "ill"), "test")
    drawn.at(0.35)
    text = drawn.text.get_text()
    assert "type 1 errors (false positives) 1 of 3" in text
    assert "type 2 errors (false negatives) 0 of 3" in text
    assert np.asarray(drawn.point.get_xydata(), dtype=float).ravel().tolist() == pytest.approx([1 / 3, 1])
    drawn.at(0.75)
    assert "type 2 errors (false negatives) 2 of 3" in drawn.text.get_text()
    with Image.open(
        io.BytesIO(thresholds.moving_threshold(TRUTH, PROBABILITIES, ("well", "ill"), title="t"))
    ) as moving:
        assert getattr(moving, "n_frames", 1) == thresholds.FRAMES
        first = np.asarray(moving.convert("RGB"))
        moving.seek(thresholds.FRAMES - 1)
        assert (np.asarray(moving.convert("RGB")) != first).any()


def test_the_cells_of_a_confusion_matrix_are_named() -> None:
    figure = plots.confusion_matrix([[2, 1], [0, 3]], ("well", "ill"), note="n", rows="rows", cells=plots.ERROR_TYPES)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[1] == "type 1 errors:\nfalse positives\n1\n33 %"
    assert texts[2] == "type 2 errors:\nfalse negatives\n0\n0 %"
    assert "Confusion matrix, rows" in figure.axes[0].get_title(loc="left")
