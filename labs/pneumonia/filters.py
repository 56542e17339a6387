"""`python -m labs.pneumonia filters IMAGE`: edges, borders, frequencies and pooling of an image, as figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from utils.base import text_tables
from utils.base.atomic_files import sha256, staged, write_json
from utils.base.config import STRICT, Definition, Side
from utils.base.console import show
from utils.base.errors import CallerError
from utils.base.paths import printable
from utils.images import filters
from utils.images.decode import read_pictures
from utils.runs import run_folder

Array = NDArray[Any]

SMALLEST, LARGEST = 32, 31
"""Smallest side of an image, and largest side of a kernel, in pixels."""
RECORD = "filters.json"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Filters:
    """Filter an image: Sobel, Laplace, blur, your own kernel; borders, frequencies and pooling. No network is used."""

    image: Positional[Path]
    """An image file; its central square is used, in grey."""
    kernel: str | None = None
    """Your own kernel, not flipped, as in --kernel=0,-1,0/-1,5,-1/0,-1,0; or sobel-x, sobel-y, laplace or blur."""
    border: filters.Border = "extend"
    """What is beyond the edge of the image: its edge pixels, zeros, or nothing (the response is smaller)."""
    pool: Annotated[int, Field(ge=2, le=SMALLEST)] = 8
    """Side of the squares for pooling, in pixels."""
    image_size: Side = 256
    """Side to which the square is resized, in pixels."""
    out: Path | None = None
    """A new folder for the figures; defaults to one below models/pneumonia/, named after the time."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Draw and save the figures, and print the range of each response."""
        if self.image_size < SMALLEST:
            raise CallerError(f"--image-size {self.image_size}: too small to filter", f"give {SMALLEST} or more")
        kernel = None if self.kernel is None else read_kernel(self.kernel)
        out = run_folder.named(self.out or self._default_folder(definition.name))
        if (out.exists() and not out.is_dir()) or run_folder.is_not_empty(out):
            raise CallerError(f"--out {out}: it exists and is not an empty folder", "give the name of a new folder")
        side = self.image_size
        pixels = read_pictures([self.image], (side, side), "grey", square=True)[0, ..., 0]
        own = {} if kernel is None else {"your kernel": kernel}
        record: dict[str, Any] = {
            "image": {"file": printable(str(self.image)), "digest": sha256(self.image), "side": side},
            "kernel": None if kernel is None else kernel.tolist(),
            "border": self.border,
            "responses": responses(pixels, own, self.border),
        }
        with staged(out) as folder:
            record["files"] = self._draw(pixels, own, folder)
            write_json(folder / RECORD, record)
        if self.json:
            show(json.dumps(record, indent=2))
            return 0
        rows = [
            [
                name,
                f"{each['height']} × {each['width']}",
                *(f"{each[key]:.4g}" for key in ("lowest", "mean", "highest")),
            ]
            for name, each in record["responses"].items()
        ]
        show(text_tables.table(["response", "size", "lowest", "mean", "highest"], rows))
        show(f"\nfigures and {RECORD}: {printable(str(out))}")
        return 0

    def _default_folder(self, lab: str) -> Path:
        return run_folder.runs_folder() / lab / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-filters"

    def _draw(self, pixels: Array, own: Mapping[str, Array], folder: Path) -> list[str]:
        from utils.figures import filter_sheets

        name, kernel = next(iter(own.items()), ("sobel-x", filters.SOBEL_X))
        shown = {each: filters.KERNELS[each] for each in ("blur", "laplace", "sobel-x")}
        figures = {
            "filters": filter_sheets.responses(pixels, own, self.border),
            "borders": filter_sheets.borders(pixels, kernel, name),
            "frequencies": filter_sheets.frequencies(pixels, {**own, **shown}),
            "pooling": filter_sheets.pooling(pixels, self.pool),
        }
        for file, figure in figures.items():
            figure.savefig(folder / f"{file}.png", dpi=150)
        return [f"{file}.png" for file in figures]


def responses(image: Array, own: Mapping[str, Array], border: filters.Border) -> dict[str, dict[str, float]]:
    """Size and range of each response, by name."""
    found = {name: filters.apply(image, kernel, border) for name, kernel in {**filters.KERNELS, **own}.items()}
    found |= {
        "sobel magnitude": filters.sobel(image, border),
        "blur, sobel magnitude": filters.edges_after_blur(image, border),
    }
    return {
        name: {
            "height": values.shape[0],
            "width": values.shape[1],
            "lowest": float(values.min()),
            "mean": float(values.mean()),
            "highest": float(values.max()),
        }
        for name, values in found.items()
    }


def read_kernel(text: str) -> Array:
    """A kernel from `1,0,-1/2,0,-2/1,0,-1`, or by its name.

    Raises:
        CallerError: rows of different lengths, an even or too large side, or a value that is not a finite number.
    """
    if text in filters.KERNELS:
        return filters.KERNELS[text]
    hint = f"give rows as in --kernel=1,0,-1/2,0,-2/1,0,-1, or one of {', '.join(filters.KERNELS)}"
    try:
        rows = [[float(value) for value in row.split(",")] for row in text.replace(";", "/").strip("/").split("/")]
    except ValueError:
        raise CallerError(f"--kernel {text}: neither a known name nor rows of numbers", hint) from None
    if len({len(row) for row in rows}) > 1:
        raise CallerError(f"--kernel {text}: the rows have {', '.join(str(len(row)) for row in rows)} values", hint)
    kernel = np.array(rows)
    if not np.isfinite(kernel).all():
        raise CallerError(f"--kernel {text}: a value is not a finite number", hint)
    if not all(side % 2 and side <= LARGEST for side in kernel.shape):
        size = " × ".join(map(str, kernel.shape))
        raise CallerError(f"--kernel {text}: {size} values", f"both sides must be odd and at most {LARGEST}")
    return kernel
