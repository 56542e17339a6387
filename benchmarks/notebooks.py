"""Measure the wall time of the companion notebooks, each run from top to bottom as on a fresh machine.

The published notebooks are run, with the solutions and without the hidden cells that compute their texts.

python -m benchmarks.notebooks [NAME …]     those of the others stay in the record
"""

from __future__ import annotations

import re
import sys
import time

import nbformat

from benchmarks.pages.results import record, recorded
from notebooks.tools import script
from notebooks.tools.run import execute

WORD = re.compile(r"[A-Za-z]{2,}")


def words(name: str) -> int:
    """The number of words of the texts that a student reads, code excluded."""
    cells = nbformat.read(script.EXERCISES / f"{name}.ipynb", as_version=4).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    return sum(len(WORD.findall(text)) for text in texts)


def main() -> None:
    wanted = sys.argv[1:] or script.published()
    found = {} if len(sys.argv) == 1 else recorded("notebooks")["notebooks"]
    for name in wanted:
        notebook = nbformat.read(script.FOLDER / f"{name}.ipynb", as_version=4)
        start = time.perf_counter()
        execute(notebook, name)
        found[name] = {"seconds": time.perf_counter() - start, "words": words(name)}
    record("notebooks", {"notebooks": found})


if __name__ == "__main__":
    main()
