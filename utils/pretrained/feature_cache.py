"""Features that a frozen backbone computes from images, computed once: an array on disk with one row per image.

A training image may be cached in several views. View 0 is the image itself, in float32; the others are mirrored and
augmented, in float16, which does not affect training. Each is in the cache under a key of backbone, weights, output,
images, size and view.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.base.choices import Augmentation
from utils.base.console import progress
from utils.base.disk_rows import RowsOnDisk
from utils.datasets.cache import CachedArray, cache_folder, locked
from utils.datasets.splits import Split
from utils.images.augment import brighten, draw, matrices, warp
from utils.pretrained import backbones
from utils.pretrained.backbones import Weights
from utils.training.batches import StreamBatches

Array = NDArray[Any]

VERSION = 1
"""Raised when the features change, so that earlier caches are not used."""
BATCH = 32
"""Images per batch: on two cores, 16 and 64 were slower."""
SEED = 0
"""Seed of the views: the same for every run, so that runs with different seeds share the cache."""


class Pictures(Protocol):
    """Images, (rows, height, width, 1 or 3) uint8, with a key of their content: `RowsOnDisk`, `PicturesInMemory`."""

    shape: tuple[int, ...]

    @property
    def key(self) -> str:
        """Equal for the same images only."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice, /) -> Array: ...


class PicturesInMemory:
    """Images of an array, (rows, height, width, 1 or 3) uint8."""

    def __init__(self, pictures: NDArray[np.uint8]) -> None:
        self._pictures = pictures
        self.shape = pictures.shape

    @cached_property
    def key(self) -> str:
        """A digest of shape and pixels."""
        return hashlib.sha256(repr(self.shape).encode() + np.ascontiguousarray(self._pictures).tobytes()).hexdigest()

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: slice) -> Array:
        return self._pictures[index]


@lru_cache(maxsize=2)
def _loaded(weights: Weights, side: int) -> keras.Model:
    return backbones.load(weights, side)


@dataclass(frozen=True)
class Extractor:
    """A backbone that computes features, or reads them from the cache.

    Attributes:
        weights: weights of the backbone, which is only built if features have to be computed.
        side: side of its input images, in pixels; other images are resized.
        augmentation: augmentation of the views.
    """

    weights: Weights
    side: int
    augmentation: Augmentation

    @property
    def model(self) -> keras.Model:
        """The backbone, from pixels to logits; see `utils.pretrained.backbones.load`."""
        return _loaded(self.weights, self.side)

    def frozen(self, output: str) -> keras.Model:
        """The network from pixels to one output of the backbone."""
        return keras.Model(self.model.input, self._tensor(output))

    def _tensor(self, output: str) -> Any:
        return backbones.output(self.weights.backbone, self.model, output)

    def views(self, pictures: Pictures, output: str, number: int = 1) -> list[RowsOnDisk]:
        """An output of the backbone for a number of views of images.

        Args:
            pictures: (rows, height, width, 1 or 3) uint8.
            output: `features`, `levels`, `logits` or the name of a layer; see `utils.pretrained.backbones.output`.
            number: number of views; the first one has the images themselves.

        Returns:
            One array on disk per view, (rows, …): the first in float32, the others in float16.

        Raises:
            CallerError: the weights cannot be used, or the cache cannot be written.
        """
        self.prepare(pictures, [output], number)
        return [self._array(pictures, output, view).rows() for view in range(number)]

    def prepare(self, pictures: Pictures, outputs: Sequence[str], number: int = 1) -> None:
        """Compute the outputs of the same views that are not in the cache, in one pass.

        Args:
            pictures: see `views`, also for the exceptions.
            outputs: names of outputs of the backbone.
            number: number of views.
        """
        if self._missing(pictures, outputs, number):
            with locked(cache_folder() / "features"):
                self._compute(pictures, self._missing(pictures, outputs, number))  # another process may have computed

    def _missing(self, pictures: Pictures, outputs: Sequence[str], number: int) -> dict[int, dict[str, CachedArray]]:
        missing = {}
        for view in range(number):
            arrays = {output: self._array(pictures, output, view) for output in outputs}
            missing[view] = {output: array for output, array in arrays.items() if not array.complete}
        return {view: arrays for view, arrays in missing.items() if arrays}

    def _array(self, pictures: Pictures, output: str, view: int) -> CachedArray:
        return CachedArray("features", self._key(pictures, output, view))

    def _key(self, pictures: Pictures, output: str, view: int) -> str:
        about = {
            "version": VERSION,
            "backbone": self.weights.backbone.name,
            "weights": self.weights.digest,
            "output": output,
            "side": self.side,
            "pictures": pictures.key,
            "view": view,
            **({"seed": SEED, **_options(self.augmentation)} if view else {}),
        }
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]

    def _compute(self, pictures: Pictures, missing: Mapping[int, Mapping[str, CachedArray]]) -> None:
        # The caller holds the lock.
        if not missing:
            return
        outputs = sorted({output for arrays in missing.values() for output in arrays})
        network = keras.Model(self.model.input, {output: self._tensor(output) for output in outputs})
        spec = tf.TensorSpec((None, *pictures.shape[1:]), "uint8")
        run = tf.function(
            lambda pixels: network(_resized(pixels, self.side), training=False), autograph=False
        ).get_concrete_function(spec)
        times = f" × {len(missing)} views" if len(missing) > 1 else ""
        what = f"{self.weights.backbone.name}, {' and '.join(outputs)}: {len(pictures)} images{times}, once"
        with progress(len(missing) * len(pictures), what, "image") as bar:
            for view, arrays in missing.items():
                with ExitStack() as stack:
                    writers = {}
                    for name, array in arrays.items():
                        shape = (len(pictures), *network.output[name].shape[1:])
                        writers[name] = stack.enter_context(array.writing(shape, "<f2" if view else "<f4"))
                    for start, batch in self._batches(pictures, view):
                        values = run(tf.constant(batch))
                        for name, writer in writers.items():
                            writer.write(start, values[name].numpy())
                        bar.update(len(batch))

    def _batches(self, pictures: Pictures, view: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """First row and images of each batch; the next batch is prepared while the network runs."""
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._view, pictures, view, 0)
            for start in range(0, len(pictures), BATCH):
                batch = coming.result()
                if start + BATCH < len(pictures):
                    coming = ahead.submit(self._view, pictures, view, start + BATCH)
                yield start, batch

    def _view(self, pictures: Pictures, view: int, start: int) -> NDArray[np.uint8]:
        """A batch of images in one view: mirrored as the bits of its number say, otherwise augmented at random."""
        batch = pictures[start : start + BATCH]
        if view == 0:
            return batch
        options = self.augmentation
        drawn = draw(options, np.random.default_rng((SEED, view, start)), len(batch))
        mirrored = np.zeros((2, len(batch)), bool)
        allowed = [axis for axis, flips in enumerate((options.horizontal_flip, options.vertical_flip)) if flips]
        for bit, axis in enumerate(allowed):
            mirrored[axis] = bool(view >> bit & 1)
        drawn = drawn._replace(flip_x=mirrored[0], flip_y=mirrored[1])
        warped = warp(batch, matrices(drawn, *batch.shape[1:3]), options.fill_mode, options.cval)
        return warped if options.brightness_range is None else brighten(warped, drawn.brightness)


def _resized(pixels: Any, side: int) -> Any:
    """Images of three channels, resized, in integer levels; the size is unchanged if they have it."""
    if pixels.shape[3] == 1:
        pixels = tf.image.grayscale_to_rgb(pixels)
    if pixels.shape[1:3] == (side, side):
        return pixels
    return tf.cast(tf.round(tf.image.resize(pixels, (side, side), antialias=True)), "uint8")


def views_of(augmentation: Augmentation, wanted: int) -> int:
    """The number of distinct views, which is limited if only mirroring is allowed."""
    still = replace(augmentation, horizontal_flip=False, vertical_flip=False)
    return wanted if still.active else min(wanted, 2 ** (augmentation.horizontal_flip + augmentation.vertical_flip))


def _options(augmentation: Augmentation) -> dict[str, Any]:
    return {field.name: getattr(augmentation, field.name) for field in fields(Augmentation)}


class ViewBatches(StreamBatches):
    """Batches of cached features: an epoch has each image once, in a random view.

    Args:
        views: views of the same images, (rows, …) each.
        targets: (rows,).
        batch_size: rows per batch.
        seed: seed of shuffling and drawing the views, in every epoch again; None takes view 0 in the order of the rows.
    """

    def __init__(self, views: Sequence[RowsOnDisk], targets: Array, batch_size: int, seed: int | None = None) -> None:
        super().__init__(Split(views[0], targets), batch_size, seed)
        self._views = views

    def _take(self, rows: NDArray[np.intp], epoch: int, step: int) -> Array:
        if self._seed is None or len(self._views) == 1:
            return self._views[0][rows]
        sequence = np.random.SeedSequence(self._seed, spawn_key=(int(epoch), int(step)))
        drawn = np.random.default_rng(sequence).integers(0, len(self._views), len(rows))
        found = np.empty((len(rows), *self._views[0].shape[1:]), "float32")
        for number, view in enumerate(self._views):
            found[drawn == number] = view[rows[drawn == number]]
        return found
