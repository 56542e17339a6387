"""Measure the wall time of the companion notebooks, each run from top to bottom as on a fresh machine.

python -m benchmarks.notebooks
"""

from __future__ import annotations

import re
import time

from benchmarks.pages.results import record
from notebooks.tools import script
from notebooks.tools.run import execute

WORD = re.compile(r"[A-Za-z]{2,}")


def words(name: str) -> int:
    """The number of words of a notebook's texts, code excluded."""
    cells = script.without_solutions(script.from_script(name)).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown" or "prose" in script.tags(cell)]
    return sum(len(WORD.findall(text)) for text in texts)


def main() -> None:
    found = {}
    for name in script.names():
        notebook = script.from_script(name)
        start = time.perf_counter()
        execute(notebook, name)
        found[name] = {"seconds": time.perf_counter() - start, "words": words(name)}
    record("notebooks", {"notebooks": found})


if __name__ == "__main__":
    main()
