"""Write the measured numbers into the pages and the labs' cards, or check them.

    make pages    # or: python -m benchmarks.pages.documents

A page in Markdown contains blocks of cog (https://cog.readthedocs.io), each of which calls one function of this
package and is followed by its output:

    <!-- [[[cog import benchmarks.pages.regression as page; cog.outl(page.protocols()) ]]] -->
    …
    <!-- [[[end]]] -->

The fields `Quality` and `Time` of a lab's card, the docstring of its package, are written from `card()` of
`benchmarks/pages/<lab>.py`. All numbers come from `benchmarks/recorded/` and `models/bands/`. A test fails if a page
or a card differs from them.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from cogapp import Cog

import labs
from benchmarks.pages import foundations, language, regression, translation
from benchmarks.pages.overview import page
from benchmarks.pages.results import UNMEASURED, measured
from utils.base.paths import ROOT

MEASURED = [lab for lab in labs.NAMES if (ROOT / "benchmarks" / "pages" / f"{lab}.py").is_file()]
"""The labs whose pages and cards have numbers; drafts, too, once they have a module here."""
PAGES = [
    ROOT / name
    for name in (
        "README.md",
        "models/bands/README.md",
        "benchmarks/SCALE.md",
        "notebooks/README.md",
        "notebooks/INSTRUCTORS.md",
        "benchmarks/exports.md",
        "benchmarks/FAULTS.md",
        "labs/language/COMPARISON.md",
        *(f"labs/{lab}/README.md" for lab in MEASURED),
    )
]
"""The pages that have blocks."""


def run_cog(*options: str) -> None:
    """Run cog on all pages.

    Args:
        options: of cog: `-r` writes the blocks, `--check` only compares them.

    Raises:
        cogapp.cogapp.CogError: a page is stale (`--check`), a block is malformed, or its function failed.
    """
    Cog().callable_main(["cog", "--verbosity=1", *options, *map(str, PAGES)])


def cards() -> dict[Path, str]:
    """The source of each lab's `__init__.py`, with the measured fields of its card filled in."""
    pages = {}
    for lab in MEASURED:
        path = ROOT / "labs" / lab / "__init__.py"
        fields = measured(page(lab).card, dict.fromkeys(("Quality", "Time"), f"{UNMEASURED}."))
        pages[path] = _filled(path.read_text(encoding="utf-8"), fields)
    return pages


def _filled(text: str, fields: dict[str, str]) -> str:
    for name, value in fields.items():
        lines = "\n".join(textwrap.wrap(f"{name + ':':9}{value}", 118, subsequent_indent=" " * 9))
        text, found = re.subn(rf"^{name}:.*\n(?: +.*\n)*", lines + "\n", text, flags=re.MULTILINE)
        assert found == 1, f"a card has {found} fields {name}"
    return text


def main() -> None:
    """Write everything."""
    run_cog("-r")
    for path, text in cards().items():
        path.write_text(text, encoding="utf-8")
    for lab, drawn in {"foundations": foundations, "language": language, "translation": translation}.items():
        for name, figure in drawn.figures().items():
            (ROOT / "labs" / lab / name).write_bytes(figure)
    regression.protocols_figure().savefig(ROOT / "labs" / "regression" / "protocols.png", dpi=120)


if __name__ == "__main__":
    main()
