"""What a notebook shows: prose with the numbers of a run, figures, and a description of the data.

No result is typed into a notebook. `prose` takes a text with placeholders and their values, and displays the completed
text. `python -m notebooks` publishes that text in place of the call, keeps values and claims, and compares them with
those of a new run.
"""

from __future__ import annotations

import io
import logging
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from utils.base.console import say_on_the_page
from utils.base.keras_import import import_keras
from utils.datasets import catalog
from utils.datasets.splits import Source, Splits
from utils.teaching.live_curve import LiveCurve
from utils.training.results import report_usually

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METADATA = "labs"
"""The key in the metadata of an output, or of a published text, of its values, claims and tolerance."""
WITHIN = 0.05
"""Relative tolerance of a value on another machine: training is bit-reproducible on one machine only."""
DPI = 150
WIDTH_PER_INCH = 80
"""Screen pixels that a figure is displayed with, per inch; high-resolution screens use the others of its DPI."""
LAPSED = "**This does not hold in this run:**"


def begin() -> None:
    """Import Keras quietly and hide TensorFlow's log messages except errors.

    Messages of the labs are shown in the cell as ordinary text, and a training that takes some time shows a learning
    curve that grows.
    """
    import_keras()
    say_on_the_page()
    report_usually(LiveCurve)
    # In an interactive session it logs each saved file, and each further network that a loop trains.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def prose(text: str, *, claims: Mapping[str, bool] | None = None, within: float = WITHIN, **values: Any) -> None:
    """Show Markdown with the numbers of the run.

    Args:
        text: Markdown with placeholders of `str.format` (`{rmse:.2f} MPa`); it may be indented.
        claims: statements of the text and whether they hold (`"better than the mean": rmse < mean`). If one does not,
            a line below the text says so, and the notebook is not published.
        within: relative tolerance of floats in a run on another machine; integers and strings must be equal.
        **values: the values of the placeholders.

    Raises:
        KeyError: a placeholder has no value.
    """
    from IPython.display import display

    plain = {name: _plain(value) for name, value in values.items()}
    held = {claim: bool(holds) for claim, holds in (claims or {}).items()}
    filled = fill(text, plain, lapsed(held))
    about = {"values": plain, "claims": held, "within": within}
    display({"text/markdown": filled, "text/plain": filled}, raw=True, metadata={METADATA: about})


def lapsed(claims: Mapping[str, bool]) -> list[str]:
    """The claims that do not hold."""
    return [claim for claim, holds in claims.items() if not holds]


def fill(text: str, values: Mapping[str, Any], false: list[str]) -> str:
    """The text with its placeholders filled, and a line on the claims that do not hold."""
    filled = textwrap.dedent(text).strip().format(**values)
    return f"{filled}\n\n{LAPSED} {'; '.join(false)}." if false else filled


def _plain(value: Any) -> int | float | str | bool:
    """A value as a JSON type, so that the notebook's file can be compared with its text later."""
    if isinstance(value, (str, bool, int, float)):
        return value
    only: int | float | str | bool = np.asarray(value).item()
    return only


def picture(figure: Figure, alt: str, *, colours: int = 128) -> None:
    """Show a figure at a size fit for a screen and for git.

    Args:
        figure: a Matplotlib figure, also one made without pyplot.
        alt: a description for readers who cannot see it.
        colours: number of palette colours that the image is reduced to, at most 256, to save space.
    """
    from IPython.display import Image, display

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    reduced = _reduced(buffer, colours).getvalue()
    display(Image(reduced, alt=alt, width=round(figure.get_figwidth() * WIDTH_PER_INCH)))


def _reduced(png: io.BytesIO, colours: int) -> io.BytesIO:
    """A PNG of few colours, without dithering, whose dots would not compress."""
    from PIL import Image

    reduced = io.BytesIO()
    # Median cut would spend the palette on the grain of dark areas and lose the few coloured pixels.
    method = Image.Quantize.MAXCOVERAGE
    few = Image.open(png).convert("RGB").quantize(colours, method, kmeans=3, dither=Image.Dither.NONE)
    few.save(reduced, format="png", optimize=True)
    return reduced


class Sized(Protocol):
    """Data with a source whose parts have sizes."""

    source: Source

    def sizes(self) -> Mapping[str, int]:
        """Numbers of rows, words and so on, by name."""


def data_check(data: Splits | Sized) -> None:
    """Show which data the notebook uses, whether they are real, their licence, and their splits or their size."""
    source = data.source
    entry = catalog.catalogue().get(source.name)
    title = entry.title if entry else f"your folder {source.name}"
    kind = f"**{source.kind} data: they do not describe the real world.**" if source.simulated else "Real data."
    licence = f" {entry.licence}. {entry.citation}" if entry else ""
    values: dict[str, Any] = {"title": title, "name": source.name, "kind": kind, "licence": licence}
    if isinstance(data, Splits):
        sizes: dict[str, Any] = {name: len(part) for name, part in data.parts().items()}
        header, end = "| split | rows |", "\n\nInputs of a row: shape {shape}, {dtype}."
        inputs = data.train.inputs
        if isinstance(inputs, Mapping):  # several inputs
            end = "\n\nInputs of a row: {described}."
            described = (f"`{name}` of shape {array.shape[1:]}, {array.dtype}" for name, array in inputs.items())
            values |= {"described": "; ".join(described)}
        else:
            values |= {"shape": str(inputs.shape[1:]), "dtype": str(inputs.dtype)}
    else:
        sizes, header, end = dict(data.sizes()), "| | number |", ""
    table = "\n".join([header, "| --- | ---: |", *(f"| {name} | {{{name}:,}} |" for name in sizes)])
    prose("{title} (`{name}`). {kind}{licence}\n\n" + table + end, **values, **sizes)
