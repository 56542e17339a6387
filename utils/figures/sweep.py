"""The plot of a sweep: one metric against one hyperparameter, with the standard deviation over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from utils.datasets.catalog import REAL
from utils.figures.plots import BLUE, GREEN, GREY, ORANGE, RED, new_figure

Points = Sequence[tuple[Mapping[str, Any], float]]
"""The hyperparameters and the metric of each trial."""
STYLES = [(BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (RED, ":", "D"), (GREY, (0, (1, 1)), "v")]
LOG_SCALE_RATIO = 10.0
"""Ratio of the largest to the smallest value from which the horizontal axis is logarithmic."""


def comparison(
    points: Points, grid: Mapping[str, Sequence[Any]], label: str, title: str, *, kind: str = REAL
) -> Figure:
    """Plot a metric against the first hyperparameter of the grid.

    There is one line per combination of the other hyperparameters: the mean over seeds, with a band of one standard
    deviation and a point per seed.

    Args:
        points: hyperparameters and metric of each successful trial.
        grid: values by hyperparameter.
        label: label of the vertical axis.
        title: title of the figure.
        kind: of the data; added to the title unless they are real.
    """
    figure, axes = new_figure(title + (f" ({kind} data)" if kind != REAL else ""))
    name, *others = grid
    values = list(grid[name])
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    places = {str(value): value if numeric else number for number, value in enumerate(values)}
    lines: dict[str, dict[Any, list[float]]] = {}
    for changes, value in points:
        line = ", ".join(f"{other} {changes[other]}" for other in others)
        lines.setdefault(line, {}).setdefault(places[str(changes[name])], []).append(value)
    for number, (line, found) in enumerate(lines.items()):
        colour, style, marker = STYLES[number % len(STYLES)]
        positions = sorted(found)
        means = [statistics.mean(found[position]) for position in positions]
        deviations = [statistics.stdev(found[at]) if len(found[at]) > 1 else 0.0 for at in positions]
        axes.plot(positions, means, color=colour, linestyle=style, linewidth=2, label=line or None)
        low = [mean - deviation for mean, deviation in zip(means, deviations, strict=True)]
        high = [mean + deviation for mean, deviation in zip(means, deviations, strict=True)]
        axes.fill_between(positions, low, high, color=colour, alpha=0.15, linewidth=0)
        for at in positions:
            axes.plot([at] * len(found[at]), found[at], marker, color=colour, markersize=5, alpha=0.8)
    if numeric and min(values) > 0 and max(values) >= LOG_SCALE_RATIO * min(values):
        axes.set_xscale("log")
    axes.set_xticks(list(places.values()), [str(value) for value in values])
    axes.minorticks_off()
    axes.set_xlabel(name)
    axes.set_ylabel(label)
    if others:
        axes.legend(frameon=False, title="mean ± 1 std over seeds")
    return figure
