"""Folders of images by class: each image is decoded once, into an array on disk.

The array is in the cache under a key of the folder's content, the size and the colour mode. Training reads rows from
it, so memory does not grow with the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.atomic_files import sha256, write_json
from utils.base.console import progress, say
from utils.base.disk_rows import RowsOnDisk
from utils.base.errors import CallerError
from utils.base.machine import cores
from utils.base.paths import printable
from utils.datasets.cache import CachedArray, RowWriter, cache_folder, locked
from utils.datasets.splits import Shares, Source, Splits, glue, split_classes
from utils.images.decode import CHANNELS, VERSION, Mode, read_picture
from utils.images.layout import read_layout


@dataclass(frozen=True)
class Folder:
    """The contents of a folder of images.

    Attributes:
        root: the folder.
        class_names: sorted.
        names: names of the image files, relative to the root, sorted.
        labels: class number of each.
        official: split of each (`train`, `validation`, `test`), if the folder has splits; else empty.
        left_out: files that are not images, with the reason.
    """

    root: Path
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    labels: NDArray[np.int64]
    official: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def read(
        self, name: str, size: tuple[int, int], mode: Mode, centre: float, remarks: list[str]
    ) -> NDArray[Any] | str:
        """An image, or the reason why it cannot be used; see `read_picture`."""
        return read_picture(self.root / name, size, mode, centre=centre, remarks=remarks)

    def digests(self) -> list[str]:
        """SHA-256 of the file of each image."""
        return _digests(self)


@dataclass(frozen=True)
class Images:
    """The decoded images of a folder.

    Attributes:
        root: the folder.
        pictures: (images, height, width, channels) uint8 on disk.
        names: names of their files, relative to the folder.
        labels: (images,) int64.
        official: split of each, or empty.
        digests: digest of each file.
        digest: digest of all names and files.
        skipped: files that are not usable images, with the reason.
    """

    root: Path
    pictures: RowsOnDisk
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    labels: NDArray[np.int64]
    official: tuple[str, ...]
    digests: tuple[str, ...]
    digest: str
    skipped: dict[str, str]


def scan(root: Path) -> Folder:
    """List the images of a folder; `utils.images.layout` says which folders are classes and splits.

    Raises:
        CallerError: no such folder, fewer than two classes, and see `read_layout`.
    """
    if not root.is_dir():
        raise CallerError(f"--data-dir {root}: no such folder", "give a folder with one folder per class")
    layout = read_layout(root)
    found = sorted((file.relative_to(root).as_posix(), name, split) for file, name, split in layout.files)
    class_names = tuple(sorted({name for _, name, _ in found}))
    if len(class_names) < 2:
        raise CallerError(
            f"--data-dir {root}: {len(class_names)} class{'' if len(class_names) == 1 else 'es'} of images",
            "give a folder with one folder of images for each of at least two classes",
        )
    labels = np.array([class_names.index(name) for _, name, _ in found], dtype=np.int64)
    official = tuple(split for _, _, split in found) if found[0][2] else ()
    left_out = {path.relative_to(root).as_posix(): reason for path, reason in layout.left_out.items()}
    return Folder(root, class_names, tuple(name for name, _, _ in found), labels, official, left_out)


def load(root: Path, size: tuple[int, int], mode: Mode, *, centre: float = 1.0) -> Images:
    """The images of a folder, decoded; see `scan` and `decoded`.

    Raises:
        CallerError: see both.
    """
    return decoded(scan(root), size, mode, centre=centre)


def decoded(folder: Folder, size: tuple[int, int], mode: Mode, *, centre: float = 1.0) -> Images:
    """The decoded images of a listed folder, from the cache, or decoded in parallel and added to it.

    Args:
        folder: the listed folder.
        size: (height, width) that each is resized to, without keeping the proportions, as in the courses.
        mode: `grey` or `rgb`.
        centre: fraction of height and width that is kept around the centre, before resizing.

    Raises:
        CallerError: no image of a class can be used, or the cache cannot be written.
    """
    digests = folder.digests()
    listing = "".join(f"{name}\0{digest}\n" for name, digest in zip(folder.names, digests, strict=True))
    digest = hashlib.sha256(os.fsencode(listing)).hexdigest()  # the bytes of the names, whatever their encoding
    key = f"{digest[:32]}-{size[0]}x{size[1]}-{mode}-{centre:g}-v{VERSION}"
    array = CachedArray("pictures", key, has_notes=True)
    shape = (len(folder.names), *size, CHANNELS[mode])
    array.compute_once(shape, "uint8", lambda rows: _decode_all(folder, rows, size, mode, centre))
    notes = array.notes()
    skipped: dict[str, str] = notes["skipped"]
    _report(folder, skipped, notes["remarks"])
    kept = np.array([name not in skipped for name in folder.names])
    return Images(
        folder.root,
        array.rows().take(np.flatnonzero(kept)),
        folder.class_names,
        tuple(np.array(folder.names)[kept]),
        folder.labels[kept],
        tuple(np.array(folder.official)[kept]) if folder.official else (),
        tuple(np.array(digests)[kept]),
        f"sha256:{digest}",
        skipped,
    )


def split(
    found: Images,
    shares: Shares,
    *,
    target: str = "class",
    groups: NDArray[Any] | None = None,
    official: Sequence[str] | None = None,
    centre: float = 1.0,
    source: Source | None = None,
) -> Splits:
    """Split the images of a folder: keep its splits, or hold out fractions, stratified by class.

    Args:
        found: the decoded images; equal files are in one split.
        shares: the lab's config.
        target: name of what is predicted.
        groups: (images,) labels; images with equal labels are in one split.
        official: split of each image; defaults to `found.official`.
        centre: see `decoded`.
        source: the data set; defaults to the user's folder.

    Raises:
        CallerError: there are too few images or groups.
    """
    equal = glue(np.array(found.digests))
    together = equal if groups is None else glue(equal, groups)
    rows = split_classes(shares, together, found.labels, found.official if official is None else official)
    source = source or Source(printable(found.root.resolve().name), "your folder", found.digest, simulated=False)
    parts = rows.take(found.pictures, found.labels, groups, np.array(list(map(printable, found.names))))
    return Splits(*parts, source, target=target, class_names=found.class_names, centre=centre)


def resized(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Images in memory at another size, bilinear: (n, height, width, channels) to (n, size, size, channels)."""
    from PIL import Image

    if images.shape[1:3] == (size, size):
        return images
    whole = (Image.fromarray(image.squeeze()) for image in images)
    small = [np.asarray(image.resize((size, size), Image.Resampling.BILINEAR)) for image in whole]
    return np.stack(small).reshape(len(images), size, size, -1)


def _report(folder: Folder, skipped: Mapping[str, str], remarks: Mapping[str, str]) -> None:
    unused = {**folder.left_out, **skipped}
    for name, reason in list(unused.items())[:5]:
        say(f"note: {name}: {reason}; skipped")
    if len(unused) > 5:
        say(f"note: {len(unused)} files are skipped in total")
    for name, remark in list(remarks.items())[:5]:
        say(f"note: {name}: {remark}")
    if len(remarks) > 5:
        say(f"note: {len(remarks)} of {len(folder.names)} images are constant or have lost grey levels")
    lost = set(folder.class_names) - {
        folder.class_names[label]
        for label, name in zip(folder.labels, folder.names, strict=True)
        if name not in skipped
    }
    if lost:
        raise CallerError(
            f"--data-dir {folder.root}: no image of {sorted(lost)[0]} can be used",
            "give images that an image viewer opens",
        )


def _digests(folder: Folder) -> list[str]:
    """SHA-256 of each file. Files whose size and time have not changed are not read again."""
    place = cache_folder() / "pictures" / "listings"
    known_path = place / f"{hashlib.sha256(os.fsencode(folder.root.resolve())).hexdigest()[:32]}.json"
    known: dict[str, list[Any]] = {}
    if known_path.is_file():
        known = json.loads(known_path.read_text(encoding="utf-8"))

    def look(name: str) -> list[Any]:
        path = folder.root / name
        about = path.stat()
        before = known.get(name, [0, 0, ""])
        same = before[:2] == [about.st_size, about.st_mtime_ns]
        return [about.st_size, about.st_mtime_ns, before[2] if same else sha256(path)]

    with ThreadPoolExecutor(cores()) as pool:
        found = dict(zip(folder.names, pool.map(look, folder.names), strict=True))
    if found != known:
        # Only saves time: in a read-only cache it is left out.
        with suppress(CallerError, OSError), locked(place):
            write_json(known_path, found)
    return [digest for _, _, digest in found.values()]


def _decode_all(folder: Folder, rows: RowWriter, size: tuple[int, int], mode: Mode, centre: float) -> dict[str, Any]:
    skipped: dict[str, str] = {}
    remarks: dict[str, str] = {}

    def decode(number: int) -> None:
        name = folder.names[number]
        found: list[str] = []
        image = folder.read(name, size, mode, centre, found)
        if isinstance(image, str):
            skipped[name] = image
        else:
            rows.write(number, image[None])
            remarks.update({name: found[0]} if found else {})

    total = len(folder.names)
    with progress(total, f"decoding {total} images, once", "image") as bar, ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(decode, range(total)):
            bar.update()
    return {
        "root": str(folder.root),
        "skipped": dict(sorted(skipped.items())),
        "remarks": dict(sorted(remarks.items())),
    }
