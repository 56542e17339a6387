"""A learning curve that grows in a notebook while a network is trained."""

from __future__ import annotations

import io
import time
from typing import Any

from utils.training.results import Reporter, Row

LIVE = "labs-live"
"""The key in an output's metadata. Published notebooks do not contain these outputs: which of them there are depends on
the speed of the machine."""
SHORT = 2.0
"""Seconds; a shorter training shows no curve."""
SHARE = 0.05
"""Largest fraction of the time spent on drawing."""
DPI = 80


class LiveCurve(Reporter):
    """Shows the training and the validation loss per epoch in one output, which is replaced.

    At the end the curve of all epochs remains.
    """

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._rows: list[Row] = []
        self._epochs = 0
        self._handle: Any = None
        self._next = 0.0

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:
        """Add an epoch, and draw if the last drawing is long enough ago."""
        self._rows.append(row)
        self._epochs = epochs
        now = time.perf_counter()
        long = epochs > 1 and now - self._began + seconds_left > SHORT
        if (self._handle is not None or long) and now >= self._next:
            self._draw()
            done = time.perf_counter()
            self._next = done + max(0.5, (done - now) / SHARE)

    def stage(self, name: str) -> None:
        """Draw all epochs when the training has ended."""
        if name != "train" and self._handle is not None:
            self._draw()

    def _draw(self) -> None:
        from IPython.display import display

        data = {"image/png": self._png(), "text/plain": f"learning curve, {len(self._rows)} epochs"}
        if self._handle is None:
            self._handle = display(data, raw=True, metadata={LIVE: True}, display_id=True)
        else:
            self._handle.update(data, raw=True, metadata={LIVE: True})

    def _png(self) -> bytes:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        figure = Figure(figsize=(6.4, 3.2), layout="constrained")
        axes = figure.add_subplot()
        for name, label, style in (("loss", "training", "-"), ("val_loss", "validation", "--")):
            points = [(row["epoch"], row[name]) for row in self._rows if name in row]
            if points:
                axes.plot(*zip(*points, strict=True), style, marker="o" if len(points) < 10 else "", label=label)
        axes.set_xlim(0.5, self._epochs + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI)
        return buffer.getvalue()
