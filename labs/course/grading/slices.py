"""The statements of a notebook that an answer needs: its own, and those that define what they use.

A grader executes these and no others, so that a notebook that trains networks for a minute is graded in a second. A
cell that redefines `check` or prints a result is not executed at all.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Sequence
from typing import NamedTuple

MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)
"""Lines of IPython that are no Python."""


class Piece(NamedTuple):
    """A statement and the number of its cell."""

    cell: int
    statement: ast.stmt


def needed(cells: Sequence[str], answer: str) -> list[Piece]:
    """The statements that define an answer, in the order of the notebook.

    A cell that is no valid Python is left out. Of a name that is bound several times, all bindings are included.

    Args:
        cells: sources of the code cells.
        answer: name of the answer.

    Returns:
        Empty if no statement binds the answer.
    """
    pieces = [Piece(number, statement) for number, cell in enumerate(cells) for statement in _statements(cell)]
    names = [(_bound(piece.statement), _used(piece.statement)) for piece in pieces]
    if not any(answer in bound for bound, _ in names):
        return []
    wanted, taken = {answer}, set[int]()
    while more := {
        place for place, (bound, _) in enumerate(names) if place not in taken and (bound & wanted or "*" in bound)
    }:
        taken |= more
        wanted |= {name for place in more for name in names[place][1]}
    return [pieces[place] for place in sorted(taken)]


def without_magic(cell: str) -> str:
    """A cell with the lines of IPython replaced by empty ones."""
    return MAGIC.sub("", cell)


def _statements(cell: str) -> list[ast.stmt]:
    try:
        return ast.parse(without_magic(cell)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _table(statement: ast.stmt) -> symtable.SymbolTable:
    return symtable.symtable(ast.unparse(statement), "cell", "exec")


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds or changes in the notebook's namespace; `*` for an import of all names."""
    found = set()
    for symbol in _table(statement).get_symbols():
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
            found.add(symbol.get_name())
    if isinstance(statement, ast.ImportFrom) and any(name.name == "*" for name in statement.names):
        found.add("*")
    # A change of an element or of an attribute: `table[0] = 1`.
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AugAssign) else targets
    for target in targets:
        found |= {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
    return found


def _used(statement: ast.stmt) -> set[str]:
    """The names of the notebook's namespace that a statement uses, also inside its functions."""
    found: set[str] = set()

    def look(table: symtable.SymbolTable, top: bool) -> None:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (top or symbol.is_global()):
                found.add(symbol.get_name())
        for child in table.get_children():
            look(child, False)

    look(_table(statement), True)
    return found
