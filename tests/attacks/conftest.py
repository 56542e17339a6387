"""The victim of the attacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file that an attack would write."""
    path = tmp_path / "victim.txt"
    yield path
    assert not path.exists(), "the file was executed"
