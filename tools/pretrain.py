"""Put the network of a run into the project: `python -m tools.pretrain RUN` writes models/pretrained/<lab>-<preset>/.

The folder is a run that can be opened, with the model as `.keras` only, without the state of its optimizer, which has
twice its size; its labels, its card and its record.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import keras
import tyro
from tyro.conf import Positional

from utils.base.atomic_files import staged, write_json
from utils.base.paths import PRETRAINED
from utils.runs import run_folder
from utils.runs.record import LABELS, Run, digests

MODEL, CARD = "model.keras", "README.md"
NOTE = """
This folder is part of the project: the run without its figures, and of the three formats only `model.keras`, without
the state of the optimizer. `python -m labs export` writes the others.
"""


def write(run: Positional[Path]) -> Path:
    """Write the folder, in place of an earlier one; returns it.

    Args:
        run: the folder of a finished run.
    """
    opened = Run.open(run)
    folder = PRETRAINED / f"{opened.record['lab']}-{opened.record['preset']}"
    shutil.rmtree(folder, ignore_errors=True)
    model = keras.saving.load_model(opened.folder / MODEL, compile=False, safe_mode=True)
    with staged(folder) as temporary:
        model.save(temporary / MODEL)
        shutil.copy2(opened.folder / LABELS, temporary / LABELS)
        card = (opened.folder / CARD).read_text(encoding="utf-8")
        (temporary / CARD).write_text(card_of(card), encoding="utf-8")
        record = {**opened.record, "files": digests(temporary), "figures": [], "captions": {}}
        write_json(temporary / run_folder.RECORD, record)
    return folder


def card_of(text: str) -> str:
    """The card of a run for the folder in the project: with NOTE, without figures."""
    card = text.splitlines()
    kept = "\n".join([*card[:2], NOTE.strip(), "", *(line for line in card[2:] if not line.startswith("!["))])
    return re.sub(r"\n{3,}", "\n\n", kept) + "\n"


if __name__ == "__main__":
    print(tyro.cli(write))
