"""Images in a zip archive of the catalogue, by class or by split and class, as in a folder of images.

Nothing is extracted: members are read by name. They are stored, not compressed, so a member is never larger than the
archive, whose size the catalogue has checked.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CheckError
from utils.images.decode import Mode
from utils.images.image_folders import Folder, Images, decoded


@dataclass(frozen=True, kw_only=True)
class Archive(Folder):
    """The contents of an archive of images.

    Attributes:
        members: the open archive.
    """

    members: zipfile.ZipFile

    def content(self, name: str) -> bytes:
        """The file of an image.

        Raises:
            CheckError: the member is compressed, or is not as large as the index of the archive says.
        """
        member = self.members.getinfo(name)
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise CheckError(f"{self.root}: {name} is compressed or has another size", "use the file of the catalogue")
        return self.members.read(member)

    def read(self, name: str, size: tuple[int, int], mode: Mode, centre: float, remarks: list[str]) -> NDArray[Any]:
        """An image, (height, width, channels) uint8. The archive was checked, so it is what its publisher made."""
        from PIL import Image

        del centre, remarks  # `load` reads whole images, and nothing is odd about them
        with Image.open(io.BytesIO(self.content(name))) as image:
            small = image.convert("L" if mode == "grey" else "RGB").resize(size[::-1], Image.Resampling.BILINEAR)
            return np.asarray(small).reshape(*size, -1)

    def digests(self) -> list[str]:
        """SHA-256 of the file of each image."""
        return [hashlib.sha256(self.content(name)).hexdigest() for name in self.names]


def load(path: Path, size: tuple[int, int], mode: Mode) -> Images:
    """The images of an archive, decoded once; see `utils.images.image_folders.decoded`.

    Args:
        path: an archive whose digest has been checked.
        size: (height, width).
        mode: `grey` or `rgb`.

    Raises:
        CallerError: the cache cannot be written.
        CheckError: a member is not as the index of the archive says.
    """
    with zipfile.ZipFile(path) as opened:
        return decoded(_listed(path, opened), size, mode)


def _listed(path: Path, opened: zipfile.ZipFile) -> Archive:
    names = tuple(sorted(opened.namelist()))
    parts = [PurePosixPath(name).parts for name in names]
    class_names = tuple(sorted({part[-2] for part in parts}))
    labels = np.array([class_names.index(part[-2]) for part in parts], dtype=np.int64)
    official = tuple(part[0] for part in parts) if len(parts[0]) == 3 else ()
    return Archive(path, class_names, names, labels, official, members=opened)
