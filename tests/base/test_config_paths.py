"""A path in a config comes back from JSON, whatever its bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from labs.classification.config import Config
from utils.base import config


@pytest.mark.parametrize("name", [b"plain", b"caf\xe9", "café \U0001f600".encode(), b"a%20b", b"caf\xe9%41", b"file:x"])
def test_paths_come_back(name: bytes, tmp_path: Path) -> None:
    before = Config(data_dir=tmp_path / os.fsdecode(name), epochs=3)
    text = json.dumps(config.to_json(before))
    assert "\\udce9" not in text, "a lone surrogate is not valid JSON for other readers"
    assert config.from_json(Config, text) == before
