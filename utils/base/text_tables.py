"""Tables and numbers as text."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = ()) -> str:
    """Aligned columns: the first and those in `left` to the left, the others to the right."""
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
    """A table in Markdown, numbers to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def interval(score: dict[str, float]) -> str:
    """A value with its interval: `6.12 [5.40, 6.91]`."""
    return f"{number(score['value'])} [{number(score['low'])}, {number(score['high'])}]"


def number(value: float) -> str:
    """Three significant digits, the last zeros kept: `3.00`, `0.887`, `105`."""
    return f"{value:#.3g}".rstrip(".")
