"""Commands on a pseudo-terminal of a given width, and what is left on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Screen(NamedTuple):
    """What a command sent to the terminal, and its lines at the end, without colours."""

    status: int
    sent: str
    lines: list[str]


def on_terminal(words: list[str], columns: int, folder: Path, **environment: str) -> Screen:
    """Run `python words` with all streams on a pseudo-terminal."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    known = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={**known, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    sent = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # EIO: the process closed the terminal
            break
        if not part:
            break
        sent += part
    os.close(controller)
    text = sent.decode(errors="replace")
    return Screen(process.wait(), text, screen(text))


def screen(text: str) -> list[str]:
    """The lines of a terminal that was sent a text with carriage returns and colours."""
    lines = []
    for line in ESCAPE.sub("", text).replace("\r\n", "\n").split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines
