"""The result of a run in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from utils.base.text_tables import number

SYMBOLS = {"rmse": "RMSE", "mae": "MAE", "r2": "R²", "auc": "AUC", "ece": "ECE"}
"""Metrics that are written otherwise than their keys in `run.json`."""


def plain(name: str) -> str:
    """The name of a metric or a baseline as words."""
    return SYMBOLS.get(name, name.replace("_", " "))


def result(record: Mapping[str, Any]) -> str:
    """The first metric of a run on the test split, next to the best of its baselines, in two sentences.

    Args:
        record: the contents of `run.json`.
    """
    name, score = next(iter(record["metrics"]["test"].items()))
    unit = f" {record['units'][name]}" if record["units"].get(name) else ""
    rows = record["data"].get("rows", {}).get("test")
    where = f"the {rows:,} test rows" if rows else "the test split"
    first = (
        f"On {where}, the model has {plain(name)} {number(score['value'])}{unit} "
        f"(95 % interval {number(score['low'])} to {number(score['high'])})."
    )
    better = record.get("better", {}).get(name)
    values = {baseline: scores.get(name, math.nan) for baseline, scores in record["baselines"].items()}
    known = {baseline: value for baseline, value in values.items() if math.isfinite(value)}
    if not known or better is None:
        return first
    best = (min if better == "lower" else max)(known, key=lambda baseline: known[baseline])
    return f"{first} {_judged(score, known[best], better)} the best baseline, {plain(best)} ({number(known[best])})."


def _judged(score: Mapping[str, float], baseline: float, better: str) -> str:
    if score["low"] <= baseline <= score["high"]:
        return "It is not clearly different from"
    return f"It is {'better' if (score['value'] < baseline) == (better == 'lower') else 'worse'} than"
