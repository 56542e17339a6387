"""What each attack is met with: an error, and little memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from utils.base.errors import CallerError

MEGABYTES = 150
"""Memory that refusing a file may take; each bomb would take at least twice as much."""


@contextmanager
def little_memory() -> Iterator[None]:
    """Fail if the block needs much memory: the peak of the process is reset before it, which Linux can."""
    if not Path("/proc/self/clear_refs").exists():
        yield
        return

    def kilobytes(name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found is not None
        return int(found[1])

    Path("/proc/self/clear_refs").write_text("5")
    before = kilobytes("VmRSS")
    yield
    assert (kilobytes("VmHWM") - before) / 1e3 < MEGABYTES


@contextmanager
def refused(reason: str) -> Iterator[None]:
    """The block raises an error with this reason, and needs little memory."""
    with little_memory(), pytest.raises(CallerError, match=reason) as caught:
        yield
    assert caught.value.hint
    assert len(caught.value.message) < 600
