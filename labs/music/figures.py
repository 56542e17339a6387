"""The lab's pictures: how it learned, what it is sure of, and how its tunes move beside real ones."""

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
    """Learning curves, sureness, intervals, lengths, and a tune; by file name."""
    tunes = evaluation.details["tunes"]
    pictures = {
        "learning_curves": learning_curves(fitted, evaluation),
        "sureness": sureness(fitted.model, fitted.splits),
        "intervals": side_by_side(tunes, "intervals", OCTAVE, "interval between two notes (semitones, up is positive)"),
        "lengths": side_by_side(tunes, "lengths", _commonest(tunes, "lengths"), "length of a note (quarter notes)"),
    }
    readings = [scores.read(text) for text in tunes["shown"]]
    first = next((reading for reading in readings if reading is not None), None)
    if first is not None:
        pictures["tune"] = scores.piano_roll(first.notes, "A tune that the network wrote")
    return pictures


def learning_curves(fitted: Fitted, evaluation: Evaluation) -> Figure:
    """Loss by epoch in bits a character, on windows, beside the n-grams and the network on whole test tunes."""
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
    axes.set_ylabel("loss (bits a character)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    return figure


def sureness(model: Any, splits: Splits) -> Figure:
    """The beginning of a test tune, each character on the colour of the probability that the network gave it."""
    known = vocabulary(splits.categories)
    lengths = (splits.test.targets >= 0).sum(axis=1)
    row = int(np.argsort(lengths)[len(lengths) // 2])
    length = min(int(lengths[row]), LINE * LINES)
    inputs, targets = splits.test.inputs[[row], :length], splits.test.targets[[row], :length]
    sure = np.exp(-nats(predictor(model).predict(inputs), targets))[0]
    figure, axes = plots.new_figure("How sure the network was of each character, a test tune", size=(9.0, 2.6))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    shown = np.full(-(-length // LINE) * LINE, np.nan)
    shown[:length] = sure
    picture = axes.imshow(shown.reshape(-1, LINE), cmap="Blues", vmin=0, vmax=1, aspect="auto")
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
            color="white" if sure[place] > 0.55 else "black",
        )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel("↵ end of a line    · space    ∎ end of the tune", fontsize=8)
    figure.colorbar(picture, label="probability", fraction=0.03)
    return figure


def side_by_side(tunes: Mapping[str, Any], what: str, values: Sequence[str], label: str) -> Figure:
    """How often each value occurs in made and in held-out tunes, as bars.

    Args:
        tunes: of a run's details.
        what: `intervals` or `lengths`.
        values: which are shown, in this order.
        label: of the horizontal axis.
    """
    made, real = tunes["generated"][what], tunes["held_out"][what]
    figure, axes = plots.new_figure(f"{what.capitalize()} of made and of real tunes")
    places = np.arange(len(values))
    for shares, name, colour, side in (
        (real, "held-out tunes", plots.GREY, -0.2),
        (made, f"made by the network{'' if made else ': none that can be read'}", plots.BLUE, 0.2),
    ):
        axes.bar(places + side, [shares.get(value, 0) for value in values], width=0.4, color=colour, label=name)
    axes.set_xticks(places, [f"{float(value):g}" for value in values], fontsize=8)
    axes.set_xlabel(label)
    axes.set_ylabel("share of the notes")
    axes.legend(frameon=False)
    return figure


def _commonest(tunes: Mapping[str, Any], what: str, most: int = 9) -> list[str]:
    """The values that occur most often in held-out tunes, ascending."""
    real = tunes["held_out"][what]
    return sorted(sorted(real, key=lambda value: -real[value])[:most], key=float)
