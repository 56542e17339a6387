"""Where a benchmark's figures go: printed, and kept in `benchmarks/recorded/<name>.json` for the documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from utils import report
from utils.files import write_json
from utils.quiet import import_keras

FOLDER = Path(__file__).parent / "recorded"


def recorded(name: str) -> dict[str, Any]:
    """What a benchmark recorded under this name."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def spread(value: dict[str, float], digits: int = 2) -> str:
    """`5.13 ± 0.85`; of a single run just its value."""
    whole = f"{value['mean']:.{digits}f}"
    return whole if value["std"] is None else f"{whole} ± {value['std']:.{digits}f}"


def record(name: str, figures: dict[str, Any]) -> None:
    """Keep a benchmark's figures with the versions and the device that gave them."""
    import_keras()  # quietly, for the facts below
    FOLDER.mkdir(exist_ok=True)
    whole = {**figures, "versions": report.versions(), "device": report.device(), "git": report.commit()}
    write_json(FOLDER / f"{name}.json", whole)
    print(json.dumps(figures, indent=2))
