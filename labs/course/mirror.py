"""`labs data serve-mirror`: give a classroom the data sets of this machine, read-only, over HTTP.

The students set `LABS_MIRROR` to the printed URL. Only files that the catalogue names are served, each found by its
whole path in a table, so no request reaches another file. There is no encryption and no password: every file is public
data, and the students' machines check each one against its digest.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlsplit

from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.datasets.cache import cache_folder
from utils.datasets.catalog import catalogue
from utils.datasets.locate import mirror_folders

SECONDS = 60
"""Time limit for a client that neither sends nor reads."""


@dataclass(frozen=True)
class ServeMirror:
    """Serve the data sets of the cache and of a mirror folder to a classroom, read-only, until Ctrl-C."""

    port: int = 8000
    """Port; 0 chooses a free one."""
    host: str = "0.0.0.0"
    """Address to listen on; 127.0.0.1 serves only this machine."""

    def execute(self) -> int:
        """Print the line that students set, and serve."""
        files = served()
        if not files:
            raise CallerError("no data set is in the cache or in a mirror folder", "labs data fetch NAME --to DIR")
        with server(self.host, self.port, files) as running:
            port = running.server_address[1]
            size = sum(path.stat().st_size for path in files.values())
            say(f"serving {len(files)} files, {size / 1e6:.0f} MB; stop with Ctrl-C. Students set:")
            show(f"export LABS_MIRROR=http://{_address(self.host)}:{port}")
            try:
                running.serve_forever()
            except KeyboardInterrupt:
                say("stopped")
        return 0


def served() -> dict[str, Path]:
    """The files that are served, by their path in a URL: `/<data set>/<file name>`."""
    found: dict[str, Path] = {}
    for entry in catalogue().values():
        if entry.origin != "files":
            continue
        folders = [*mirror_folders(entry), cache_folder() / entry.name]
        for file in entry.files:
            for choice in (file, *file.alternatives):
                for folder in folders:
                    path = folder / choice.name
                    if path.is_file():
                        found.setdefault(f"/{entry.name}/{choice.name}", path)
    return found


def server(host: str, port: int, files: dict[str, Path]) -> ThreadingHTTPServer:
    """A server of some files; `serve_forever` starts it.

    Args:
        host: address to listen on.
        port: 0 chooses a free one.
        files: by their path in a URL.

    Raises:
        CallerError: the address is in use or not of this machine.
    """
    try:
        return ThreadingHTTPServer((host, port), partial(Handler, files))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CallerError(f"{host}:{port} cannot be used ({reason})", "give another --port or --host") from None


def _address(host: str) -> str:
    """The address under which other machines reach this one."""
    if host not in ("0.0.0.0", "::", ""):
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; chooses the interface
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, with one range of bytes, so that an interrupted download is resumed."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "labs", ""
    timeout = SECONDS

    def __init__(self, files: dict[str, Path], *arguments: Any) -> None:
        self.files = files
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Send a file, or the list of files for `/`."""
        self._respond(shutil.copyfileobj)

    def do_HEAD(self) -> None:
        """Send the head of the same response."""
        self._respond(None)

    def _respond(self, copy: Callable[[Any, Any], None] | None) -> None:
        wanted = unquote(urlsplit(self.path).path)
        if wanted == "/":
            text = "".join(f"{quote(path)}\n" for path in sorted(self.files)).encode()
            self._head(HTTPStatus.OK, len(text), "text/plain; charset=utf-8")
            if copy:
                self.wfile.write(text)
            return
        if wanted not in self.files:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with self.files[wanted].open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start, end = self._range(size)
            if start >= size > 0 or start > end:
                self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, range_=f"bytes */{size}")
                return
            part = (start, end) != (0, size)
            status = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK
            self._head(status, end - start, range_=f"bytes {start}-{end - 1}/{size}" if part else "")
            if copy:
                file.seek(start)
                copy(_Part(file, end - start), self.wfile)

    def _range(self, size: int) -> tuple[int, int]:
        """First byte and the one after the last of the requested range; the whole file without a valid one."""
        found = re.fullmatch(r"bytes=(\d{1,18})-(\d{0,18})", self.headers.get("Range", ""))
        if not found:
            return 0, size
        return int(found[1]), min(size, int(found[2]) + 1) if found[2] else size

    def _head(self, status: HTTPStatus, length: int, kind: str = "application/octet-stream", range_: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        if range_:
            self.send_header("Content-Range", range_)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not printed: a class of students makes hundreds."""


@dataclass
class _Part:
    """A file of which only some bytes are left to read."""

    file: BinaryIO
    left: int

    def read(self, size: int) -> bytes:
        block = self.file.read(min(size, self.left))
        self.left -= len(block)
        return block
