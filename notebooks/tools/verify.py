"""What holds a notebook to its script and its numbers to the run.

Cheap, of the files alone: `typed_numbers` (results that somebody typed), `differences` (script and notebook),
`faults` (text that is not what its values say, claims that do not hold, errors, warnings, size). Dear, with a run
that was just made: `moved` (values that are not those of the run, within each text's own tolerance).
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import nbformat

from notebooks.tools.script import (
    EXERCISES,
    FOLDER,
    Cell,
    Notebook,
    from_script,
    tags,
    without_solutions,
)
from utils.teaching.prose import METADATA, fill

MEGABYTE = 1_000_000

# What may have figures in a text and is no result.
ALLOWED = re.compile(
    r"```.*?```|`[^`]*`"  # code
    r"|\$\$.*?\$\$|\$[^$\n]*\$"  # formulas
    r"|\]\([^)]*\)|<[^>]*>"  # where links go
    r"|\{[^}]*\}"  # holes that the run fills
    r"|^ *(?:\*\*)?\d+\. "  # numbered lists
    r"|\b(?:1[89]|20)\d\d\b"  # years
    r"|\b[A-Za-z][\w.]*\d[\w.]*|\b\d+\.[A-Z]\w*",  # names: R2, conv2d, 6.S191
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?: ?%)?")


def typed_numbers(notebook: Notebook) -> list[str]:
    """Numbers that somebody typed into a text, where only facts may be: `12.3 (cell-004)`.

    A result belongs in a hole of `prose`. Facts (the width of the course's layers, a published value) are listed in
    the header of their cell, `# %% [markdown] facts=["10"]`; years, formulas, code, links, numbered lists and names
    with figures need no listing. A fact that is listed and does not occur is told too.
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
            f"{fact}, a fact that does not occur ({cell.id})"
            for fact in sorted(facts - numbers)
        ]
        if "prose" in tags(cell):
            found += [
                f"{value}, given to prose as a figure ({cell.id})"
                for value in _given_figures(cell)
            ]
    return found


def _texts(cell: Cell) -> Iterator[str]:
    """What of a cell a reader reads as text."""
    if cell.cell_type == "markdown":
        yield cell.source
    elif "prose" in tags(cell):
        for call in _prose_calls(cell):
            yield _template(call)
            for keyword in call.keywords:
                if keyword.arg == "claims":
                    yield from (n.value for n in ast.walk(keyword.value) if _is_text(n))  # type: ignore[attr-defined]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _prose_calls(cell: Cell) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return [
        call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "prose"
    ]


def _template(call: ast.Call) -> str:
    return str(ast.literal_eval(call.args[0]))


def _given_figures(cell: Cell) -> Iterator[str]:
    """Values of holes that are written as figures: they come from nowhere."""
    for call in _prose_calls(cell):
        for keyword in call.keywords:
            if keyword.arg not in ("claims", "within") and isinstance(
                keyword.value, ast.Constant
            ):
                yield repr(keyword.value.value)


def differences(name: str) -> list[str]:
    """Where the committed notebook, or its exercises, are not what the script says."""
    script = from_script(name)
    found = []
    for path, said in (
        (FOLDER / f"{name}.ipynb", script),
        (EXERCISES / f"{name}.ipynb", without_solutions(script)),
    ):
        if not path.is_file():
            found.append(f"{path.relative_to(FOLDER)} is missing")
        elif _bare(nbformat.read(path, as_version=4)) != _bare(said):
            found.append(f"{path.relative_to(FOLDER)} is not what {name}.py says")
    return found


def _bare(notebook: Notebook) -> list[tuple[Any, ...]]:
    """A notebook but for what running it adds."""
    return [
        (cell.id, cell.cell_type, cell.source, json.dumps(cell.metadata, sort_keys=True))
        for cell in notebook.cells
    ]


def values(notebook: Notebook) -> dict[str, dict[str, Any]]:
    """What was filled into each text, with its tolerance: `{"cell-004/0": {"values": …, "within": …}}`."""
    found: dict[str, dict[str, Any]] = {}
    for cell in notebook.cells:
        outputs = [
            output
            for output in cell.get("outputs", [])
            if METADATA in output.get("metadata", {})
        ]
        found |= {
            f"{cell.id}/{number}": output.metadata[METADATA]
            for number, output in enumerate(outputs)
        }
    return found


def faults(notebook: Notebook) -> list[str]:
    """What of a notebook that was run must not be published."""
    found = []
    if len(nbformat.writes(notebook)) > MEGABYTE:
        found.append("it is larger than 1 MB")
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            found.append(f"{cell.id} was not run")
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"{cell.id} raises {output.ename}")
            if output.get("name") == "stderr":
                found.append(f"{cell.id} warns: {output.text.strip()[:80]}")
            about = output.get("metadata", {}).get(METADATA, {})
            found += [
                f"{cell.id} claims what does not hold: {claim}"
                for claim in about.get("lapsed", [])
            ]
        if "prose" in tags(cell):
            found += _unlike_its_values(cell)
    return found


def _unlike_its_values(cell: Cell) -> list[str]:
    """Texts that are not what the values of the run make of the template in the cell."""
    said = [
        output.data["text/markdown"]
        for output in cell.outputs
        if METADATA in output.get("metadata", {})
    ]
    about = [
        output.metadata[METADATA]
        for output in cell.outputs
        if METADATA in output.get("metadata", {})
    ]
    calls = _prose_calls(cell)
    if len(calls) != len(said):
        return [f"{cell.id} has {len(calls)} texts and shows {len(said)}"]
    made = [
        fill(_template(call), one["values"], one["lapsed"])
        for call, one in zip(calls, about, strict=True)
    ]
    return [
        f"{cell.id} says other numbers than its run"
        for text, right in zip(said, made, strict=True)
        if text != right
    ]


def moved(published: Notebook, run: Notebook) -> list[str]:
    """Values of the published notebook that a run just made does not give again, within each text's tolerance."""
    old, new = values(published), values(run)
    if old.keys() != new.keys():
        return ["the run shows other texts"]
    found = []
    for place, about in old.items():
        given = new[place]["values"]
        if given.keys() != about["values"].keys():
            found.append(f"{place}: other values")
            continue
        found += [
            f"{place}: {name} is {given[name]!r}, published as {value!r}"
            for name, value in about["values"].items()
            if not _agree(value, given[name], about["within"])
        ]
    return found


def _agree(value: Any, other: Any, within: float) -> bool:
    if isinstance(value, float) and isinstance(other, float):
        return math.isclose(value, other, rel_tol=within)
    return bool(value == other and type(value) is type(other))
