"""Unpacking archives that nobody vouches for: regular files only, inside their folder, within limits, or nothing.

Python's own `tarfile` filters and `extractall` have let files out of their folder more than once (CVE-2007-4559,
CVE-2025-4517: a path longer than PATH_MAX stops links from being resolved). Here no link is ever made, every name is
checked by its parts alone, and what was written goes when anything is refused.
"""

from __future__ import annotations

import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from utils.base.errors import CallerError

Content = IO[bytes] | gzip.GzipFile
Members = Iterator[tuple[str, Callable[[], Content]]]

CHUNK = 1 << 20
LONGEST_PART, LONGEST_NAME = 255, 1024
"""Bytes of one part of a name, and of the whole: what common file systems take."""


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to.

    Attributes:
        bytes: of all files together.
        files: how many.
        ratio: unpacked to packed; the densest that DEFLATE gives to anything but zeros is far below.
        grace: bytes that any archive may unpack to, whatever the ratio: small files of zeros are harmless.
    """

    bytes: int = 8_000_000_000
    files: int = 200_000
    ratio: float = 200.0
    grace: int = 10_000_000


class _Budget:
    """Counts what is unpacked, and refuses at the limit rather than after it."""

    def __init__(self, archive: Path, limits: Limits) -> None:
        self._archive = archive
        self._limits = limits
        self._bytes = min(limits.bytes, max(limits.grace, int(limits.ratio * archive.stat().st_size)))
        self._files = limits.files

    def file(self) -> None:
        self._files -= 1
        if self._files < 0:
            raise _refused(self._archive, f"it holds more than {self._limits.files} files")

    def copy(self, source: Content, target: IO[bytes]) -> None:
        while block := source.read(CHUNK):
            self._bytes -= len(block)
            if self._bytes < 0:
                raise _refused(self._archive, "it unpacks to far more than its size allows")
            target.write(block)


def _refused(archive: Path, reason: str) -> CallerError:
    return CallerError(f"{archive}: not unpacked: {reason}", "take it from its publisher, and check its digest")


def unpack(archive: Path, folder: Path, limits: Limits = Limits()) -> list[Path]:
    """Unpack a zip (npz is one), a tar (plain, gzip, bzip2, xz) or a single gzip file into a folder made for it.

    Args:
        archive: the file; its content says what it is, not its name.
        folder: made whole, or not at all.
        limits: on bytes, files and compression ratio.

    Returns:
        The files, sorted.

    Raises:
        CallerError: it is no archive, is damaged, is encrypted, passes a limit, or holds a link, a device, a name
            twice or a name that leads out of the folder. Nothing is left behind.
    """
    if folder.exists():
        raise CallerError(f"{folder}: something stands there", "give the name of a folder to make")
    with _damage_told(archive), replacing_folder(folder) as temporary:
        budget = _Budget(archive, limits)
        seen: set[str] = set()
        for name, open_member in _members(archive):
            path = _inside(temporary, archive, name)
            if str(path).casefold() in seen:
                raise _refused(archive, f"{name!r} stands in it twice")
            seen.add(str(path).casefold())
            budget.file()
            path.parent.mkdir(parents=True, exist_ok=True)
            with open_member() as source, path.open("xb") as target:
                budget.copy(source, target)
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`, renamed to it when the block ends well and removed when it does not."""
    temporary = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _damage_told(archive: Path) -> Iterator[None]:
    damaged = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile)
    try:
        yield
    except damaged as error:
        raise _refused(archive, f"it is damaged or cut off ({error})") from error
    except (ValueError, RuntimeError, NotImplementedError, UnicodeError) as error:  # encrypted, unknown method, names
        raise _refused(archive, str(error)) from error
    except OSError as error:
        if error.errno is None:  # bz2 and gzip report bad data so
            raise _refused(archive, f"it is damaged ({error})") from error
        raise


def _inside(folder: Path, archive: Path, name: str) -> Path:
    """The path of a member below `folder`, by the parts of its name: nothing of the file system is asked."""
    parts = name.replace("\\", "/").split("/")
    bad = (
        not name
        or "\0" in name
        or any(part in ("", ".", "..") or ":" in part or len(part.encode()) > LONGEST_PART for part in parts)
        or len(name.encode()) > LONGEST_NAME
    )
    if bad:
        shown = name if len(name) < 80 else f"{name[:77]}…"
        raise _refused(archive, f"the name {shown!r} leads out of its folder, or cannot be a file's")
    return folder.joinpath(*parts)


def _members(archive: Path) -> Members:
    if zipfile.is_zipfile(archive):
        return _zip_members(archive)
    if tarfile.is_tarfile(archive):
        return _tar_members(archive)
    with archive.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return iter([(archive.name.removesuffix(".gz"), lambda: gzip.open(archive))])
    raise _refused(archive, "it is neither a zip, a tar nor a gzip file")


def _zip_members(archive: Path) -> Members:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            kind = member.external_attr >> 28  # the type bits of a Unix mode; zero from other systems
            if member.is_dir():
                continue
            if kind not in (0, 0o10):
                raise _refused(archive, f"{member.filename!r} is a link or a device")
            yield member.filename, lambda member=member: opened.open(member)  # type: ignore[misc]


def _tar_members(archive: Path) -> Members:
    with tarfile.open(archive, "r:*") as opened:
        for member in opened:
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise _refused(archive, f"{member.name!r} is a link, a device or a sparse file")
            yield member.name.removeprefix("./"), lambda member=member: _tar_file(opened, member)  # type: ignore[misc]


def _tar_file(opened: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = opened.extractfile(member)
    assert file is not None, "a regular file can be read"
    return file
