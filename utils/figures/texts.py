"""Texts whose words are coloured by a number, for explanations of predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.figures import plots

Array = NDArray[Any]
COLOURS = LinearSegmentedColormap.from_list("for_and_against", [plots.RED, "#FFFFFF", plots.BLUE])
"""From the red of words against the class over white to the blue of words for it."""
COLUMN, LINE, INCH = 44, 0.24, 0.083
"""Characters per line of a column, height of a line and width of a character in inches."""
MOST_WORDS = 200


def coloured_words(words: Sequence[str], scores: Mapping[str, Array], title: str) -> Figure:
    """The words of a text, once for each method, coloured by their contributions.

    Args:
        words: at most MOST_WORDS are shown.
        scores: (words,) by name of the method; each is scaled by its own largest absolute value.
        title: one or more lines.
    """
    words = [word if len(word) <= COLUMN else word[: COLUMN - 1] + "…" for word in words[:MOST_WORDS]]
    places, lines = _places(words)
    size = (len(scores) * (COLUMN + 3) * INCH, (lines + 1) * LINE + 0.35 * (title.count("\n") + 2))
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    for axes, (name, values) in zip(figure.subplots(1, len(scores), squeeze=False)[0], scores.items(), strict=True):
        _draw(axes, name, words, values[: len(words)], places, lines)
    return plots.captioned(
        figure,
        "Blue words raise the probability of the predicted class, red ones lower it; attention has no sign. Each "
        "method is scaled by its largest value.",
    )


def _places(words: Sequence[str]) -> tuple[list[tuple[int, int]], int]:
    """Column and line of each word, and the number of lines."""
    places, column, line = [], 0, 0
    for word in words:
        if column and column + len(word) > COLUMN:
            column, line = 0, line + 1
        places.append((column, line))
        column += len(word) + 1
    return places, line + 1


def _draw(
    axes: Axes, name: str, words: Sequence[str], values: Array, places: Sequence[tuple[int, int]], lines: int
) -> None:
    axes.set_title(name, loc="left", fontsize=10)
    axes.set_xlim(-0.5, COLUMN + 1)
    axes.set_ylim(lines - 0.4, -0.6)
    axes.axis("off")
    if values.min(initial=0) >= 0:  # attention: every word has some
        values = values - values.min(initial=np.inf)
    largest = float(np.abs(values).max(initial=0)) or 1.0
    for word, value, (column, line) in zip(words, values, places, strict=True):
        red, green, blue, _ = colour = COLOURS(0.5 + 0.5 * value / largest)
        dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
        box: dict[str, Any] = {"facecolor": colour, "edgecolor": "none", "pad": 1.2}
        text: dict[str, Any] = {"family": "monospace", "fontsize": 8.2, "color": "white" if dark else "black"}
        axes.text(column, line, word.replace("$", r"\$"), va="center", bbox=box, **text)
