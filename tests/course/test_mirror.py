"""The mirror of a classroom: the labs fetch through it, and nothing but the catalogue's files is served."""

from __future__ import annotations

import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from labs.course import mirror
from tests.conftest import ROOT, Command
from utils.datasets import cache, catalog, obtain
from utils.datasets.catalog import Entry, File, catalogue

CONTENT = bytes(range(256)) * 40
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
ENTRY = Entry(
    *("tides", "Tides", "regression", "files", ("regression",), "CC0", "–", "https://example.org", "–", None),
    files=(
        File("a b.bin", len(CONTENT), DIGEST),
        File("gone.bin", 1, DIGEST, alternatives=(File("other.bin", len(CONTENT), DIGEST),)),
    ),
)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server on a mirror folder of one data set, beside a file that is not in the catalogue."""
    monkeypatch.setattr(mirror, "catalogue", lambda: catalogue() | {"tides": ENTRY})
    monkeypatch.setenv("LABS_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "mirror" / "tides"
    folder.mkdir(parents=True)
    for name in ("a b.bin", "other.bin"):
        (folder / name).write_bytes(CONTENT)
    (folder / "notes.txt").write_text("private")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "mirror" / "secret.txt").write_text("secret")
    with mirror.server("127.0.0.1", 0, mirror.served()) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running.server_address[1]
        running.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": "x", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body, dict(response.getheaders())


def test_files_of_the_catalogue_are_served(served: int) -> None:
    status, body, headers = ask(served, "/tides/a%20b.bin")
    assert (status, body, headers["Content-Length"]) == (200, CONTENT, str(len(CONTENT)))
    assert ask(served, "/tides/other.bin")[1] == CONTENT
    status, body, headers = ask(served, "/tides/other.bin", "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(CONTENT)))
    assert ask(served, "/")[1] == b"/tides/a%20b.bin\n/tides/other.bin\n"


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=100-", 206, CONTENT[100:]),
        ("bytes=0-0", 206, CONTENT[:1]),
        ("bytes=5-9", 206, CONTENT[5:10]),
        ("bytes=0-99999999", 200, CONTENT),
        (f"bytes={len(CONTENT)}-", 416, b""),
        ("bytes=9-5", 416, b""),
        ("bytes=-5", 200, CONTENT),
        ("bytes=0-1,3-4", 200, CONTENT),
        ("lines=1-2", 200, CONTENT),
        ("bytes=" + "9" * 400 + "-", 200, CONTENT),
    ],
)
def test_ranges_resume_a_download(served: int, asked: str, status: int, part: bytes) -> None:
    found = ask(served, "/tides/other.bin", Range=asked)
    assert found[:2] == (status, part)
    if status == 206:
        start = CONTENT.index(part) if len(part) > 5 else int(asked[6])
        assert found[2]["Content-Range"] == f"bytes {start}-{start + len(part) - 1}/{len(CONTENT)}"


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/tides/notes.txt",
        "/tides/../secret.txt",
        "/tides/../../secret.txt",
        "/tides/%2e%2e/%2e%2e/secret.txt",
        "/tides/..%2f..%2fsecret.txt",
        "/../mirror/tides/other.bin",
        "/tides/other.bin/",
        "/tides/",
        "/tides//other.bin",
        "/tides/other.bin%00.txt",
        "/etc/passwd",
        "/mnist/train-images-idx3-ubyte.gz",
        "/tides/\\..\\..\\secret.txt",
    ],
)
def test_nothing_else_is_served(served: int, path: str) -> None:
    status, body, _ = ask(served, path)
    assert status == 404
    assert b"secret" not in body.replace(b"secret.txt", b"")


def test_it_is_read_only(served: int, tmp_path: Path) -> None:
    for method in ("PUT", "DELETE", "POST", "PATCH", "OPTIONS"):
        assert ask(served, "/tides/other.bin", method)[0] == 501
    assert (tmp_path / "mirror" / "tides" / "other.bin").read_bytes() == CONTENT


def test_the_labs_fetch_through_it(served: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "catalogue", lambda: {"tides": ENTRY})
    monkeypatch.setenv("LABS_MIRROR", f"http://127.0.0.1:{served}")
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "student"))
    monkeypatch.delenv("LABS_OFFLINE", raising=False)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    partial = tmp_path / "student" / "tides" / "a b.bin.part"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(CONTENT[:1000])  # an interrupted download
    found = obtain.fetch(ENTRY)
    assert [path.read_bytes() for path in found.paths] == [CONTENT, CONTENT]
    assert cache.cache_folder() == tmp_path / "student"


def test_the_command_prints_the_line_that_students_set(tmp_path: Path) -> None:
    (entry,) = (each for each in catalogue().values() if each.name == "mnist")
    folder = tmp_path / "mirror" / "mnist"
    folder.mkdir(parents=True)
    (folder / entry.files[0].name).write_bytes(b"x")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LABS_MIRROR": str(tmp_path / "mirror")}
    process = subprocess.Popen(
        [sys.executable, "-m", "labs", "data", "serve-mirror", "--port", "0", "--host", "127.0.0.1"],
        env=environment | {"LABS_DATA_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background hands its children a SIGINT that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line.startswith("export LABS_MIRROR=http://127.0.0.1:")
    assert ask(int(line.rpartition(":")[2]), f"/mnist/{entry.files[0].name}")[1] == b"x"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "serving 1 files" in said
    assert "stopped" in said


def test_callers_mistakes(command: Command, tmp_path: Path) -> None:
    empty = {"LABS_MIRROR": str(tmp_path), "LABS_DATA_HOME": str(tmp_path)}
    refused = command("labs", "data", "serve-mirror", **empty)
    assert (refused.status, refused.err.splitlines()[0]) == (
        2,
        "error: no data set is in the cache or in a mirror folder",
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "mnist").mkdir()
        (tmp_path / "mnist" / catalogue()["mnist"].files[0].name).touch()
        refused = command("labs", "data", "serve-mirror", "--host", "127.0.0.1", "--port", port, **empty)
    assert refused.status == 2
    assert refused.err.startswith(f"error: 127.0.0.1:{port} cannot be used")
    assert command("labs", "data", "serve-mirror", "--port", 99999, **empty).status == 2
