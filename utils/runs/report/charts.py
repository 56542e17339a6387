"""What the page of a run draws itself: a scale of a metric for all models, and learning curves from `history.csv`."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.base.text_tables import interval, number
from utils.figures.plots import CURVES
from utils.runs.report.words import plain

WIDTH, HEIGHT, LEFT, BELOW = 640, 260, 56, 34


@dataclass(frozen=True)
class Bar:
    """A model on the scale of a metric. Positions are percentages of the width of the scale.

    Attributes:
        name: of the model.
        text: its value, with the interval where there is one.
        at: position of the value; None if it is not finite.
        low: position of the lower end of the interval; None for a baseline.
        high: position of the upper end.
        best: whether no other model of the metric has a better value.
    """

    name: str
    text: str
    at: float | None
    low: float | None = None
    high: float | None = None
    best: bool = False


def bars(record: Mapping[str, Any], metric: str) -> list[Bar]:
    """The model with its interval, then the baselines, on one scale."""
    score = record["metrics"]["test"][metric]
    baselines = {name: values[metric] for name, values in record["baselines"].items() if metric in values}
    values = [value for value in (*score.values(), *baselines.values()) if math.isfinite(value)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    width = (high - low) or 1.0

    def place(value: float) -> float | None:
        return round(3 + 94 * (value - low) / width, 2) if math.isfinite(value) else None

    better = record.get("better", {}).get(metric)
    models = [value for value in (score["value"], *baselines.values()) if math.isfinite(value)]
    best = None if better is None or not models else (min if better == "lower" else max)(models)
    ends = place(score["low"]), place(score["high"])
    return [
        Bar("model", interval(score), place(score["value"]), *ends, best=score["value"] == best),
        *(Bar(plain(name), number(value), place(value), best=value == best) for name, value in baselines.items()),
    ]


def history(path: Path) -> dict[str, list[float]]:
    """The numeric columns of `history.csv` that have a value in every row; empty if there is no such file."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns: dict[str, list[float]] = {}
    for name in rows[0] if rows else ():
        try:
            values = [float(row[name]) for row in rows]
        except (TypeError, ValueError):
            continue
        if all(map(math.isfinite, values)):
            columns[name] = values
    return columns


@dataclass(frozen=True)
class Curves:
    """Learning curves as lines of an SVG.

    Attributes:
        lines: points (`x,y x,y …`) by name.
        caption: how to read them.
        ticks: height and label of each tick of the vertical axis.
        last: the last epoch.
    """

    lines: Mapping[str, str]
    caption: str
    ticks: Sequence[tuple[float, str]]
    last: str


def curves(columns: Mapping[str, Sequence[float]]) -> Curves | None:
    """The training and validation loss per epoch; of a history without them the first column; None without any."""
    losses = [name for name in ("loss", "val_loss") if name in columns]
    shown = losses or [name for name in columns if name not in ("epoch", "seconds")][:1]
    if not shown:
        return None
    values = [value for name in shown for value in columns[name]]
    low, high = min(values), max(values)
    epochs = columns.get("epoch") or range(1, len(columns[shown[0]]) + 1)

    def point(epoch: float, value: float) -> str:
        across = (epoch - epochs[0]) / ((epochs[-1] - epochs[0]) or 1)
        return f"{LEFT + across * (WIDTH - LEFT - 10):.1f},{_height(value, low, high):.1f}"

    names = {"loss": "training", "val_loss": "validation"}
    lines = {names.get(name, plain(name)): " ".join(map(point, epochs, columns[name])) for name in shown}
    ticks = [(round(_height(value, low, high), 1), number(value)) for value in sorted({low, (low + high) / 2, high})]
    caption = CURVES if len(losses) == 2 else f"{plain(shown[0]).capitalize()} by epoch."
    return Curves(lines, caption, ticks, f"{epochs[-1]:g}")


def _height(value: float, low: float, high: float) -> float:
    return 12 + (1 - (value - low) / ((high - low) or 1)) * (HEIGHT - 12 - BELOW)
