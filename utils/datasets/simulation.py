"""SIMULATED pictures, made once and kept: the cache holds them as it holds decoded pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.atomic_files import replacing, sha256, write_json
from utils.base.console import progress
from utils.base.errors import CallerError
from utils.datasets.cache import cache_folder, locked
from utils.datasets.disk_rows import RowsOnDisk


@dataclass(frozen=True)
class SimulatedPictures:
    """A sample of a simulator.

    Attributes:
        pictures: (pictures, size, size, channels) uint8 on disk.
        labels: (pictures,) int64.
        class_names: by label.
        digest: SHA-256 of the file of the pictures.
    """

    pictures: RowsOnDisk
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    digest: str


def load(simulator: Any, number: int, seed: int, size: int) -> SimulatedPictures:
    """The sample, from the cache where it is there, else made on all cores, with a progress bar.

    Args:
        simulator: a module with NAME, VERSION, CLASS_NAMES and `simulate`.
        number: of pictures.
        seed: draws them.
        size: pixels a side.

    Raises:
        CallerError: the number or the size cannot be simulated, a package is missing, or the cache cannot be written.
    """
    place = cache_folder() / "simulated"
    pictures = place / f"{simulator.NAME}-v{simulator.VERSION}-{number}-s{seed}-{size}.npy"
    if not _whole(pictures):
        with locked(place):
            if not _whole(pictures):  # another process may just have made them
                _make(simulator, number, seed, size, pictures)
    noted = json.loads(_notes(pictures).read_text(encoding="utf-8"))
    return SimulatedPictures(
        RowsOnDisk(pictures), np.array(noted["labels"], dtype=np.int64), simulator.CLASS_NAMES, noted["digest"]
    )


def _notes(pictures: Path) -> Path:
    return pictures.with_suffix(".json")


def _whole(pictures: Path) -> bool:
    """The notes come last: where they are, the pictures are whole."""
    return _notes(pictures).is_file() and pictures.is_file()


def _make(simulator: Any, number: int, seed: int, size: int, pictures: Path) -> None:
    """Simulate the sample into its file; the lock is held."""
    with progress(number, f"simulating {number} {simulator.NAME}, once", "picture") as bar:
        drawn, labels = simulator.simulate(number, seed, size, lambda done: bar.update(done - bar.n))
    try:
        with replacing(pictures) as temporary:
            np.save(temporary, drawn)
        write_json(_notes(pictures), {"labels": labels.tolist(), "digest": sha256(pictures)})
    except OSError as error:
        raise CallerError(
            f"the cache {pictures.parent} cannot hold the pictures ({error.strerror or error})",
            "make room, or let LABS_DATA_HOME name another folder",
        ) from error
