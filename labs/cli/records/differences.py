"""Differences of metrics with their intervals, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NO_DIFFERENCE = "no clear difference"


def judged(found: Mapping[str, float] | None, better: str, *, subject: str) -> dict[str, Any]:
    """The difference of a metric with its interval, and what follows from it; empty where nothing was compared.

    Args:
        found: the difference and its 95 % interval.
        better: `lower` or `higher`.
        subject: what is better or worse if the difference is clear; may be empty.
    """
    if found is None:
        return {}
    if found["low"] == found["value"] == found["high"] == 0:
        verdict = "the same"
    elif found["low"] <= 0 <= found["high"]:
        verdict = NO_DIFFERENCE
    else:
        word = "better" if (found["value"] < 0) == (better == "lower") else "worse"
        verdict = f"{subject} {word}".strip()
    return {"difference": dict(found), "verdict": verdict}


def signed(score: Mapping[str, float]) -> str:
    """A difference with its interval: `-1.08 [-2.10, -0.0612]`."""
    value, low, high = (f"{score[name]:+#.3g}".rstrip(".") for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
