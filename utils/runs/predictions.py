"""The predictions of a run for its test rows, in a file of the run: what two runs are compared by, row by row.

They are saved rather than computed again: the comparison then needs neither the data, which a user may have moved, nor
the versions of Keras that both models were saved with, and it takes no time.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np

from utils.base.errors import CallerError
from utils.base.named_arrays import flatten, listed, unflatten
from utils.datasets.splits import Source, Split, row_digests
from utils.datasets.tables.array_files import check_npz
from utils.metrics.metric import Measured
from utils.runs.record import Run

FILE = "predictions.npz"
MOST_BYTES = 64_000_000
"""Predictions that need more memory (images, long sequences) are not saved."""


def save(folder: Path, measured: Measured) -> None:
    """Write targets, predictions and groups of the test rows into the folder of a run, unless they are too large."""
    arrays = flatten(measured.truth, "truth") | flatten(measured.prediction, "prediction")
    if measured.groups is not None:
        arrays |= flatten(measured.groups, "groups")
    if sum(array.nbytes for array in arrays.values()) <= MOST_BYTES:
        np.savez_compressed(folder / FILE, **arrays)  # type: ignore[arg-type]


def load(run: Run) -> Measured | None:
    """What `save` wrote; None where the run has no such file: it is of an earlier version, or its lab writes none.

    Raises:
        CallerError: the file is damaged.
    """
    if FILE not in run.record["files"]:
        return None
    try:
        check_npz(run.folder / FILE, 2 * MOST_BYTES)
        with np.load(run.folder / FILE, allow_pickle=False) as file:
            arrays = dict(file)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CallerError(f"{run.folder}: {FILE} is damaged", "run the lab again") from error
    return Measured(unflatten(arrays, "truth"), unflatten(arrays, "prediction"), arrays.get("groups"))


def digest_of_rows(split: Split, source: Source) -> str:
    """A digest of the rows of a split: equal for two runs exactly if they have the same rows, in the same order.

    Rows with names are identified by these and by the data set, so that runs may see the same images at other sizes;
    rows without by their inputs.
    """
    digest = hashlib.sha256()
    if split.names is None:
        digest.update(row_digests(split.inputs).tobytes())
    else:
        digest.update("\0".join([source.digest, *map(str, split.names)]).encode())
    for targets in listed(split.targets):
        digest.update(np.ascontiguousarray(targets).tobytes())
    return f"sha256:{digest.hexdigest()}"
