"""SIMULATED images: balanced labels, one random stream per image, all cores, kept in the cache.

The arrays of one small image are too short for threads: two threads took longer than one, because they share the
interpreter's lock. So processes draw. They are joblib's, which do not import the caller's main module again (a script
without a main guard would run twice), and they import neither TensorFlow nor Keras.
"""

from __future__ import annotations

import signal
import warnings
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from utils.base.console import progress
from utils.base.disk_rows import RowsOnDisk
from utils.base.errors import CallerError
from utils.base.machine import cores
from utils.datasets.cache import CachedArray, RowWriter

SIZES = (16, 1024)
"""The smallest and the largest side of an image, pixels."""
CHUNK = 32
"""Images per task. Fewer than four tasks are done in this process: starting others would take longer."""
IDLE_SECONDS = 10
"""How long idle processes stay, for a second sample; with joblib's default of 300 they would use memory in training."""


class Simulator(Protocol):
    """What a simulator is: a module with these names.

    Attributes:
        NAME: of the simulated objects, for the cache and for messages.
        VERSION: raised when the images change, so that earlier caches are not used.
        CLASS_NAMES: by label.
        CHANNELS: of an image.
    """

    @property
    def NAME(self) -> str: ...  # noqa: N802, D102
    @property
    def VERSION(self) -> int: ...  # noqa: N802, D102
    @property
    def CLASS_NAMES(self) -> tuple[str, ...]: ...  # noqa: N802, D102
    @property
    def CHANNELS(self) -> int: ...  # noqa: N802, D102

    def draw_parameters(self, generator: np.random.Generator, label: int, /) -> Any:
        """All parameters of one image of the class, except its size."""

    def render(self, parameters: Any, size: int, /) -> NDArray[np.uint8]:
        """The image, (size, size, channels).

        Raises:
            CallerError: a package that the simulator needs is not installed.
        """


@dataclass(frozen=True)
class SimulatedImages:
    """A sample of a simulator.

    Attributes:
        pictures: (images, size, size, channels) uint8 on disk.
        labels: (images,) int64.
        class_names: by label.
        digest: SHA-256 of the file of the images.
    """

    pictures: RowsOnDisk
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    digest: str


def load(simulator: Simulator, number: int, seed: int, size: int) -> SimulatedImages:
    """Simulate images on all cores with a progress bar, or take them from the cache.

    Args:
        simulator: the module that draws them.
        number: of images.
        seed: of the sample, not negative.
        size: pixels per side, within SIZES.

    Raises:
        CallerError: the number, the seed or the size is out of range, a package is missing, or the cache cannot be
            written.
    """
    array = CachedArray("simulated", f"{simulator.NAME}-v{simulator.VERSION}-{number}-s{seed}-{size}", has_notes=True)

    def fill(rows: RowWriter) -> dict[str, Any]:
        first = 0
        what = f"simulating {number} {simulator.NAME}, once"
        with progress(number, what, "image") as bar, closing(draw(simulator, number, seed, size)) as chunks:
            for chunk in chunks:
                rows.write(first, chunk)
                first += len(chunk)
                bar.update(len(chunk))
        labels = balanced_labels(number, len(simulator.CLASS_NAMES), seed)
        return {"labels": labels.tolist(), "digest": rows.digest()}

    if not array.complete:
        _check(number, seed, size)
    array.compute_once((number, size, size, simulator.CHANNELS), "uint8", fill)
    notes = array.notes()
    labels = np.array(notes["labels"], dtype=np.int64)
    return SimulatedImages(array.rows(), labels, simulator.CLASS_NAMES, notes["digest"])


def draw(
    simulator: Simulator, number: int, seed: int, size: int, *, workers: int | None = None
) -> Generator[NDArray[np.uint8], None, None]:
    """Draw images of all classes in equal shares; image i is drawn from `SeedSequence((seed, i))`.

    Args:
        simulator: see `load`, also for the number, the seed and the size.
        number: of images.
        seed: of the sample.
        size: pixels per side.
        workers: number of processes; defaults to one per core. The images do not depend on it.

    Yields:
        The images in order, (CHUNK or fewer, size, size, channels). Closing the generator stops the drawing.

    Raises:
        CallerError: see `load`.
    """
    _check(number, seed, size)
    labels = balanced_labels(number, len(simulator.CLASS_NAMES), seed)
    tasks = [(first, labels[first : first + CHUNK].tolist()) for first in range(0, number, CHUNK)]
    if workers is None:
        workers = cores() if len(tasks) >= 4 else 1
    if workers == 1:
        yield from (_chunk(simulator, seed, size, *task) for task in tasks)
        return
    from joblib import Parallel, delayed

    _chunk(simulator, seed, size, 0, labels[:1].tolist())  # a missing package is reported before processes start
    pool = Parallel(
        n_jobs=workers,
        return_as="generator",
        batch_size=1,
        idle_worker_timeout=IDLE_SECONDS,
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),  # Ctrl-C is handled by the caller, which stops them
    )
    chunks = pool(delayed(_chunk)(simulator, seed, size, *task) for task in tasks)
    try:
        # `yield from` would close them outside of the filter below.
        for chunk in chunks:  # noqa: UP028
            yield chunk
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*tasks", UserWarning)  # joblib's warning about unfinished tasks
            chunks.close()


def balanced_labels(number: int, classes: int, seed: int) -> NDArray[np.int64]:
    """Shuffled class numbers in equal shares (which differ by one if they do not divide), (number,) int64."""
    # No image has the index `number`, so this stream is no image's.
    return np.random.default_rng((seed, number)).permutation(np.arange(number, dtype=np.int64) % classes)


def _chunk(simulator: Simulator, seed: int, size: int, first: int, labels: list[int]) -> NDArray[np.uint8]:
    images = []
    for index, label in enumerate(labels, start=first):
        generator = np.random.default_rng((seed, index))
        images.append(simulator.render(simulator.draw_parameters(generator, label), size))
    return np.stack(images)


def _check(number: int, seed: int, size: int) -> None:
    if number < 1:
        raise CallerError(f"{number} images cannot be simulated", "the number must be 1 or more")
    if seed < 0:
        raise CallerError(f"the seed {seed} is negative", "the seed must be 0 or more")
    if not SIZES[0] <= size <= SIZES[1]:
        raise CallerError(
            f"images of {size} × {size} pixels cannot be simulated", f"the size must be from {SIZES[0]} to {SIZES[1]}"
        )
