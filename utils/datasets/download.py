"""Atomic downloads: resumed after an interruption, retried, and checked against size and digest."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from utils.base.console import progress, say
from utils.base.errors import CallerError, UnobtainableError

CONNECT_SECONDS = 3.0
"""Time limit for connecting to a host."""
READ_SECONDS = 20.0
"""Time limit for a pause of the server within a file."""
RETRIES = 3
CHUNK = 1 << 15
PART = ".part"


def reachable(urls: Sequence[str]) -> tuple[str, ...]:
    """The URLs whose host accepts a connection; all are tried in parallel, within CONNECT_SECONDS in total."""
    hosts = {url: _host(url) for url in urls}
    answering = _answering(tuple(sorted({host for host in hosts.values() if host is not None})))
    return tuple(url for url, host in hosts.items() if host in answering)


def _host(url: str) -> tuple[str, int] | None:
    """Host and port that a request for the URL connects to, or those of the proxy in the environment.

    None if the proxy cannot be used, which is reported once.
    """
    import requests.utils

    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    address = proxy or url
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        host, port = "", 0
    if host and port != 0:
        return host, port or (80 if parts.scheme == "http" else 443)
    _report_proxy(urlsplit(url).scheme)
    return None


@cache
def _report_proxy(scheme: str) -> None:
    """Name the variable, not its value: it may contain a password."""
    usual = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    where = next((name for name in usual if name in os.environ), "the system settings")
    say(
        f"note: the proxy in {where} is not an address like http://host:8080, so the network is not used; in a "
        "password, # is written %23 and @ is written %40"
    )


@cache
def _answering(hosts: tuple[tuple[str, int], ...]) -> frozenset[tuple[str, int]]:
    found: set[tuple[str, int]] = set()

    def ask(host: tuple[str, int]) -> None:
        try:
            socket.create_connection(host, timeout=CONNECT_SECONDS).close()
            found.add(host)
        except (OSError, ValueError, OverflowError):  # also a name or a port that cannot be
            pass

    # A name lookup has no time limit, so each host has its own thread, which is not waited for any longer.
    threads = [threading.Thread(target=ask, args=(host,), daemon=True) for host in hosts]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + CONNECT_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return frozenset(found)


def download(urls: Iterable[str], target: Path, *, digest: str | None, size: int | None) -> None:
    """Download a file from the first URL that has it.

    Args:
        urls: URLs of the same file.
        target: path of the complete file.
        digest: `sha256:…` or `md5:…`, or None if it is unknown.
        size: in bytes, or None.

    Raises:
        UnobtainableError: no URL has it; the message has the reason for each.
        CallerError: it cannot be written.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)
    reasons = []
    for url in urls:
        store = pooch.create(
            target.parent, base_url="", registry={target.name: digest}, urls={target.name: url}, retry_if_failed=RETRIES
        )
        try:
            store.fetch(target.name, downloader=_Resuming(target, resumable=digest is not None, size=size))
            return
        except UnobtainableError as error:
            reasons.append(f"{_short(url)}: {error.message}")
        except requests.exceptions.RequestException as error:
            reasons.append(f"{_short(url)}: {_reason(error)}")
        except ValueError:
            reasons.append(f"{_short(url)}: the file differs from the catalogue's digest")
        except OSError as error:
            raise CallerError(
                f"{target}: it cannot be written ({error.strerror or error})",
                "free disk space, or set LABS_DATA_HOME to a folder that you may write to",
            ) from error
    raise UnobtainableError("; ".join(reasons), "try again later, or use a mirror: LABS_MIRROR")


def _short(url: str) -> str:
    return urlsplit(url).netloc


def _reason(error: Exception) -> str:
    """A short reason why a request failed."""
    import requests

    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}".strip()
    if isinstance(error, requests.exceptions.Timeout):
        return "the server stopped responding"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the transfer ended too early"
    return "the connection failed"


@dataclass(frozen=True)
class _Resuming:
    """A downloader for pooch that resumes: an interrupted download stays in a `.part` file.

    Only a file with a known digest is resumed, because only then the result can be checked.
    """

    target: Path
    resumable: bool
    size: int | None

    def __call__(self, url: str, output: str | Path, pooch: Any) -> None:  # noqa: ARG002
        part = self.target.with_name(self.target.name + PART)
        if not self.resumable:
            part.unlink(missing_ok=True)
        try:
            self._fetch(url, part)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                part.unlink(missing_ok=True)  # free the space on a full disk
            raise
        part.replace(output)

    def _fetch(self, url: str, part: Path) -> None:
        import requests

        done = part.stat().st_size if part.exists() else 0
        if done == self.size:
            return
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            if response.status_code == 416:  # the part is longer than the file
                part.unlink(missing_ok=True)
                raise requests.exceptions.ChunkedEncodingError("the file has changed on the server")
            if 400 <= response.status_code < 500:
                raise UnobtainableError(f"HTTP {response.status_code} {response.reason}", "look at the homepage")
            response.raise_for_status()
            if response.status_code != 206:
                done = 0
            length = response.headers.get("Content-Length", "")
            total = done + int(length) if length.isdigit() else None
            self._check(response.headers.get("Content-Type", ""), total)
            what = f"fetching {self.target.name} from {_short(url)}"
            with part.open("ab" if done else "wb") as file, progress(total, what, "B", done=done) as bar:
                for block in response.iter_content(CHUNK):
                    file.write(block)
                    bar.update(len(block))

    def _check(self, kind: str, total: int | None) -> None:
        """Refuse a response that cannot be the file before downloading it."""
        if kind.startswith("text/html"):
            raise UnobtainableError("the server sent a web page instead of the file", "look at the homepage")
        if self.size is not None and total is not None and total != self.size:
            raise UnobtainableError(f"the server's file has {total} bytes, not {self.size}", "look at the homepage")
