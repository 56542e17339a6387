"""Folders of the project: in a checkout beside the packages, in an installed wheel inside `utils`."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
"""The package `utils`."""
ROOT = PACKAGE.parent
"""The folder from which `labs` and `utils` are imported: the checkout, or `site-packages`."""


def _packed(name: str, in_checkout: str) -> Path:
    """A folder that the wheel carries inside `utils`, and that a checkout has elsewhere."""
    packed = PACKAGE / name
    return packed if packed.is_dir() else ROOT / in_checkout


DATA = _packed("_data", "data")
"""The catalogue and the embedded data sets."""
BANDS = _packed("_bands", "models/bands")
"""The reference metrics."""


def child_environment() -> dict[str, str]:
    """The environment for a process that imports `labs` and `utils` from where this one does, in any folder."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
