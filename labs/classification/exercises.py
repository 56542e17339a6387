"""The exercises of the notebook on classification."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from utils.teaching.answers import Judge, Mistake, NotYetError, array, called, number, shown
from utils.teaching.variants import Variants

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]])
LARGE = np.array([[1000.0, 1001.0, 998.0], [-2000.0, -2001.0, -2000.0]])


def softmax(answer: Any) -> str:
    """A function of logits, (rows, classes): probabilities of the same shape."""
    what, signature = "the probabilities of two rows of three logits", "softmax(logits)"
    raised = np.exp(LOGITS)
    mistakes = [
        Mistake(raised, "divide by their sum: the probabilities of a row add up to 1"),
        Mistake(raised / raised.sum(), "each row has its own sum: take it along axis 1, with keepdims=True"),
        Mistake(raised / raised.sum(axis=0), "the columns add up to 1, but each row is an image: sum along axis 1"),
        Mistake(
            LOGITS / LOGITS.sum(axis=1, keepdims=True),
            "take the exponential of each logit first: logits may be negative",
        ),
        Mistake(
            special.softmax(-LOGITS, axis=1), "the largest logit must get the largest probability: look at the sign"
        ),
        Mistake(np.log(special.softmax(LOGITS, axis=1)), "those are the logarithms of the probabilities"),
        Mistake(np.eye(3)[LOGITS.argmax(axis=1)], "that selects one class: softmax gives every class a probability"),
    ]
    hint = "take the exponential of each logit, then divide each row by its sum"
    given = called(answer, LOGITS, expected=what, signature=signature)
    array(given, special.softmax(LOGITS, axis=1), what=what, mistakes=mistakes, hint=hint)
    what = "finite probabilities of logits in the thousands"
    hint = "exp(1000) overflows: subtract each row's largest logit first, which does not change the result"
    given = called(answer, LARGE, expected=what, signature=signature)
    array(given, special.softmax(LARGE, axis=1), what=what, hint=hint)
    return "Only differences between logits matter, so the largest can always be subtracted first."


PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5], [0.05, 0.9, 0.05]])
LABELS = np.array([0, 2, 2, 1])


def cross_entropy(answer: Any) -> str:
    """A function of probabilities, (rows, classes), and labels, (rows,): the mean cross-entropy in nats."""
    what, signature = "the mean cross-entropy of four rows, in nats", "cross_entropy(probabilities, labels)"
    true = PROBABILITIES[np.arange(4), LABELS]
    costs = -np.log(true)
    every = -np.log(PROBABILITIES)
    mistakes = [
        Mistake(-costs.mean(), "a loss must be small for a good prediction: take minus the logarithm"),
        Mistake(costs.sum(), "that is the sum: take the mean over the rows"),
        Mistake(-np.log10(true).mean(), "take the natural logarithm, np.log"),
        Mistake(-np.log2(true).mean(), "that is in bits: take the natural logarithm, np.log"),
        Mistake(-np.log(true.mean()), "take the logarithm of each row's probability first, then the mean"),
        Mistake(1 - true.mean(), "take the logarithm: the loss must grow without limit near probability 0"),
        Mistake(every.mean(), "only the probability of the true class counts"),
        Mistake(-np.log(PROBABILITIES.max(axis=1)).mean(), "take the true class's probability, not the largest"),
        Mistake(
            -(PROBABILITIES * np.log(PROBABILITIES)).sum(axis=1).mean(),
            "that is the entropy of the predictions: use the labels",
        ),
    ]
    hint = "probabilities[np.arange(rows), labels] selects one per row; then −np.log, then the mean"
    given = called(answer, PROBABILITIES, LABELS, expected=what, signature=signature)
    number(given, float(costs.mean()), what=what, mistakes=mistakes, hint=hint)
    what = "ln 10 if each of ten classes has the probability 0.1"
    given = called(answer, np.full((5, 10), 0.1), np.array([9, 0, 3, 3, 1]), expected=what, signature=signature)
    number(given, float(np.log(10)), what=what, hint=hint)
    return "An untrained network with ten classes starts near ln 10 = 2.3: look for it in your next training."


def parameters(answer: Any, units: int = 64, classes: int = 10) -> str:
    """The parameters of 28 × 28 → units → classes."""
    first, last = 28 * 28 * units, units * classes
    number(
        answer,
        first + units + last + classes,
        what=f"the parameters of 28 × 28 → {units} → {classes}",
        mistakes=[
            Mistake(first + last, "each unit has a bias too, also in the last layer"),
            Mistake(first + units + last, "the output units have a bias each"),
            Mistake(first + last + classes, "the hidden units have a bias each"),
            Mistake(first + units, "that is the hidden layer: the output layer has weights too"),
            Mistake(
                28 * units + units + last + classes,
                "an image has 28 × 28 pixels, and each unit has a weight for every pixel",
            ),
            Mistake(
                first + units + 28 * 28 * classes + classes,
                "the inputs of the last layer are the hidden units, not the pixels",
            ),
        ],
        hint="a dense layer has inputs × units weights and one bias per unit; Flatten has none",
        close=1e-9,
    )
    return "All but a few hundred are in the first layer: in a dense network, pixels are expensive."


VALUES = np.array([[1.0, -2.0, 3.0, 0.5], [4.0, 5.0, -6.0, 2.0]])
KEPT = np.array([[True, False, True, True], [False, True, True, False]])


def dropout(answer: Any) -> str:
    """A function of values, kept (both of any shape) and rate: the output of dropout in training."""
    signature = "dropout(values, kept, rate)"
    hint = "zero if `kept` is False; divide the others by 1 − rate"
    for rate in (0.2, 0.75):
        what = f"the output of dropout at rate {rate} for eight values, of which five are kept"
        alive = np.where(KEPT, VALUES, 0)
        mistakes = [
            Mistake(alive, "the mean shrinks: divide the values that are kept by 1 − rate"),
            Mistake(
                alive * (1 - rate),
                "divide by 1 − rate instead of multiplying: kept values must compensate for dropped ones",
            ),
            Mistake(alive / rate, "divide by the fraction that is kept, 1 − rate"),
            Mistake(
                alive * len(KEPT.ravel()) / KEPT.sum(),
                "the factor depends on the rate only, not on how many values were kept",
            ),
            Mistake(np.where(KEPT, 0, VALUES / (1 - rate)), "`kept` is True for the values that stay"),
            Mistake(np.where(KEPT, VALUES / (1 - rate), VALUES), "values that are not kept become 0"),
            Mistake(VALUES[KEPT] / (1 - rate), "keep the shape: dropped values stay as zeros"),
            Mistake(VALUES / (1 - rate), "values that are not kept become 0"),
        ]
        given = called(answer, VALUES, KEPT, rate, expected=what, signature=signature)
        array(given, alive / (1 - rate), what=what, mistakes=mistakes, hint=hint)
    return "The mean stays the same, so the layer can simply be skipped in prediction."


# A loss below the previous one but not below the best; equal losses; a best that is the first; patience that never
# runs out. In each of the first two, a new best comes too late.
COURSES: tuple[tuple[list[float], int, tuple[int, int]], ...] = (
    ([0.9, 0.5, 0.7, 0.6, 0.8, 0.9, 0.95, 0.97, 0.3], 3, (5, 2)),
    ([0.9, 0.5, 0.6, 0.5, 0.7, 0.8, 0.9, 0.3], 3, (5, 2)),
    ([0.4, 0.5, 0.6, 0.3], 2, (3, 1)),
    ([0.9, 0.8, 0.85, 0.7, 0.75, 0.6], 2, (6, 6)),
    ([0.9, 0.8, 0.7, 0.75], 3, (4, 3)),
)


def early_stopping(answer: Any) -> str:
    """A function of validation losses and patience: number of epochs trained, and the epoch kept (counted from 1)."""
    signature = "early_stopping(losses, patience)"
    hint = "remember the best epoch; stop when the current one is `patience` epochs after it"
    for losses, patience, (ended, kept) in COURSES:
        what = f"(epochs trained, epoch kept) of {losses} with patience {patience}"
        mistakes = [
            Mistake([kept, ended], "return the number of epochs first, then the epoch that is kept"),
            Mistake([ended - 1, kept - 1], "count epochs from 1"),
            Mistake([ended, kept - 1], "count the epoch that is kept from 1, too"),
            Mistake([ended - 1, kept], "count the epochs from 1, too"),
            Mistake([ended + 1, kept], "that is one epoch too many: stop in the epoch in which patience runs out"),
            Mistake(
                [ended, ended], "restore the best weights: those with the lowest loss, not those of the last epoch"
            ),
            Mistake(
                [len(losses), 1 + int(np.argmin(losses))],
                "training has stopped by then: ignore the epochs that were never trained",
            ),
            Mistake(_stop(losses, patience, equal=True), "an equal loss is not better"),
            Mistake(_stop(losses, patience, total=True), "restart the count after each new best epoch"),
            *(
                Mistake([epochs, best], "compare with the best epoch so far, not with the previous one")
                for epochs, *bests in [_falling(losses, patience)]
                for best in bests
            ),
        ]
        given = called(answer, list(losses), patience, expected=what, signature=signature)
        if not isinstance(given, tuple | list | np.ndarray) or len(given) != 2:
            raise NotYetError(what, shown(given), "end with `return epochs, kept`")
        # Whole numbers: 5.0 is as good as 5, but nothing near it is.
        right = np.array([ended, kept])
        wrong = [mistake for mistake in mistakes if list(mistake.answer) != [ended, kept]]
        array(given, right, what=what, mistakes=wrong, hint=hint, close=1e-9)
    return "Patience tolerates a few bad epochs; restoring the best weights makes a long patience harmless."


def _falling(losses: list[float], patience: int) -> tuple[int, int, int]:
    """Early stopping that compares with the previous epoch: epochs trained, and the epoch kept in two ways.

    Either the epoch with the lowest loss is kept, or the last one that was better than the previous one.
    """
    bad = last = 0
    for epoch in range(1, len(losses)):
        better = losses[epoch] < losses[epoch - 1]
        last = epoch if better else last
        bad = 0 if better else bad + 1
        if bad == patience:
            break
    else:
        epoch = len(losses) - 1
    return epoch + 1, 1 + int(np.argmin(losses[: epoch + 1])), last + 1


def _stop(losses: list[float], patience: int, *, equal: bool = False, total: bool = False) -> tuple[int, int]:
    """Early stopping with a mistake: an equal loss counts as better, or bad epochs are counted in total."""
    best = bad = 0
    for epoch, loss in enumerate(losses[1:], 1):
        better = loss < losses[best] or (equal and loss == losses[best])
        best = epoch if better else best
        bad = bad + (not better) if total or not better else 0
        if bad == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


EXERCISES: dict[str, Judge] = {
    "softmax": softmax,
    "cross_entropy": cross_entropy,
    "parameters": parameters,
    "dropout": dropout,
    "early_stopping": early_stopping,
}

HINTS = {
    "softmax": "raised = np.exp(logits - logits.max(axis=1, keepdims=True)); divide it by its sums along axis 1",
    "cross_entropy": "true = probabilities[np.arange(len(labels)), labels]; then the mean of -np.log(true)",
    "parameters": "pixels × units + units for the hidden layer; units × classes + classes for the output",
    "dropout": "np.where(kept, values / (1 - rate), 0)",
    "early_stopping": "loop with enumerate(losses, 1); if a loss is below the best one, remember it and its epoch; "
    "else, if epoch - best_epoch == patience, return epoch, best_epoch; after the loop, len(losses), best_epoch",
}

VARIANTS = {
    "parameters": Variants(
        "images of 28 × 28, one hidden layer of {units} units, and {classes} classes",
        {"units": (32, 48, 80, 96, 100, 128), "classes": (5, 7, 8, 12, 26)},
    )
}
