"""The measured numbers of the documents, written by this script from bands and records, and by nothing else.

    python -m benchmarks.pages.documents

A block between `<!-- name -->` and `<!-- /name -->` in a Markdown page, and the fields `Quality` and `Time` of a lab's
card, are replaced. A lab's numbers are worded in `benchmarks/pages/<lab>.py`. A test fails where a page and the records
differ.
"""

from __future__ import annotations

import importlib
import re
import statistics
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import labs
from benchmarks.pages import gate, regression
from benchmarks.pages.results import course_band, course_time, over_seeds
from utils.base.paths import ROOT
from utils.base.text_tables import markdown_table
from utils.datasets import catalog

UNMEASURED = "not measured yet"


def page(lab: str) -> Any:
    """The module that words a lab's numbers: `row`, `card` and `BLOCKS`."""
    return importlib.import_module(f"benchmarks.pages.{lab}")


WORDED = {
    "test rmse": "RMSE {} MPa",
    "test accuracy": "accuracy {}",
    "test auc": "AUC {}",
    "test bits_per_char": "{} bits a character",
}
"""Measures as the table of the labs says them; of a lab's, the first that stands here."""


def labs_block() -> str:
    """The table of the labs: the default preset from the bands, `best` from the records."""
    header = ["lab", "data", "`course` on test", "whole command", "memory"]
    header += ["`best` on test", "baselines", "`best`, whole command"]
    return markdown_table(header, [_row(lab) for lab in labs.NAMES])


def _row(lab: str) -> list[str]:
    data, *best = _measured(page(lab).row, [UNMEASURED] * 4)
    course = _measured(partial(_course, lab), [UNMEASURED] * 3)
    return [f"[{lab}](labs/{lab}/README.md)", data, *course, *best]


def _course(lab: str) -> list[str]:
    """What a lab reaches with its default preset on a bare machine, its seconds and its memory."""
    band = course_band(lab)
    measure, values = next((name, values) for name, values in band.measures.items() if name in WORDED)
    found = over_seeds(band, measure, digits=2 if statistics.mean(values) > 1 else 3)
    simulated = " SIMULATED" if catalog.find(band.data).simulated else ""
    return [
        f"{WORDED[measure].format(found)}{simulated}",
        course_time(lab),
        f"{band.command['peak_mb']:,.0f} MB",
    ]


def _measured(make: Callable[[], Any], otherwise: Any) -> Any:
    """What `make` words from the records; where nothing was recorded yet, `otherwise`."""
    try:
        return make()
    except (FileNotFoundError, KeyError):  # no record at all, or none of this data set
        return otherwise


def blocks() -> dict[str, dict[str, Any]]:
    """What makes each block, by page and name."""
    return {
        "README.md": {"labs": labs_block},
        "models/bands/README.md": {"gate": gate.gate_block},
        "benchmarks/SCALE.md": {"scaling": gate.scaling_block},
        **{f"labs/{lab}/README.md": page(lab).BLOCKS for lab in labs.NAMES},
    }


def rendered() -> dict[Path, str]:
    """Every page and card as the records say that it must be."""
    pages = {}
    for name, makers in blocks().items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for block, make in makers.items():
            pattern = re.compile(rf"<!-- {block} -->\n.*?<!-- /{block} -->", re.DOTALL)
            assert len(pattern.findall(text)) == 1, f"{name} must have one block {block}"
            new = f"<!-- {block} -->\n{_measured(make, UNMEASURED.capitalize() + '.')}\n<!-- /{block} -->"
            text = pattern.sub(lambda _, new=new: new, text)  # type: ignore[misc]
        pages[ROOT / name] = text
    for lab in labs.NAMES:
        path = ROOT / "labs" / lab / "__init__.py"
        pages[path] = _card(
            path.read_text(encoding="utf-8"),
            _measured(page(lab).card, dict.fromkeys(("Quality", "Time"), f"{UNMEASURED}.")),
        )
    return pages


def _card(text: str, fields: dict[str, str]) -> str:
    for name, value in fields.items():
        lines = "\n".join(textwrap.wrap(f"{name + ':':9}{value}", 118, subsequent_indent=" " * 9))
        text, found = re.subn(rf"^{name}:.*\n(?: +.*\n)*", lines + "\n", text, flags=re.MULTILINE)
        assert found == 1, f"a card has {found} fields {name}"
    return text


def main() -> None:
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
    regression.protocols_picture().savefig(ROOT / "labs" / "regression" / "protocols.png", dpi=120)


if __name__ == "__main__":
    main()
