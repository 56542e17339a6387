"""A user's settings of Matplotlib change no figure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

DRAWN = """
import hashlib, io
from utils.figures import plots
figure = plots.learning_curves([{"epoch": i, "loss": 1 / i, "val_loss": 2 / i} for i in (1, 2)], 2, label="loss")
figure.savefig(buffer := io.BytesIO(), metadata={"Software": None})
print(hashlib.sha256(buffer.getvalue()).hexdigest(), buffer.getvalue()[1:4].decode())
"""


def drawn(folder: Path, settings: str) -> list[str]:
    folder.mkdir()
    (folder / "matplotlibrc").write_text(settings)
    ended = subprocess.run(
        [sys.executable, "-c", DRAWN],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(folder)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


@pytest.mark.parametrize(
    "settings",
    [
        "text.usetex: True",
        "font.family: cursive\nfont.size: 30\naxes.facecolor: black\nfigure.dpi: 40",
        "savefig.format: pdf\nsavefig.dpi: 10\nsavefig.bbox: tight\naxes.unicode_minus: False",
        "backend: TkAgg\ninteractive: True",
    ],
)
def test_a_users_matplotlibrc_changes_nothing(settings: str, tmp_path: Path) -> None:
    plain, other = drawn(tmp_path / "plain", ""), drawn(tmp_path / "other", settings)
    assert plain[1] == "PNG"
    assert other == plain
