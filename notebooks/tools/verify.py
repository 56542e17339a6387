"""Check that a notebook corresponds to its script, and its numbers to its run.

Fast checks of the files: `typed_numbers` (results that were typed by hand), `differences` (between script and notebook)
and `faults` (false claims, errors, warnings, size). Slow check, with a new run:
`changed_values` (values that differ from those of the run by more than the tolerance of the text).
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import nbformat

from labs.exercises import RECORD
from notebooks.tools.published import from_record, prose_calls, template
from notebooks.tools.script import (
    EXERCISES,
    FOLDER,
    Cell,
    Notebook,
    record,
    tags,
    without_solutions,
)
from utils.base.errors import CheckError
from utils.teaching.prose import METADATA, lapsed

MEGABYTE = 1_000_000
ROUNDING = 1e-6
"""Difference of values that may be rounding of float32 on another machine, such as 0 and 1e-7."""

# Parts of a text that may contain digits and are not results.
ALLOWED = re.compile(
    r"```.*?```|`[^`]*`"  # code
    r"|\$\$.*?\$\$|\$[^$\n]*\$"  # formulas
    r"|\]\([^)]*\)|<[^>]*>"  # targets of links
    r"|\{[^}]*\}"  # placeholders, filled by the run
    r"|^ *(?:\*\*)?\d+\. "  # numbered lists
    r"|\b(?:1[89]|20)\d\d\b"  # years
    r"|\b[A-Za-z][\w.]*\d[\w.]*|\b\d+\.[A-Z]\w*",  # names: R2, conv2d, 6.S191
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?: ?%)?")


def typed_numbers(notebook: Notebook) -> list[str]:
    """Numbers that were typed into a text and are not listed as facts, for example `12.3 (cell-004)`.

    Results must be placeholders of `prose`. Facts (the width of a layer, a published value) are listed in the header of
    their cell, `# %% [markdown] facts=["10"]`. Years, formulas, code, links, numbered lists and names with digits need
    not be listed. Listed facts that do not occur are reported, too.
    """
    found = []
    for cell in notebook.cells:
        facts = set(cell.metadata.get("facts", []))
        numbers = {
            number.rstrip(",")
            for text in _texts(cell)
            for number in NUMBER.findall(ALLOWED.sub(" ", text))
        }
        found += [f"{number} ({cell.id})" for number in sorted(numbers - facts)]
        found += [
            f"{fact}, a listed fact that does not occur ({cell.id})"
            for fact in sorted(facts - numbers)
        ]
        if "prose" in tags(cell):
            found += [
                f"{value}, passed to prose as a literal ({cell.id})"
                for value in _literal_values(cell)
            ]
    return found


def _texts(cell: Cell) -> Iterator[str]:
    """The texts of a cell, code excluded."""
    if cell.cell_type == "markdown":
        yield cell.source
    elif "prose" in tags(cell):
        for call in prose_calls(cell):
            yield template(call)
            for keyword in call.keywords:
                if keyword.arg == "claims":
                    yield from (n.value for n in ast.walk(keyword.value) if _is_text(n))  # type: ignore[attr-defined]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _literal_values(cell: Cell) -> Iterator[str]:
    """Literals that are passed to `prose` as values: they do not come from the run."""
    for call in prose_calls(cell):
        for keyword in call.keywords:
            if keyword.arg not in ("claims", "within") and isinstance(
                keyword.value, ast.Constant
            ):
                yield repr(keyword.value.value)


def differences(name: str) -> list[str]:
    """Committed files, notebook and exercises, that are missing or differ from the script."""
    try:
        shown = from_record(name)
    except CheckError:
        shown = None
    found = []
    for path, expected in (
        (FOLDER / f"{name}.ipynb", shown),
        (EXERCISES / f"{name}.ipynb", shown and without_solutions(shown)),
    ):
        if not path.is_file():
            found.append(f"{path.relative_to(FOLDER)} is missing")
        elif expected is None or _bare(nbformat.read(path, as_version=4)) != _bare(expected):
            found.append(f"{path.relative_to(FOLDER)} differs from {name}.py")
    path = EXERCISES / RECORD
    if not path.is_file() or json.loads(path.read_text(encoding="utf-8")) != record(name):
        found.append(f"{path.relative_to(FOLDER)} differs from {name}.py")
    return found


def _bare(notebook: Notebook) -> list[tuple[Any, ...]]:
    """The parts of a notebook that do not depend on running it."""
    return [
        (cell.id, cell.cell_type, cell.source, json.dumps(cell.metadata, sort_keys=True))
        for cell in notebook.cells
    ]


def values(notebook: Notebook) -> dict[str, dict[str, Any]]:
    """Values, claims and tolerance of each text of a published notebook, by cell and number: `cell-004/0`."""
    return {
        f"{cell.id}/{number}": about
        for cell in notebook.cells
        for number, about in enumerate(_records(cell))
    }


def _records(cell: Cell) -> list[dict[str, Any]]:
    """Values, claims and tolerance of each text of a cell: of Markdown, or displayed by code."""
    texts: list[dict[str, Any]] = cell.metadata.get(METADATA, {}).get("texts", [])
    return texts + [
        output.metadata[METADATA]
        for output in cell.get("outputs", [])
        if METADATA in output.get("metadata", {})
    ]


def faults(notebook: Notebook) -> list[str]:
    """Reasons not to publish a notebook that was run, or that was made from one."""
    found = []
    if len(nbformat.writes(notebook)) > MEGABYTE:
        found.append("the file is larger than 1 MB")
    for cell in notebook.cells:
        found += [
            f"{cell.id}: the claim is false: {claim}"
            for about in _records(cell)
            for claim in lapsed(about["claims"])
        ]
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            found.append(f"{cell.id} was not run")
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"{cell.id} raises {output.ename}")
            if output.get("name") == "stderr":
                found.append(f"{cell.id} prints a warning: {output.text.strip()[:80]}")
        if "prose" in tags(cell) and len(cell.outputs) != len(prose_calls(cell)):
            found.append(
                f"{cell.id}: calls of prose: {len(prose_calls(cell))}, outputs: {len(cell.outputs)}"
            )
    return found


def changed_values(published: Notebook, run: Notebook) -> list[str]:
    """Values of the published notebook that a new run does not reproduce within the tolerance of the text."""
    old, new = values(published), values(run)
    if old.keys() != new.keys():
        return ["the run has other texts"]
    found = []
    for place, about in old.items():
        given = new[place]["values"]
        if given.keys() != about["values"].keys():
            found.append(f"{place}: the names of the values differ")
            continue
        found += [
            f"{place}: {name} is {given[name]!r}, published as {value!r}"
            for name, value in about["values"].items()
            if not _agree(value, given[name], about["within"])
        ]
    return found


def _agree(value: Any, other: Any, within: float) -> bool:
    if isinstance(value, float) and isinstance(other, float):
        return math.isclose(value, other, rel_tol=within, abs_tol=ROUNDING)
    return bool(value == other and type(value) is type(other))
