"""The picture of a sweep: one metric against a hyperparameter, with the spread over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from utils.figures.plots import BLUE, GREEN, GREY, ORANGE, RED, new_figure

Points = Sequence[tuple[Mapping[str, Any], float]]
"""Of each trial: its hyperparameters and the metric."""
STYLES = [(BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (RED, ":", "D"), (GREY, (0, (1, 1)), "v")]
LARGE = 10.0


def comparison(points: Points, grid: Mapping[str, Sequence[Any]], label: str, title: str, *, simulated: bool) -> Figure:
    """The metric against the grid's first hyperparameter: a line through the means over seeds, one standard deviation
    as a band, each seed as a dot; a line for each combination of the other hyperparameters.

    Args:
        points: of each trial that ended well.
        grid: values by hyperparameter.
        label: of the vertical axis.
        title: above the picture.
        simulated: whether the data are SIMULATED, which is then said.
    """
    figure, axes = new_figure(title + (" (SIMULATED data)" if simulated else ""))
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
        where = sorted(found)
        means = [statistics.mean(found[place]) for place in where]
        spreads = [statistics.stdev(found[place]) if len(found[place]) > 1 else 0.0 for place in where]
        axes.plot(where, means, color=colour, linestyle=style, linewidth=2, label=line or None)
        low = [mean - spread for mean, spread in zip(means, spreads, strict=True)]
        high = [mean + spread for mean, spread in zip(means, spreads, strict=True)]
        axes.fill_between(where, low, high, color=colour, alpha=0.15, linewidth=0)
        for place in where:
            axes.plot([place] * len(found[place]), found[place], marker, color=colour, markersize=5, alpha=0.8)
    if numeric and min(values) > 0 and max(values) >= LARGE * min(values):
        axes.set_xscale("log")
    axes.set_xticks(list(places.values()), [str(value) for value in values])
    axes.minorticks_off()
    axes.set_xlabel(name)
    axes.set_ylabel(label)
    if others:
        axes.legend(frameon=False, title="mean and one s over seeds")
    return figure
