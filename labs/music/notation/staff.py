"""Tunes in staff notation, drawn by Verovio in a process of its own.

Verovio is a program in C++ that some malformed tunes crash, and networks write malformed tunes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from utils.base.errors import CallerError, with_extra
from utils.base.paths import child_environment

OPTIONS: dict[str, Any] = {
    "inputFrom": "abc",
    "adjustPageHeight": True,
    "footer": "none",
    "header": "none",
    "pageMarginTop": 40,
    "pageMarginBottom": 20,
    "pageWidth": 2100,  # four or five bars
    "pageHeight": 60_000,  # the largest: a tune is one page
    "scale": 40,
    "svgViewBox": True,  # the drawing takes the width of its page
    "xmlIdSeed": 1,  # the same tune gives the same file
}
"""Options of Verovio: https://book.verovio.org/toolkit-reference/toolkit-options.html."""
SECONDS = 20
"""Longest time for one tune; it usually takes 0.02 s."""


def check_verovio() -> None:
    """Check before long work that staff notation can be drawn.

    Raises:
        CallerError: Verovio is not installed.
    """
    if find_spec("verovio") is None:
        raise CallerError("staff notation needs verovio, which is not installed", with_extra("music"))


def staffs(texts: Sequence[str]) -> list[str | None]:
    """Tunes in staff notation.

    Args:
        texts: tunes in ABC; a header without X: and T: is enough.

    Returns:
        An SVG for each; None for a tune that Verovio cannot read.
    """
    drawn: list[str | None] = []
    while len(drawn) < len(texts):
        drawn += _drawn(texts[len(drawn) :])
    return drawn


def _drawn(texts: Sequence[str]) -> list[str | None]:
    """The SVGs of the first tunes, up to the first one that ends the process: None."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps(list(texts)),
            capture_output=True,
            text=True,
            timeout=SECONDS * len(texts),
            env=child_environment(),
        )
        lines, failed = done.stdout.splitlines(), done.returncode != 0
    except subprocess.TimeoutExpired as hanging:
        output = hanging.stdout or b""
        lines, failed = (output.decode() if isinstance(output, bytes) else output).splitlines(), True
    drawn = [json.loads(line) for line in lines if line.endswith(('"', "null"))]
    return [*drawn, None] if failed and len(drawn) < len(texts) else drawn


def _main() -> None:
    """Read tunes from standard input, a JSON list, and write an SVG or null per line."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    for text in json.load(sys.stdin):
        toolkit = verovio.toolkit()
        toolkit.setOptions(OPTIONS)
        svg = toolkit.renderToSVG(1) if toolkit.loadData(f"X:1\n{text}\n") else None
        print(json.dumps(svg or None), flush=True)


if __name__ == "__main__":
    _main()
