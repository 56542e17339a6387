"""What a notebook shows: prose whose numbers come from the run, pictures, and which data it runs on.

Nobody types a result into a notebook. `prose` takes the text with holes and the values that fill them, so that whoever
runs it again, with other settings or on another machine, reads the numbers of that very run. What was filled in
travels with the output, and `python -m notebooks` holds one against the other.
"""

from __future__ import annotations

import io
import logging
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.base.console import say_on_the_page
from utils.base.keras_import import import_keras
from utils.base.text_tables import markdown_table
from utils.datasets import catalog
from utils.datasets.splits import Splits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METADATA = "labs"
"""The key under which an output keeps its values, the claims that do not hold, and the tolerance."""
WITHIN = 0.05
"""How far a measured value may differ on another machine, as a share of it: training repeats itself bit by bit on one
machine alone."""
DPI = 80
LAPSED = "**In this run that does not hold:**"


def begin() -> None:
    """Import Keras quietly, keep TensorFlow's remarks on its own workings out of the cells; errors stay.

    What the labs say while they work stands in the cell, as ordinary text.
    """
    import_keras()
    say_on_the_page()
    # In an interactive session it remarks on each saved file, and on each further network that a loop trains.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def prose(text: str, *, claims: Mapping[str, bool] | None = None, within: float = WITHIN, **values: Any) -> None:
    """Show Markdown, its numbers filled from the run.

    Args:
        text: Markdown with holes as of `str.format` (`{rmse:.2f} MPa`); it may be indented.
        claims: what the text says in words, and whether it is so (`"better than the mean": rmse < mean`). Where one is
            not, the text says so itself, and the notebook is not published.
        within: relative difference of a float that is accepted from a run on another machine; whole numbers and words
            must be the same.
        **values: for the holes.

    Raises:
        KeyError: a hole has no value.
    """
    from IPython.display import display

    plain = {name: _plain(value) for name, value in values.items()}
    lapsed = [claim for claim, holds in (claims or {}).items() if not holds]
    filled = fill(text, plain, lapsed)
    about = {"values": plain, "lapsed": lapsed, "within": within}
    display({"text/markdown": filled, "text/plain": filled}, raw=True, metadata={METADATA: about})


def fill(text: str, values: Mapping[str, Any], lapsed: list[str]) -> str:
    """The text with its holes filled, and a line on the claims that do not hold."""
    filled = textwrap.dedent(text).strip().format(**values)
    return f"{filled}\n\n{LAPSED} {'; '.join(lapsed)}." if lapsed else filled


def _plain(value: Any) -> int | float | str | bool:
    """A value as JSON keeps it, so that the notebook's file can be held against its text later."""
    if isinstance(value, (str, bool, int, float)):
        return value
    only: int | float | str | bool = np.asarray(value).item()
    return only


def picture(figure: Figure, alt: str, *, colours: int | None = None) -> None:
    """Show a figure at a size fit for a screen and for git.

    Args:
        figure: any of matplotlib's, also one made without pyplot.
        alt: what is to be seen, for readers who cannot see it.
        colours: reduced to a palette of so many, at most 256: photographs with grain take a third of the room.
    """
    from IPython.display import Image, display

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    if colours is not None:
        buffer = _reduced(buffer, colours)
    display(Image(buffer.getvalue(), alt=alt))


def _reduced(png: io.BytesIO, colours: int) -> io.BytesIO:
    """A PNG of few colours, without dithering, whose dots would not compress."""
    from PIL import Image

    reduced = io.BytesIO()
    # Median cut would spend the palette on the grain of the dark and lose the few pixels that are coloured.
    method = Image.Quantize.MAXCOVERAGE
    few = Image.open(png).convert("RGB").quantize(colours, method, kmeans=3, dither=Image.Dither.NONE)
    few.save(reduced, format="png", optimize=True)
    return reduced


def data_check(splits: Splits) -> None:
    """Say which data the notebook runs on, whether they are real, where they came from and how they are split."""
    source = splits.source
    entry = catalog.catalogue().get(source.name)
    title = entry.title if entry else f"your folder {source.name}"
    kind = "**SIMULATED data: they say nothing of the real world.**" if source.simulated else "Real data."
    licence = f" {entry.licence}. {entry.citation}" if entry else ""
    rows: dict[str, Any] = {name: len(part) for name, part in splits.parts().items()}
    shape = splits.train.inputs.shape[1:]
    table = markdown_table(["split", "rows"], [[name, f"{{{name}:,}}"] for name in rows])
    prose(
        "{title} (`{name}`). {kind}{licence}\n\n" + table + "\n\nInputs of a row: shape {shape}, {dtype}.",
        title=title,
        name=source.name,
        kind=kind,
        licence=licence,
        shape=str(shape),
        dtype=str(splits.train.inputs.dtype),
        **rows,
    )
