"""What is reported of a trained model besides its metrics: length, errors, probe sentences, explanations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.sentiment.evaluation import probes
from utils.base.config import SMOKE_PRESET
from utils.datasets.splits import Split, Splits
from utils.export.predictor import predictor
from utils.figures.plots import wilson
from utils.metrics import classification
from utils.text.classification.explanations import Explainer, dropped_tenth
from utils.text.tokens import token_bytes, tokens
from utils.training.results import Fitted

Array = NDArray[Any]
QUOTED, QUOTE = 3, 240
"""Number of errors that are quoted, and the length of a quote in characters."""
EXAMPLE = (40, 90)
"""Number of words of the review that is explained."""
EXPLAINED, LONGEST = 20, 80
"""Number of test reviews for the table of explanations, and their largest number of words."""
SENTIMENTS = ("negative", "positive")


def details(splits: Splits, probabilities: Array, threshold: float | None) -> dict[str, Any]:  # noqa: ARG001
    """Confusion matrix, accuracy by length and the most confident errors, on the test split."""
    test = splits.test
    return {
        **classification.class_report(test.targets, probabilities, splits.class_names),
        "by_length": by_length(test, probabilities),
        "errors": confident_errors(test, probabilities, splits.class_names),
    }


def by_length(test: Split, probabilities: Array) -> list[dict[str, Any]]:
    """Accuracy with its 95 % interval on each fifth of the texts, from the shortest to the longest."""
    words = np.array([len(token_bytes(text)) for text in test.inputs])
    right = probabilities.argmax(axis=1) == test.targets
    fifths = []
    for rows in np.array_split(np.argsort(words, kind="stable"), 5):
        if not len(rows):
            continue
        low, high = wilson(right[rows].mean(), len(rows))
        fifths.append(
            {
                "words": [int(words[rows].min()), int(words[rows].max())],
                "rows": len(rows),
                "accuracy": float(right[rows].mean()),
                "low": float(low),
                "high": float(high),
            }
        )
    return fifths


def confident_errors(test: Split, probabilities: Array, names: Sequence[str]) -> list[dict[str, Any]]:
    """The wrong predictions with the highest probability: the beginning and the end of each text, and its class."""
    predicted = probabilities.argmax(axis=1)
    sure = np.where(predicted != test.targets, probabilities.max(axis=1), 0.0)
    return [
        {
            "text": _shortened(str(test.inputs[row])),
            "class": names[test.targets[row]],
            "predicted": names[predicted[row]],
            "probability": float(sure[row]),
        }
        for row in np.argsort(-sure, kind="stable")[:QUOTED]
        if sure[row] > 0
    ]


def _shortened(text: str) -> str:
    half = QUOTE // 2
    return text if len(text) <= QUOTE else f"{text[:half].rstrip()} … {text[-half:].lstrip()}"


def inspect(fitted: Fitted) -> dict[str, Any]:
    """The probe sentences, and what the probability loses without the words that each explanation ranks highest."""
    predict = predictor(fitted.model).predict
    found: dict[str, Any] = {}
    if fitted.splits.class_names == SENTIMENTS:
        found["negation"] = probes.results(predict)
    if fitted.preset != SMOKE_PRESET:
        found["explanations"] = explained(fitted, EXPLAINED)
    return found


def explained(fitted: Fitted, most: int) -> dict[str, Any]:
    """The fall of the probability by method, see `dropped_tenth`, on random test reviews of ten words or more."""
    predict = predictor(fitted.model).predict
    test = fitted.splits.test
    lengths = np.array([len(token_bytes(text)) for text in test.inputs])
    rows = np.flatnonzero((lengths >= 10) & (lengths <= LONGEST))
    rows = np.random.default_rng(0).permutation(rows)[:most]
    if not len(rows):
        return {}
    falls = dropped_tenth(Explainer(fitted.model, predict), predict, [test.inputs[row] for row in rows])
    return {"texts": len(rows), "longest": LONGEST, "falls": dict(falls)}


def example(test: Split) -> str:
    """The test review that the figure explains: the first one of EXAMPLE words, or else the first one."""
    low, high = EXAMPLE
    return next((text for text in test.inputs if low <= len(tokens(text)) <= high), str(test.inputs[0]))


def remarks(details: Mapping[str, Any]) -> Sequence[str]:
    """Sentences for the summary and the card."""
    said = []
    if "negation" in details:
        probe = details["negation"]
        said.append(
            f"Negation: {probe['accuracy']:.0%} of 40 sentences written for this test are right, "
            f"{probe['plain']:.0%} of the plain ones and {probe['negated']:.0%} of the negated ones."
        )
    if details.get("explanations"):
        made, falls = details["explanations"], details["explanations"]["falls"]
        listed = ", ".join(f"{name} {fall:.2f}" for name, fall in falls.items())
        said.append(
            "Without the tenth of words that a method ranks highest, the probability of the predicted class falls by: "
            f"{listed} ({made['texts']} reviews of up to {made['longest']} words)."
            + (" Attention is not an explanation." if "attention" in falls else "")
        )
    said += [
        f"Confident error: “{error['text']}” is {error['class']}, predicted {error['predicted']} with probability "
        f"{error['probability']:.3f}."
        for error in details.get("errors", ())
    ]
    return said
