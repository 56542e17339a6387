"""An archive gives regular files inside its folder, or nothing at all."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from utils.base.errors import CallerError
from utils.datasets.archives import Limits, unpack

Make = Callable[[Path], None]


def zipped(**members: bytes) -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return make


def zipped_name(name: str) -> Make:
    return lambda path: zipped(**{name: b"x"})(path)


def zipped_mode(mode: int) -> Make:
    def make(path: Path) -> None:
        member = zipfile.ZipInfo("member")
        member.external_attr = mode << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "/etc/passwd")

    return make


def tarred(*members: tarfile.TarInfo, mode: str = "w:gz") -> Make:
    def make(path: Path) -> None:
        with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
            for member in members:
                archive.addfile(member, io.BytesIO(b"x" * member.size))

    return make


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.size = kind, link, size
    return found


def zeros(path: Path) -> None:
    """Ten gigabytes of zeros in ten megabytes, made without writing the ten gigabytes."""
    with gzip.open(path.with_suffix(".tar"), "wb", compresslevel=1) as file:
        head = member("zeros", size=10_000_000_000)
        file.write(head.tobuf())
        block = bytes(1 << 22)
        for _ in range(60):  # the start of it is enough to be refused
            file.write(block)
    path.with_suffix(".tar").rename(path)


def truncated(make: Make, keep: float) -> Make:
    def cut(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * keep)])

    return cut


def deep_links(path: Path) -> None:
    """The trick of CVE-2025-4517: links whose resolved path grows past PATH_MAX, then one that leads out."""
    long = "d" * 240
    members = []
    place = ""
    for letter in "abcdefghijklmnop":
        members.append(member(f"{place}{long}", tarfile.DIRTYPE))
        members.append(member(f"{place}{letter}", tarfile.SYMTYPE, long))
        place += f"{letter}/"
    members.append(member(f"{place}escape", tarfile.SYMTYPE, "../" * 16 + "etc"))
    members.append(member(f"{place}escape/passwd", size=1))
    tarred(*members)(path)


def page(path: Path) -> None:
    path.write_bytes(b"<html>not found</html>")


REFUSED: dict[str, tuple[Make, str]] = {
    "zip ../": (zipped_name("../out"), "leads out"),
    "zip a/../../": (zipped_name("a/../../out"), "leads out"),
    "zip absolute": (zipped_name("/tmp/out"), "leads out"),
    "zip backslash": (zipped_name("..\\out"), "leads out"),
    "zip drive": (zipped_name("C:/out"), "leads out"),
    "zip long part": (zipped_name("x" * 300), "leads out"),
    "zip long name": (zipped_name("/".join(["x" * 100] * 20)), "leads out"),
    "zip symlink": (zipped_mode(stat.S_IFLNK | 0o777), "link or a device"),
    "zip device": (zipped_mode(stat.S_IFBLK | 0o666), "link or a device"),
    "zip twice": (zipped(a=b"1", A=b"2"), "twice"),
    "zip cut off": (truncated(zipped(a=os.urandom(5000)), 0.5), "neither a zip, a tar nor a gzip"),
    "tar ../": (tarred(member("../out", size=1)), "leads out"),
    "tar absolute": (tarred(member("/tmp/out", size=1)), "leads out"),
    "tar symlink": (tarred(member("link", tarfile.SYMTYPE, "/etc/passwd")), "is a link"),
    "tar hard link": (tarred(member("link", tarfile.LNKTYPE, "/etc/passwd")), "is a link"),
    "tar device": (tarred(member("null", tarfile.CHRTYPE)), "is a link, a device"),
    "tar fifo": (tarred(member("pipe", tarfile.FIFOTYPE)), "is a link, a device"),
    "tar PATH_MAX": (deep_links, "is a link"),
    "tar cut off": (truncated(tarred(member("a", size=50_000), mode="w"), 0.5), "damaged or cut off"),
    "tar.gz cut off": (truncated(tarred(member("a", size=50_000)), 0.7), "damaged or cut off"),
    "zeros": (zeros, "unpacks to far more"),
    "text": (page, "neither a zip, a tar nor a gzip"),
    "empty": (lambda path: path.touch(), "neither a zip, a tar nor a gzip"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_and_nothing_left(case: str, tmp_path: Path) -> None:
    make, reason = REFUSED[case]
    archive = tmp_path / "in" / "archive"
    archive.parent.mkdir()
    make(archive)
    with pytest.raises(CallerError, match=reason):
        unpack(archive, tmp_path / "out" / "deep")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["archive"]
    assert not (tmp_path / "out" / "deep").exists()


def test_limits(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    zipped(a=bytes(1000), b=bytes(1000))(archive)
    for limits, reason in ((Limits(files=1), "more than 1 files"), (Limits(bytes=1500), "unpacks to far more")):
        with pytest.raises(CallerError, match=reason):
            unpack(archive, tmp_path / "out", limits)
        assert [path.name for path in tmp_path.iterdir()] == ["archive"]
    assert len(unpack(archive, tmp_path / "out", Limits(files=2, bytes=2000))) == 2
    with pytest.raises(CallerError, match="something stands there"):
        unpack(archive, tmp_path / "out")


names = st.text("abc_é ", min_size=1, max_size=8).filter(lambda name: name.strip(" ") == name)
trees = st.dictionaries(st.lists(names, min_size=1, max_size=3).map("/".join), st.binary(max_size=200), max_size=6)


@given(tree=trees, kind=st.sampled_from(["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_packed_is_unpacked(
    tree: dict[str, bytes], kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # No name may be both a file and a folder, and names differ by more than case.
    folders = {"/".join(name.split("/")[:n]) for name in tree for n in range(1, name.count("/") + 1)}
    tree = {name: content for name, content in tree.items() if name not in folders}
    place = tmp_path_factory.mktemp("packed")
    if kind == "zip":
        zipped(**tree)(place / "archive")
    else:
        with tarfile.open(place / "archive", f"w:{kind.partition('.')[2]}") as archive:  # type: ignore[call-overload]
            for name, content in tree.items():
                head = member(name, size=len(content))
                archive.addfile(head, io.BytesIO(content))
    if not tree and kind == "zip":
        assert unpack(place / "archive", place / "out") == []
        return
    found = {
        path.relative_to(place / "out").as_posix(): path.read_bytes()
        for path in unpack(place / "archive", place / "out")
    }
    assert found == tree


def test_a_single_gzip_file(tmp_path: Path) -> None:
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress(b"abc" * 1000))
    (found,) = unpack(packed, tmp_path / "out")
    assert (found.name, found.read_bytes()) == ("a.txt", b"abc" * 1000)
    for content, reason in (
        (packed.read_bytes()[:20], "damaged or cut off"),
        (gzip.compress(b"a" * 30_000_000), "far more"),
    ):
        packed.write_bytes(content)
        with pytest.raises(CallerError, match=reason):
            unpack(packed, tmp_path / "other")
    assert not (tmp_path / "other").exists()
