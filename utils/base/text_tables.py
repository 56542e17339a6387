"""Tables and numbers as text."""

from __future__ import annotations

from collections.abc import Sequence

ROUNDING = 1e-12
"""Values below this are rounding errors of sums and differences of numbers near 1 in float64."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = ()) -> str:
    """A text table: the first column and those in `left` are left-aligned, the others right-aligned."""
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if column in (0, *left) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: the first column is left-aligned, the others right-aligned."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def interval(score: dict[str, float]) -> str:
    """A value with its interval: `6.12 [5.40, 6.91]`."""
    return f"{number(score['value'])} [{number(score['low'])}, {number(score['high'])}]"


def number(value: float) -> str:
    """Three significant digits with trailing zeros: `3.00`, `0.887`, `105`; what is only a rounding error is `0`."""
    if abs(value) < ROUNDING:
        return "0"
    return f"{value:#.3g}".rstrip(".")
