"""Make the published notebook from the one that was run: Markdown instead of the cells that compute a text.

In a script, a cell with the tag `prose` computes values and calls `prose(…)`. The published notebook and the exercises
have a Markdown cell with the completed text in its place, which every viewer shows in the same way. The metadata of
that cell contain the values, claims and tolerance, and a digest of the code, so that the text can be checked later.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterator
from symtable import SymbolTable, symtable
from typing import Any

import nbformat

from notebooks.tools import script
from notebooks.tools.script import Cell, Notebook, tags
from utils.base.errors import CheckError
from utils.teaching.prose import METADATA, fill, lapsed

RECORDED = (
    "*The numbers in the text are those of a recorded run. Yours may differ a little, "
    "and they differ more after you change a setting.*"
)
"""Ends the first text of every notebook."""
PROSE = "prose"
"""The tag of the cells, and the function that they call."""

Texts = dict[str, dict[str, Any]]
"""By the id of a cell: the digest of its code, and for each text its values, claims and tolerance."""


def prose_calls(cell: Cell) -> list[ast.Call]:
    """The calls of `prose` in a cell."""
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == PROSE]


def template(call: ast.Call) -> str:
    """The text of a call of `prose`, with its placeholders."""
    return str(ast.literal_eval(call.args[0]))


def texts_of_run(notebook: Notebook) -> Texts:
    """What the prose cells of a notebook that was run displayed."""
    return {
        cell.id: {
            "code": _digest(cell),
            "texts": [
                output.metadata[METADATA]
                for output in cell.outputs
                if METADATA in output.get("metadata", {})
            ],
        }
        for cell in notebook.cells
        if PROSE in tags(cell)
    }


def recorded_texts(name: str) -> Texts:
    """The texts of the published notebook; empty if there is none."""
    path = script.FOLDER / f"{name}.ipynb"
    if not path.is_file():
        return {}
    return {
        cell.id: cell.metadata[METADATA]
        for cell in nbformat.read(path, as_version=4).cells
        if METADATA in cell.metadata
    }


def _digest(cell: Cell) -> str:
    return hashlib.sha256(cell.source.encode()).hexdigest()[:16]


def with_texts(notebook: Notebook, texts: Texts, name: str) -> Notebook:
    """The notebook to publish: prose cells become Markdown, and imports that only they use are removed.

    Args:
        notebook: from the script, run or not.
        texts: from a run, or from the published notebook.
        name: its name.

    Raises:
        CheckError: the texts do not belong to the prose cells of the notebook.
    """
    shown = copy.deepcopy(notebook)
    for number, cell in enumerate(shown.cells):
        if PROSE in tags(cell):
            shown.cells[number] = _markdown(cell, texts.get(cell.id), name)
    unused = _names(notebook, hidden=True) - _names(notebook, hidden=False)
    code = [cell for cell in shown.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        cell.source = _without_imports(cell.source, unused)
        if cell.execution_count is not None:
            cell.execution_count = number
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = number
    first = next((cell for cell in shown.cells if cell.cell_type == "markdown"), None)
    if first is not None:
        first.source += f"\n\n{RECORDED}"
    return shown


def _markdown(cell: Cell, about: dict[str, Any] | None, name: str) -> Cell:
    calls = prose_calls(cell)
    if about is None or about["code"] != _digest(cell) or len(about["texts"]) != len(calls):
        raise CheckError(
            f"{name}: the text of {cell.id} is not from a run of {name}.py as it is now",
            f"python -m notebooks {name}",
        )
    filled = [
        fill(template(call), one["values"], lapsed(one["claims"]))
        for call, one in zip(calls, about["texts"], strict=True)
    ]
    return nbformat.v4.new_markdown_cell(
        "\n\n".join(filled),
        id=cell.id,
        metadata={"tags": tags(cell), METADATA: about},
    )


def from_record(name: str) -> Notebook:
    """The notebook of a script with the texts of the published notebook, without outputs.

    Raises:
        CallerError: there is no such script.
        CheckError: the published notebook is missing, or older than the script.
    """
    return with_texts(script.from_script(name), recorded_texts(name), name)


def _names(notebook: Notebook, *, hidden: bool) -> set[str]:
    """All names that occur in the prose cells, or in the other code cells; imports do not count."""
    return {
        node.id
        for cell in notebook.cells
        if cell.cell_type == "code" and (PROSE in tags(cell)) == hidden
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Name)
    }


def _without_imports(source: str, unused: set[str]) -> str:
    """The source without the imports of some names."""
    lines = source.split("\n")
    for node in reversed(ast.parse(source).body):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        kept = [alias for alias in node.names if _bound(alias) not in unused]
        if len(kept) < len(node.names):
            node.names = kept
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [ast.unparse(node)] if kept else []
    return "\n".join(lines).strip("\n")


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def project_names(notebook: Notebook) -> list[str]:
    """The names that the code cells of a notebook import from the project, sorted."""
    return sorted(
        {
            _bound(alias)
            for cell in notebook.cells
            if cell.cell_type == "code"
            for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
            if (getattr(node, "module", None) or alias.name).partition(".")[0]
            in ("labs", "utils")
        }
    )


def hidden_definitions(notebook: Notebook) -> list[str]:
    """Names that a visible cell uses and only a prose cell defines: students do not have them.

    Returns:
        For each, for example `cell-007 uses slope, which the prose cell cell-005 defines`.
    """
    hidden: dict[str, str] = {}
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        for used, defined in statements(cell.source):
            if PROSE in tags(cell):
                hidden |= dict.fromkeys(defined, cell.id)
                continue
            found += [
                f"{cell.id} uses {name}, which the prose cell {hidden[name]} defines"
                for name in sorted(used & hidden.keys())
            ]
            hidden = {name: where for name, where in hidden.items() if name not in defined}
    return list(dict.fromkeys(found))


def statements(source: str) -> Iterator[tuple[set[str], set[str]]]:
    """For each statement of a cell, the global names that it uses and those that it defines."""
    for node in ast.parse(source).body:
        table = symtable(ast.unparse(node), "cell", "exec")
        symbols = table.get_symbols()
        defined = {one.get_name() for one in symbols if one.is_assigned() or one.is_imported()}
        defined |= {child.get_name() for child in table.get_children()} & {
            one.get_name() for one in symbols if one.is_namespace()
        }
        used = {one.get_name() for one in symbols if one.is_referenced()} | _globals(table)
        if hasattr(node, "body"):  # a loop or a definition uses what it has just defined
            used -= defined
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            used.add(node.target.id)
        yield used, defined


def _globals(table: SymbolTable) -> set[str]:
    """Global names that the functions, classes and comprehensions of a table use."""
    found: set[str] = set()
    for child in table.get_children():
        found |= {one.get_name() for one in child.get_symbols() if one.is_global()}
        found |= _globals(child)
    return found
