"""The figures of the lab: learning curves, exact matches by length, and attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labs.translation import data
from labs.translation.evaluation.attention import attention, has_attention
from labs.translation.steps import stepped
from utils.base.text_tables import interval
from utils.figures import plots
from utils.text.pairs.vocabulary import END, SPACE, Vocabulary
from utils.training.results import Evaluation, Fitted

MAPS = 2
"""Number of test pairs whose attention is drawn."""
READABLE = (8, 32)
"""Smallest and largest number of tokens of the sources that are drawn."""


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """The figures by file name; those of attention only if the network has it."""
    score = evaluation.metrics["test"]["exact_match"]
    drawn = {
        "learning_curves": plots.learning_curves(
            fitted.progress.history, fitted.kept_epoch, label="cross-entropy (nat per token)"
        ),
        "by_length": by_length({"the network": evaluation.details["by_length"]}, note=f"exact match {interval(score)}"),
    }
    return drawn | ({"attention": examples(fitted)} if has_attention(fitted.model) else {})


def by_length(networks: Mapping[str, Sequence[Mapping[str, Any]]], *, note: str) -> Figure:
    """Exact match by length of the source, of one or several networks.

    Args:
        networks: by name, the groups of `labs.translation.evaluation.findings.by_length`.
        note: below the title.
    """
    figure, axes = plots.new_figure(f"Exact match by length of the source, test split\n{note}")
    for number, (name, groups) in enumerate(networks.items()):
        places = np.array([np.mean(group["tokens"]) for group in groups])
        values = np.array([[group["exact_match"], group["low"], group["high"]] for group in groups])
        colour = (plots.BLUE, plots.RED, plots.GREY)[number % 3]
        axes.vlines(places, values[:, 1], values[:, 2], color=colour, linewidth=1.5, alpha=0.5)
        axes.plot(places, values[:, 0], "os^"[number % 3] + "-", color=colour, linewidth=1, label=name)
    axes.set_xlabel("tokens of the source")
    axes.set_ylabel("exact match, with 95% interval")
    axes.set_ylim(-0.03, 1.03)
    if len(networks) > 1:
        axes.legend(frameon=False)
    return plots.captioned(
        figure,
        "Each point is a group of test pairs of similar length: a network that passes one vector from encoder to "
        "decoder fails at long sources first.",
    )


def examples(fitted: Fitted) -> Figure:
    """Attention for the first test pairs whose source is neither short nor long."""
    source = fitted.splits.test.inputs["source"]
    lengths = (source != 0).sum(axis=1)
    inside = np.flatnonzero((lengths >= READABLE[0]) & (lengths <= READABLE[1]))
    rows = (inside if len(inside) >= MAPS else np.arange(len(source)))[:MAPS]
    longest = fitted.splits.test.targets.shape[1]
    return maps(fitted.model, source[rows], data.vocabularies(fitted.splits.categories), longest=longest)


def maps(
    model: keras.Model, source: NDArray[np.int32], vocabularies: tuple[Vocabulary, Vocabulary], *, longest: int
) -> Figure:
    """The attention of greedy translations, one map for each source.

    Args:
        model: the network.
        source: (rows, length), 0 behind the end.
        vocabularies: of the source and of the target.
        longest: largest number of tokens of a translation.
    """
    written = stepped(model).translate(source, longest=longest).tokens[:, 0]
    figure = Figure(figsize=(5.4 * len(source), 5.2), layout="constrained")
    figure.suptitle("Attention of the decoder", x=0.01, ha="left", fontsize=12)
    for one, row, tokens in zip(figure.subplots(1, len(source), squeeze=False)[0], source, written, strict=True):
        names = [*vocabularies[0].named(row), END], [*vocabularies[1].named(tokens), END]
        before = np.concatenate([[1], tokens[: len(names[1]) - 1]]).astype(np.int32)
        weights = attention(model, row[None, : len(names[0])], before[None])[0]
        _map(one, weights, *names)
    return plots.captioned(
        figure,
        "Each row is a token that the network writes; the darker a column, the more of this token of the source it "
        "was written from.",
    )


def _map(axes: Axes, weights: NDArray[np.float32], source: Sequence[str], target: Sequence[str]) -> None:
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(source)), list(map(_label, source)), rotation=0 if _short(source) else 90, fontsize=8)
    axes.set_yticks(range(len(target)), list(map(_label, target)), fontsize=8)
    axes.xaxis.tick_top()
    axes.set_xlabel("source")
    axes.set_ylabel("written")


def _short(names: Sequence[str]) -> bool:
    return all(len(name) <= 1 for name in names[:-1])


def _label(name: str) -> str:
    """A token as a label: spaces are visible, END is a sign of its own."""
    return {END: "⏎", " ": "␣"}.get(name, name.replace(SPACE, "␣" if len(name) == 1 else ""))
