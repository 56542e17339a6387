"""The progress of a run: a line per epoch, a bar within long epochs, the stages with their seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from utils.base.console import columns, on_terminal, say_progress, status, wrapped
from utils.training.results import Batch, Report, Reporter, Row

LONG_EPOCH = 2.0
"""Seconds; an epoch that takes longer gets a bar."""
FIRST_STEPS = 0.5
"""Seconds; the first steps are slower than the others, and say nothing of how long the epoch takes."""
BAR = 24
"""Columns of the bar."""
SEPARATOR = " · "


class Shown(Reporter):
    """Shows the progress on standard error. On a terminal one line is replaced; otherwise there is a line per epoch.

    Args:
        others: reports of the same training, such as one that writes a log.
    """

    def __init__(self, others: Sequence[Report] = ()) -> None:
        self._others = others
        self._seconds: dict[str, float] = {}
        self._stage = ""
        self._since = time.perf_counter()
        self._epoch = ""

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:
        """Show an epoch."""
        for other in self._others:
            other(row, epochs, seconds_left)
        if not on_terminal():
            say_progress(epoch_line(row, epochs, seconds_left))
            return
        self._epoch = epoch_line(row, epochs, seconds_left, columns(sys.stderr) - 1)
        status(self._epoch)

    def batch(self, position: Batch) -> None:
        """Show a bar if the epoch is a long one."""
        expected = position.seconds * position.steps / position.done
        if on_terminal() and expected > LONG_EPOCH and position.seconds > FIRST_STEPS:
            status(batch_line(position, columns(sys.stderr) - 1, blocks=_has_blocks()))

    def stage(self, name: str) -> None:
        """End the previous stage and begin the next one."""
        now = time.perf_counter()
        if self._stage:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        if self._epoch and name != "train":
            if on_terminal():
                say_progress(self._epoch)
            self._epoch = ""
        self._stage, self._since = name, now
        if name:
            # The end of the line says what is happening; the beginning is shown again at the end of the run.
            line = SEPARATOR.join([*self._finished(), f"{name} …"])
            status(line[-(columns(sys.stderr) - 1) :])

    def end(self) -> None:
        """Show the seconds of each stage."""
        self.stage("")
        # The words of a stage are not separated.
        stages = [stage.replace(" ", "\xa0") for stage in self._finished()]
        say_progress(wrapped(f"\xa0{SEPARATOR.strip()} ".join(stages)).replace("\xa0", " "))

    def _finished(self) -> list[str]:
        return [f"{name} {seconds:.1f} s" for name, seconds in self._seconds.items()]


def _has_blocks() -> bool:
    """Whether standard error can show the characters of the bar."""
    try:
        "━─·".encode(sys.stderr.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def epoch_line(row: Row, epochs: int, seconds_left: float, width: int | None = None) -> str:
    """An epoch in one line; in a narrow terminal the last metrics are left out, the losses and the time left never."""
    numbers = {name: f"{name} {value:.4g}" for name, value in row.items() if name not in ("epoch", "seconds")}
    optional = [name for name in numbers if name not in ("loss", "val_loss")]
    while True:
        line = "  ".join([f"epoch {row['epoch']:.0f}/{epochs}", *numbers.values(), f"{_time(seconds_left)} left"])
        if width is None or len(line) <= width or not optional:
            return line
        del numbers[optional.pop()]


def batch_line(position: Batch, width: int, *, blocks: bool = True) -> str:
    """A bar within an epoch, with the batches that are done, the loss and the time left."""
    full, empty = "━─" if blocks else "#-"
    facts = f"  {position.done}/{position.steps} batches  loss {position.loss:.4g}  {_time(position.seconds_left)} left"
    head = f"epoch {position.epoch}/{position.epochs}  "
    room = max(0, min(BAR, width - len(head) - len(facts)))
    done = room * position.done // position.steps
    return (head + full * done + empty * (room - done) + facts)[:width]


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
