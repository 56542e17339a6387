"""The figures of the lab: learning curves, n-grams, the loss by position in a window, and a generated text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from labs.language.data import Texts, texts_of
from utils.figures import plots
from utils.training.results import Evaluation, Fitted

LINES, COLUMNS = 24, 72
"""Largest number of lines and of characters per line of the text that is shown."""
UNIT = "loss (nat per character)"


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """The figures of a run, by file name."""
    texts = texts_of(fitted.splits)
    network = evaluation.metrics["test"]["log_loss"]["value"]
    drawn = {
        "learning_curves": learning_curves(fitted, evaluation),
        "n_grams": n_grams(evaluation.details["n_gram"], network),
        "positions": positions(evaluation.details["by_position"], texts.config.length),
    }
    if "written" in evaluation.details:
        drawn["written"] = written(evaluation.details["written"])
    return drawn


def learning_curves(fitted: Fitted, evaluation: Evaluation) -> Figure:
    """Loss by epoch in nats per character, compared with the baselines and the network on the whole test split."""
    figure, axes = plots.new_figure("Learning curves")
    history, texts = fitted.progress.history, texts_of(fitted.splits)
    epochs = [row["epoch"] for row in history]
    config: Any = fitted.config
    held_out = "validation windows" + (", which are trained on, too" if config.refit else "")
    for name, part, label, colour, style in (
        ("loss", "train", "training windows", plots.BLUE, "-"),
        ("val_loss", "validation", held_out, plots.ORANGE, "--"),
    ):
        values = per_character(texts, part, np.array([row[name] for row in history]))
        axes.plot(epochs, values, color=colour, linestyle=style, marker="o", markersize=3, linewidth=2, label=label)
    lines = {name.replace("_", " "): values["log_loss"] for name, values in evaluation.baselines.items()}
    lines["network, whole test split"] = evaluation.metrics["test"]["log_loss"]["value"]
    for (name, value), colour in zip(lines.items(), (plots.GREY, plots.RED, plots.GREEN), strict=True):
        axes.axhline(value, color=colour, linestyle=":", linewidth=1.5, label=f"{name}: {value:.2f}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.5, len(epochs) + 0.5)
    axes.set_xlabel("epoch")
    axes.set_ylabel(UNIT)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    return plots.captioned(
        figure,
        "The network is better than a baseline if its line for the whole test split is below the baseline's line. In "
        "short windows most tokens have less context than on the whole split.",
    )


def per_character(texts: Texts, part: str, token_loss: Any) -> Any:
    """A mean loss per token as nats per character of a part, with the spelling of its tokens."""
    encoded = texts.encoded[part]
    return (token_loss * len(encoded) + float(encoded.spelling.sum())) / int(encoded.characters.sum())


def n_grams(found: Mapping[str, Any], network: float) -> Figure:
    """The loss of n-grams on the test split by their length, compared with the network.

    Args:
        found: `n_gram` in the details of a run.
        network: its loss on the test split, in nats per character.
    """
    figure, axes = plots.new_figure("n-grams compared with the network")
    orders, values = [int(order) for order in found["log_loss"]], list(found["log_loss"].values())
    axes.plot(orders, values, color=plots.RED, marker="o", linewidth=2, label="n-gram (modified Kneser-Ney)")
    axes.plot(
        found["order"], found["log_loss"][str(found["order"])], "o", color=plots.RED, markersize=11, fillstyle="none"
    )
    axes.axhline(network, color=plots.GREEN, linestyle=":", linewidth=2, label=f"network: {network:.2f}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("tokens of the longest n-gram")
    axes.set_ylabel(UNIT)
    axes.legend(frameon=False)
    return plots.captioned(
        figure,
        "A longer n-gram predicts better as long as its contexts occur in the training text. The circle marks the "
        "length that validation chooses.",
    )


def positions(values: list[float], length: int) -> Figure:
    """The loss at each position of test windows.

    Args:
        values: nats per character by position, without the spelling of tokens.
        length: tokens per training window.
    """
    figure, axes = plots.new_figure("Loss by position in the window")
    places = np.arange(1, len(values) + 1)
    axes.plot(places, values, color=plots.GREY, linewidth=1, alpha=0.6, label="each position")
    width = max(1, len(values) // 32)
    if width > 1:
        means = [float(np.mean(values[start : start + width])) for start in range(0, len(values), width)]
        axes.plot(places[::width] + width / 2, means, color=plots.BLUE, linewidth=2, label=f"mean of {width} positions")
    if length < len(values):
        axes.axvline(length, color=plots.ORANGE, linestyle="--", linewidth=1.5, label=f"training length: {length}")
    axes.set_xlabel("tokens of context")
    axes.set_ylabel(UNIT)
    axes.legend(frameon=False)
    return plots.captioned(
        figure, "The curve falls as far as the network uses the context; where it is flat, more context does not help."
    )


def written(found: Mapping[str, Any]) -> Figure:
    """The beginning of a generated text.

    Args:
        found: `written` in the details of a run.
    """
    wrapped = [part for line in found["shown"][0].split("\n") for part in textwrap.wrap(line, COLUMNS) or [""]]
    lines = wrapped[:LINES]
    figure, axes = plots.new_figure(
        f"Generated text (temperature {found['temperature']:g}"
        + (f", the {found['top_k']} most probable tokens)" if found["top_k"] else ")"),
        size=(7.0, 0.6 + 0.19 * len(lines)),
    )
    axes.axis("off")
    text = "\n".join(line.replace("$", r"\$") for line in lines)
    axes.text(0, 1, text, va="top", family="monospace", fontsize=9, transform=axes.transAxes)
    return plots.captioned(figure, "The network wrote this text; line breaks at the right margin are added here.")
