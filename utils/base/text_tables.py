"""Tables and numbers as text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from utils.base import console

if TYPE_CHECKING:
    from rich.console import Console

GAP = 2
"""Spaces between two columns."""

ROUNDING = 1e-12
"""Values below this are rounding errors of sums and differences of numbers near 1 in float64."""


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = ()) -> str:
    """A text table of any width: the first column and those in `left` are left-aligned, the others right-aligned."""
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        (" " * GAP).join(
            cell.ljust(width) if column in (0, *left) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (), *, keys: int = 1) -> str:
    """A text table that fits the terminal; through a pipe it is the plain table.

    Left-aligned cells and headers are wrapped at words. Where the columns need more than the width, the table becomes
    several, one below the other, each of which repeats the columns that identify a row.

    Args:
        header: of each column.
        rows: cells of each row.
        left: numbers of the left-aligned columns besides the first one.
        keys: number of the first columns that identify a row.
    """
    width = console.width()
    if width is None:
        return plain_table(header, rows, left)
    from rich.console import Console

    # The file decides on colours and on line-drawing characters; the text is only captured.
    drawing = Console(file=sys.stdout, width=width, force_jupyter=False)
    aligned_left = [i in (0, *left) for i in range(len(header))]
    sizes = [_sizes(title, [row[i] for row in rows], aligned_left[i], width) for i, title in enumerate(header)]
    parts = []
    for columns in _groups([size[0] for size in sizes], keys, width):
        widths = _shared([sizes[i] for i in columns], width)
        cells = [[row[i] for i in columns] for row in (header, *rows)]
        parts.append(_drawn(drawing, cells, widths, [aligned_left[i] for i in columns]))
    return "\n\n".join(parts)


def _sizes(title: str, cells: Sequence[str], aligned_left: bool, width: int) -> tuple[int, int, int]:
    """The smallest width of a column, that without wrapped cells, and that without a wrapped header.

    Cells with numbers, which are right-aligned, are not wrapped.
    """
    from rich.cells import cell_len

    whole = title.split() + [word for cell in cells for word in (cell.split() if aligned_left else [cell])]
    least = max(1, min(width // 2, max(map(cell_len, whole), default=1)))
    without_wrapping = max([least, *map(cell_len, cells)])
    return least, without_wrapping, max(without_wrapping, cell_len(title))


def _groups(least: Sequence[int], keys: int, width: int) -> list[list[int]]:
    """The columns of each table, as many as fit; every table starts with the key columns."""
    first = list(range(min(keys, len(least))))
    groups = [list(first)]
    for i in range(len(first), len(least)):
        if len(groups[-1]) > len(first) and sum(least[j] + GAP for j in groups[-1]) + least[i] > width:
            groups.append(list(first))
        groups[-1].append(i)
    return groups


def _shared(sizes: Sequence[tuple[int, int, int]], width: int) -> list[int]:
    """Column widths: the free space goes to wrapped cells before headers, and first to the column that needs least."""
    widths = [size[0] for size in sizes]
    free = width - sum(widths) - GAP * (len(widths) - 1)
    for stage in (1, 2):
        for i in sorted(range(len(sizes)), key=lambda i: sizes[i][stage] - widths[i]):
            more = max(0, min(free, sizes[i][stage] - widths[i]))
            widths[i] += more
            free -= more
    while free < 0 and max(widths) > 1:  # the keys and one more column do not fit
        widths[widths.index(max(widths))] -= 1
        free += 1
    return widths


def _drawn(drawing: Console, cells: Sequence[Sequence[str]], widths: Sequence[int], left: Sequence[bool]) -> str:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for title, width, aligned_left in zip(cells[0], widths, left, strict=True):
        grid.add_column(Text(title), justify="left" if aligned_left else "right", width=width, overflow="fold")
    for row in cells[1:]:
        grid.add_row(*map(Text, row))
    with drawing.capture() as captured:
        drawing.print(grid)
    return "\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n"))


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: the first column and columns of words are left-aligned, columns of numbers right-aligned."""
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(1, len(header))]
    lines = [header, ["---", *("---:" if right else "---" for right in numeric)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _is_number(cell: str) -> bool:
    """Whether a cell of a Markdown table is a number, with a sign and emphasis, or has nothing to say."""
    bare = cell.strip("*` ")
    return bare in ("", "–") or bare.lstrip("−+-<≤≥± ")[:1].isdigit()


def interval(score: dict[str, float]) -> str:
    """A value with its interval: `6.12 [5.40, 6.91]`."""
    return f"{number(score['value'])} [{number(score['low'])}, {number(score['high'])}]"


def number(value: float) -> str:
    """Three significant digits with trailing zeros: `3.00`, `0.887`, `105`; what is only a rounding error is `0`."""
    if abs(value) < ROUNDING:
        return "0"
    return f"{value:#.3g}".rstrip(".")
