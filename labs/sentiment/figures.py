"""The figures of the lab: learning curves, accuracy by length, calibration, negation, and an explained review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from labs.sentiment.ensemble import AGAIN
from labs.sentiment.evaluation.findings import example
from utils.base.text_tables import interval
from utils.export.predictor import predictor
from utils.figures import plots
from utils.figures.texts import coloured_words
from utils.text.classification.explanations import Explainer
from utils.text.tokens import tokens
from utils.training.results import Evaluation, Fitted


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """The figures by file name; those on negation only for negative and positive texts."""
    probabilities, scores = evaluation.predictions["test"], evaluation.metrics["test"]
    found = evaluation.details
    drawn = {
        "learning_curves": curves(fitted),
        "by_length": by_length(found["by_length"], note=f"accuracy {interval(scores['accuracy'])}"),
        "reliability": plots.reliability(
            fitted.splits.test.targets, probabilities, note=f"ECE {interval(scores['ece'])}"
        ),
        "explanation": explanation(fitted),
    }
    return drawn | ({"negation": negation(found["negation"])} if "negation" in found else {})


def curves(fitted: Fitted) -> Figure:
    """Learning curves, of the trainings whose validation texts are not among their training texts."""
    phases = {name: epochs for name, epochs in fitted.progress.phases.items() if not name.endswith(AGAIN)}
    history = fitted.progress.history[: sum(phases.values())]
    kept = min(fitted.kept_epoch, len(history))
    figure = plots.learning_curves(history, kept, label="cross-entropy (nat)", phases=phases)
    if fitted.config.members:  # each keeps an epoch of its own
        axes = figure.axes[0]
        next(line for line in axes.lines if str(line.get_label()).startswith("weights kept")).remove()
        axes.legend(frameon=False)
    return figure


def by_length(fifths: Sequence[Mapping[str, Any]], *, note: str) -> Figure:
    """Accuracy of each fifth of the test texts by their length."""
    figure, axes = plots.new_figure(f"Accuracy by length of the text, test split\n{note}")
    values = np.array([[part["accuracy"], part["low"], part["high"]] for part in fifths])
    places = np.arange(len(fifths))
    axes.vlines(places, values[:, 1], values[:, 2], color=plots.BLUE, linewidth=1.5, alpha=0.6)
    axes.plot(places, values[:, 0], "o", color=plots.BLUE)
    axes.set_xticks(places, ["–".join(map(str, part["words"])) for part in fifths])
    axes.set_xlabel("words (a fifth of the texts each)")
    axes.set_ylabel("accuracy, with 95% interval")
    return plots.captioned(
        figure,
        "Each point is a fifth of the test texts, from the shortest to the longest: a falling line shows that "
        "the network misses what long texts say.",
    )


def negation(found: Mapping[str, Any]) -> Figure:
    """The probability of positive for each pair of probe sentences."""
    sentences = found["sentences"]
    figure, axes = plots.new_figure("Negation: 20 pairs of sentences written for this test", size=(8.6, 6.6))
    places = np.arange(len(sentences) // 2)
    values = np.array([sentence["probability"] for sentence in sentences]).reshape(-1, 2)
    axes.hlines(places, values[:, 1], values[:, 0], color=plots.GREY, linewidth=1)
    axes.plot(values[:, 0], places, "o", color=plots.BLUE, label="positive sentence")
    axes.plot(values[:, 1], places, "s", color=plots.RED, label="negative sentence")
    axes.axvline(0.5, color=plots.GREY, linestyle=":", linewidth=1.5)
    names = [f"{one['text']} / {other['text']}" for one, other in zip(sentences[::2], sentences[1::2], strict=True)]
    axes.set_yticks(places, names, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("predicted probability of positive")
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=12, pad=24)
    return plots.captioned(
        figure,
        "Circles should be right of the dotted line and squares left of it: a pair on one side is a negation "
        "that the model does not understand.",
    )


def explanation(fitted: Fitted) -> Figure:
    """A test review whose words are coloured by each explanation."""
    text = example(fitted.splits.test)
    predict = predictor(fitted.model).predict
    explainer = Explainer(fitted.model, predict)
    return explained(text, explainer, fitted.splits.class_names)


def explained(text: str, explainer: Explainer, class_names: Sequence[str]) -> Figure:
    """A cleaned text whose words are coloured by each explanation of the predicted class."""
    probabilities = explainer.predicted(text)
    number = int(probabilities.argmax())
    scores = {method: explainer.explain(text, number, method) for method in explainer.methods}
    title = f"Why {class_names[number]}, with probability {probabilities[number]:.3f}?"
    return coloured_words(tokens(text), scores, title)
