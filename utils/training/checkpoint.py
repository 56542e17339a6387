"""The state of a training in one file, for resuming it."""

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
from utils.training.results import Progress

if TYPE_CHECKING:
    import keras


def state_of(partial: Path, phase: int = 1) -> Path:
    """The file in which a partial folder keeps the state of a phase of its training."""
    return partial / (f"state-{phase}.npz" if phase > 1 else "state.npz")


CHECKPOINT_SHARE = 0.05
"""Share of the time that may go into checkpoints: a kill costs at most 20 times what writing one takes."""


class Checkpoint:
    """The state of a training in one file: every variable of model and optimizer, dropout's random seeds included.

    Args:
        path: of the file (`.npz`, arrays only, never a pickle).
        model: compiled, its optimizer built.
    """

    def __init__(self, path: Path, model: keras.Model) -> None:
        self._path = path
        self._variables = [*model.variables, *model.optimizer.variables]
        self._weights = len(model.weights)
        self._written = -math.inf
        self._cost = 0.0

    def write(self, progress: Progress, *, last: bool) -> None:
        """Keep the state, unless it was kept a moment ago; always after the last epoch."""
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
        """Put the state back into the model and its optimizer; None where nothing was kept.

        Raises:
            CallerError: the file is damaged, or is of another network.
        """
        if not self._path.exists():
            return None
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                notes = json.loads(str(arrays["notes"]))
                weights = [arrays[f"best_{i}"] for i in range(self._weights)]
                for i, variable in enumerate(self._variables):
                    variable.assign(arrays[f"variable_{i}"])
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise CallerError(
                f"{self._path} does not hold this network's state ({error})",
                "start the run again with --overwrite",
            ) from error
        return Progress(**notes, best_weights=weights, resumed_at=len(notes["history"]))
