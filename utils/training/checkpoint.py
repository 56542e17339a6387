"""The state of a training in one file, from which it resumes."""

from __future__ import annotations

import json
import math
import time
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from utils.base.atomic_files import replacing
from utils.base.errors import CallerError
from utils.datasets.tables.array_files import check_npz
from utils.training.results import Progress

if TYPE_CHECKING:
    import keras


def state_of(partial: Path, phase: int = 1) -> Path:
    """The file with the state of a phase of the training in the folder of an incomplete run."""
    return partial / (f"state-{phase}.npz" if phase > 1 else "state.npz")


CHECKPOINT_SHARE = 0.05
"""Largest fraction of the time spent on checkpoints; a killed run loses at most 20 times that of writing one."""


class Checkpoint:
    """The state of a training in one file: all variables of the model and the optimizer, including seeds of dropout.

    Args:
        path: path of the file (`.npz`, arrays only, no pickles).
        model: compiled, with a built optimizer.
    """

    def __init__(self, path: Path, model: keras.Model) -> None:
        self._path = path
        self._variables = [*model.variables, *model.optimizer.variables]
        self._weights = len(model.weights)
        self._written = -math.inf
        self._cost = 0.0

    def write(self, progress: Progress, *, last: bool) -> None:
        """Write the state, unless it was written recently; always after the last epoch."""
        start = time.perf_counter()
        if not last and start - self._written < self._cost / CHECKPOINT_SHARE:
            return
        arrays = {f"variable_{i}": variable.numpy() for i, variable in enumerate(self._variables)}
        arrays |= {f"best_{i}": weights for i, weights in enumerate(progress.best_weights)}
        notes = {
            "history": progress.history,
            "best_epoch": progress.best_epoch,
            "best_loss": progress.best_loss,
        }
        with replacing(self._path) as temporary:
            np.savez(temporary, allow_pickle=False, notes=np.array(json.dumps(notes)), **arrays)
        self._written = time.perf_counter()
        self._cost = self._written - start

    def read(self) -> Progress | None:
        """Restore the state of the model and its optimizer; returns None if there is no file.

        Raises:
            CallerError: the file is damaged, or belongs to another network.
        """
        if not self._path.exists():
            return None
        try:
            check_npz(self._path)
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                notes = json.loads(str(arrays["notes"]))
                weights = [arrays[f"best_{i}"] for i in range(self._weights)]
                for i, variable in enumerate(self._variables):
                    variable.assign(arrays[f"variable_{i}"])
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise CallerError(
                f"{self._path} does not contain the state of this network ({error})",
                "start the run again with --overwrite",
            ) from error
        return Progress(**notes, best_weights=weights, resumed_at=len(notes["history"]))
