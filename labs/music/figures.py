"""The figures of the lab: learning curves, probabilities of a tune, and generated compared with held-out tunes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from labs.music.data import vocabulary
from labs.music.notation import scores
from utils.datasets.splits import Splits
from utils.export.predictor import predictor
from utils.figures import plots
from utils.text.sequences import nats
from utils.training.results import Evaluation, Fitted

LINE = 64
LINES = 6
OCTAVE = tuple(map(str, range(-12, 13)))
"""Intervals that are drawn; larger ones are rare."""


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """Learning curves, probabilities of a test tune, intervals, lengths and a generated tune, by file name."""
    tunes = evaluation.details["tunes"]
    drawn = {
        "learning_curves": learning_curves(fitted, evaluation),
        "sureness": probabilities(fitted.model, fitted.splits),
        "intervals": histogram(tunes, "intervals", OCTAVE, "interval between two notes (semitones, up is positive)"),
        "lengths": histogram(tunes, "lengths", _most_common(tunes, "lengths"), "length of a note (quarter notes)"),
    }
    readings = [scores.read(text) for text in tunes["shown"]]
    first = next((reading for reading in readings if reading is not None), None)
    if first is not None:
        drawn["tune"] = scores.piano_roll(first.notes, "Generated tune")
    return drawn


def learning_curves(fitted: Fitted, evaluation: Evaluation) -> Figure:
    """Loss by epoch in bits per character, compared with the n-grams and the network on whole test tunes."""
    figure, axes = plots.new_figure("Learning curves")
    history = fitted.progress.history
    epochs = [row["epoch"] for row in history]
    for name, label, colour, style in (
        ("loss", "training windows", plots.BLUE, "-"),
        ("val_loss", "validation windows", plots.ORANGE, "--"),
    ):
        values = [row[name] / np.log(2) for row in history]
        axes.plot(epochs, values, color=colour, linestyle=style, marker="o", markersize=3, linewidth=2, label=label)
    lines = {name.replace("_", " "): values["bits_per_char"] for name, values in evaluation.baselines.items()}
    lines["network, whole test tunes"] = evaluation.metrics["test"]["bits_per_char"]["value"]
    for (name, value), colour in zip(lines.items(), (plots.GREY, plots.RED, plots.GREEN), strict=False):
        axes.axhline(value, color=colour, linestyle=":", linewidth=1.5, label=f"{name}: {value:.2f}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.5, len(epochs) + 0.5)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (bits per character)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    return plots.captioned(
        figure,
        "The network is better than a baseline if its line for whole test tunes is below the baseline's line.",
    )


def probabilities(model: Any, splits: Splits) -> Figure:
    """The beginning of a test tune; the colour of a character is the probability that the network predicted for it."""
    known = vocabulary(splits.categories)
    lengths = (splits.test.targets >= 0).sum(axis=1)
    row = int(np.argsort(lengths)[len(lengths) // 2])
    length = min(int(lengths[row]), LINE * LINES)
    inputs, targets = splits.test.inputs[[row], :length], splits.test.targets[[row], :length]
    predicted = np.exp(-nats(predictor(model).predict(inputs), targets))[0]
    figure, axes = plots.new_figure("Predicted probability of each character of a test tune", size=(9.0, 2.6))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    shown = np.full(-(-length // LINE) * LINE, np.nan)
    shown[:length] = predicted
    image = axes.imshow(shown.reshape(-1, LINE), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for place, number in enumerate(targets[0]):
        character = {"\n": "↵", " ": "·"}.get(known.symbols[number], known.symbols[number])
        axes.text(
            place % LINE,
            place // LINE,
            "∎" if number == 0 else character,
            ha="center",
            va="center",
            family="monospace",
            fontsize=8,
            color="white" if predicted[place] > 0.55 else "black",
        )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel("↵ end of a line    · space    ∎ end of the tune", fontsize=8)
    figure.colorbar(image, label="probability", fraction=0.03)
    return plots.captioned(
        figure,
        "Dark characters were expected: bars and repeated phrases are easy, the first notes of a phrase are difficult.",
    )


def histogram(tunes: Mapping[str, Any], what: str, values: Sequence[str], label: str) -> Figure:
    """Relative frequency of values in generated and in held-out tunes, as bars.

    Args:
        tunes: `tunes` in the details of a run.
        what: `intervals` or `lengths`.
        values: the values to show, in this order.
        label: label of the horizontal axis.
    """
    made, real = tunes["generated"][what], tunes["held_out"][what]
    figure, axes = plots.new_figure(f"{what.capitalize()} in generated and held-out tunes")
    places = np.arange(len(values))
    for shares, name, colour, side in (
        (real, "held-out tunes", plots.GREY, -0.2),
        (made, f"generated tunes{'' if made else ': none could be parsed'}", plots.BLUE, 0.2),
    ):
        axes.bar(places + side, [shares.get(value, 0) for value in values], width=0.4, color=colour, label=name)
    axes.set_xticks(places, [f"{float(value):g}" for value in values], fontsize=8)
    axes.set_xlabel(label)
    axes.set_ylabel("relative frequency")
    axes.margins(y=0.3)  # room for the legend
    axes.legend(frameon=False)
    return plots.captioned(
        figure,
        "The more the bars of generated and held-out tunes agree, the more the generated tunes resemble real ones in "
        "this respect.",
    )


def _most_common(tunes: Mapping[str, Any], what: str, most: int = 9) -> list[str]:
    """The most frequent values in held-out tunes, in ascending order."""
    real = tunes["held_out"][what]
    return sorted(sorted(real, key=lambda value: -real[value])[:most], key=float)
