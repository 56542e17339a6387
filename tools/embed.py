"""Make the embedded data sets of `data/` from a mirror; the catalogue has the digests of the results.

    LABS_MIRROR=FOLDER python -m tools.embed [NAME…]

The mirror has the radiographs at 224 × 224 in `chest_xray_224/<split>/<class>/`, and the other files as their
publishers distribute them. With the same versions of Pillow and zlib the results are the same, byte by byte.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tyro.conf import Positional

from labs.cli import options
from labs.cli.main import status_of
from utils.base.atomic_files import replacing, sha256
from utils.base.console import show
from utils.base.errors import CallerError, CheckError
from utils.base.machine import cores
from utils.datasets.catalog import data_folder, find
from utils.images.decode import read_picture

SIDE, QUALITY, EFFORT = 128, 80, 6
"""Height and width of a radiograph, and the quality and the method of its WebP."""
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The date of every member of an archive: the earliest that the format knows."""

Maker = Callable[[Path, Path], object]
"""Writes the only file of a data set, from the mirror and the path of the file."""


def radiographs(mirror: Path) -> Iterator[tuple[str, Path]]:
    """The name in the archive and the original of each radiograph, sorted by name.

    Names are kept except for the extension: they identify the child and the cause of the pneumonia.
    """
    folder = mirror / "chest_xray_224"
    for path in sorted(folder.rglob("*.jpeg")):
        yield path.relative_to(folder).with_suffix(".webp").as_posix(), path


def webp(path: Path) -> bytes:
    """A radiograph in WebP, decoded and resized as by the lab.

    Raises:
        CheckError: it cannot be decoded.
    """
    pixels = read_picture(path, (SIDE, SIDE), "grey")
    if isinstance(pixels, str):
        raise CheckError(f"{path}: {pixels}", "the mirror is damaged")
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(buffer, "WEBP", quality=QUALITY, method=EFFORT)
    return buffer.getvalue()


def archive(mirror: Path, target: Path) -> None:
    """All radiographs in one zip archive. They are stored, because WebP cannot be compressed further."""
    names, paths = zip(*radiographs(mirror), strict=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as opened, ThreadPoolExecutor(cores()) as pool:
        for name, content in zip(names, pool.map(webp, paths), strict=True):
            opened.writestr(zipfile.ZipInfo(name, FIRST_DAY), content)


def copy(name: str) -> Maker:
    """A copy of this file of the mirror."""
    return lambda mirror, target: target.write_bytes((mirror / name).read_bytes())


def compressed(name: str) -> Maker:
    """This file of the mirror, compressed with gzip, without a date."""
    return lambda mirror, target: target.write_bytes(gzip.compress((mirror / name).read_bytes(), 9, mtime=0))


MADE: dict[str, Maker] = {
    "chest-xray-128": archive,
    "pneumoniamnist": copy("pneumoniamnist/pneumoniamnist-reassembled.npz"),
    "bike-sharing": compressed("bike-sharing/hour.csv"),
    "car-evaluation": copy("car-evaluation/car.data"),
    "admissions": copy("admissions/student_data.csv"),
    "irish": copy("irish/irish.abc"),
    "shakespeare": copy("text/tinyshakespeare_input.txt"),
    "wordsim-353": copy("word-vectors/wordsim353.tsv"),
    "analogies": compressed("word-vectors/questions-words.txt"),
}
"""By data set."""


@dataclass(frozen=True)
class Embed:
    """Make the embedded data sets from the folder that LABS_MIRROR names."""

    names: Positional[tuple[str, ...]] = ()
    """Names of the data sets; defaults to all."""

    def execute(self) -> int:
        """Write the files, and print their sizes and digests; status 1 if the catalogue has others.

        Raises:
            CallerError: LABS_MIRROR names no folder, or a name is unknown.
        """
        mirror = Path(os.environ.get("LABS_MIRROR", ""))
        if not (mirror / "chest_xray_224").is_dir():
            raise CallerError(f"LABS_MIRROR={mirror}: no folder with chest_xray_224", "set it to a mirror")
        if unknown := set(self.names) - set(MADE):
            raise CallerError(f"{min(unknown)}: no such embedded data set", f"choose from: {', '.join(MADE)}")
        different = []
        for name in self.names or MADE:
            (file,) = find(name).files
            target = data_folder() / file.name
            with replacing(target) as temporary:
                MADE[name](mirror, temporary)
            size, digest = target.stat().st_size, sha256(target)
            show(f'{name}: name = "{file.name}", bytes = {size}, digest = "{digest}"')
            if (size, digest) != (file.bytes, file.digest):
                different.append(name)
        if different:
            raise CheckError(f"the catalogue has other digests of {', '.join(different)}", "correct data/catalog.toml")
        return 0


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Embed, sys.argv[1:], "python -m tools.embed")))
