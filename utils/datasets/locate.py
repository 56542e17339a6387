"""Locate the files of a data set on this machine: embedded, in a package, in the cache, in a mirror folder.

`LABS_DATA_HOME` moves the cache, `LABS_MIRROR` names a mirror (a folder or a base URL, laid out
`<data set>/<file name>`).
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from utils.base import atomic_files
from utils.base.console import say
from utils.base.errors import CallerError, CheckError, UnobtainableError, with_extra
from utils.base.paths import expanded
from utils.datasets.cache import cache_folder
from utils.datasets.catalog import UNVERIFIED, Entry, File, data_folder

RECORDED = "digests.json"
"""File in the cache of a data set: the digests of unverified files at their first fetch."""


class Found(NamedTuple):
    """A local file that matches the catalogue."""

    paths: list[Path]
    digest: str
    where: str


def mirror() -> str:
    """The mirror in `LABS_MIRROR`: a folder, a base URL, or empty."""
    place = os.environ.get("LABS_MIRROR", "")
    if not place:
        return ""
    if is_url(place):
        try:
            if urlsplit(place).hostname and urlsplit(place).port != 0:
                return place
        except ValueError:
            pass
        raise CallerError(f"LABS_MIRROR={place}: this is not a URL", "give http://host/path or a folder, or unset it")
    place = expanded(place, "LABS_MIRROR")
    if not Path(place).is_dir():
        raise CallerError(f"LABS_MIRROR={place}: no such folder", "correct it, or unset it")
    return place


def is_url(place: str) -> bool:
    """Whether a mirror is a base URL rather than a folder."""
    return place.startswith(("http://", "https://"))


def here(entry: Entry) -> list[Found | None]:
    """Each file of the data set, if it is embedded, in its package, in the cache or in a mirror folder; else None.

    Raises:
        CallerError: its package is not installed.
        CheckError: an embedded or packaged file does not match the catalogue.
    """
    if entry.origin == "embedded":
        return [_held(data_folder(), file, "embedded", "restore it: git checkout data") for file in entry.files]
    if entry.origin == "package":
        hint = with_extra(str(entry.extra))
        where = f"in the package {entry.package}"
        return [_held(_site_packages(entry, hint), file, where, hint) for file in entry.files]
    return [cached(entry, file) or _mirrored(entry, file) for file in entry.files]


TO_FETCH = "to fetch"


def lacks_package(entry: Entry) -> bool:
    """Whether the data set is in a package that is not installed."""
    return entry.origin == "package" and importlib.util.find_spec(entry.package) is None


def state(entry: Entry) -> str:
    """Where the data set is, or what it needs, in words; no file is read."""
    if entry.origin == "folder":
        return "your folder: --data-dir"
    if lacks_package(entry):
        return f"needs the extra {entry.extra}"
    if entry.origin != "files":
        return entry.origin
    places = [_lies(entry, file) for file in entry.files]
    return TO_FETCH if "" in places else " and ".join(dict.fromkeys(places))


def _lies(entry: Entry, file: File) -> str:
    """Where a file, or an alternative of it, is, without reading it; empty if it is not on this machine."""
    folders = [("cache", cache_folder() / entry.name), *(("mirror", folder) for folder in mirror_folders(entry))]
    choices = (file, *file.alternatives)
    return next((where for where, folder in folders for choice in choices if (folder / choice.name).is_file()), "")


def mirror_folders(entry: Entry) -> list[Path]:
    """The folders of a mirror on this machine that may have files of the data set."""
    if not mirror() or is_url(mirror()):
        return []
    return [Path(mirror()) / name for name in entry.mirror_folders]


def damaged(entry: Entry) -> list[Path]:
    """Files of the data set in the cache or a mirror folder that do not match the catalogue."""
    folders = [cache_folder() / entry.name, *mirror_folders(entry)]
    recorded = recorded_digests(entry)
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
    """A file of this project or of a package; if it does not match, the installation is damaged."""
    found = look(file, folder / file.name, where)
    if found is None:
        raise CheckError(f"{folder / file.name} is missing or is not the file that the catalogue names", hint)
    return found


def look(file: File, path: Path, where: str, recorded: Mapping[str, str] | None = None) -> Found | None:
    """The file at `path` if it is there with the right size and digest.

    Args:
        file: the catalogue's entry; its digest may be unverified.
        path: its path, or a pattern with `*`.
        where: the source in words.
        recorded: digests of unverified files at their first fetch.
    """
    paths = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
    if not all(each.is_file() for each in paths) or not paths:
        return None
    if file.bytes not in (None, sum(each.stat().st_size for each in paths)):
        return None
    digests = {each.name: atomic_files.sha256(each) for each in paths}
    actual = digests[path.name] if len(paths) == 1 and "*" not in path.name else atomic_files.digest_of_all(digests)
    expected = (recorded or {}).get(file.name, file.digest)
    if expected.startswith("md5:") and atomic_files.digest(path, "md5") != expected:
        return None
    if expected.startswith("sha256:") and actual != expected:
        return None
    return Found(paths, actual, where)


def recorded_digests(entry: Entry) -> dict[str, str]:
    """Digests of the unverified files of the data set at their first fetch, by name."""
    path = cache_folder() / entry.name / RECORDED
    if not path.is_file():
        return {}
    digests: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return digests


def cached(entry: Entry, file: File) -> Found | None:
    """The file, or an alternative of it, if it is in the cache and matches the catalogue."""
    recorded = recorded_digests(entry)
    for choice in (file, *file.alternatives):
        path = cache_folder() / entry.name / choice.name
        if choice.digest == UNVERIFIED and choice.name not in recorded:
            continue  # an interrupted fetch: its digest was not recorded
        found = look(choice, path, "cache", recorded)
        if found is not None:
            return found
    return None


def _mirrored(entry: Entry, file: File) -> Found | None:
    for path, choice in (
        (folder / choice.name, choice) for folder in mirror_folders(entry) for choice in (file, *file.alternatives)
    ):
        found = look(choice, path, "mirror", recorded_digests(entry))
        if found is not None:
            return found
        if path.is_file():
            say(f"note: {path} is not the file that the catalogue names, and is not used")
    return None
