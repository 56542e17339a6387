"""Where a benchmark's figures go: printed, and kept in `benchmarks/recorded/<name>.json` for the documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from utils import report
from utils.files import write_json
from utils.quiet import import_keras

FOLDER = Path(__file__).parent / "recorded"


def record(name: str, figures: dict[str, Any]) -> None:
    """Keep a benchmark's figures with the versions and the device that gave them."""
    import_keras()  # quietly, for the facts below
    FOLDER.mkdir(exist_ok=True)
    whole = {**figures, "versions": report.versions(), "device": report.device(), "git": report.commit()}
    write_json(FOLDER / f"{name}.json", whole)
    print(json.dumps(figures, indent=2))
