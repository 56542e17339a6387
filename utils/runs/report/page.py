"""`report.html`: the page of a run in one file, without any request to another host."""

from __future__ import annotations

import base64
import io
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from utils.base import text_tables
from utils.datasets.catalog import kind_of_data
from utils.runs.card import chosen_on, decision, fitted_on
from utils.runs.record import LABELS
from utils.runs.report import charts, words
from utils.runs.run_folder import REQUEST, STATES

MOST_BYTES = 2_000_000
"""Figures that together are larger are embedded as WebP, which a reader cannot tell from the PNG files of the run."""
WEBP_QUALITY = 88
WIDE = 2
"""Figures that are wider than this multiple of their height take the whole width of the page."""


def report_page(record: Mapping[str, Any], folder: Path, run: Path) -> str:
    """The page of a run, made from its record, its history and its figures; any lab has the first of these.

    Args:
        record: the contents of `run.json`, perhaps without `files`.
        folder: with the other files of the run.
        run: the folder's name when the run is finished.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = words.plain
    environment.filters["interval"] = text_tables.interval
    figures = _figures(record, folder)
    curves = None if "learning_curves" in figures else charts.curves(charts.history(folder / "history.csv"))
    return environment.get_template("page.html").render(
        record=record,
        kind=kind_of_data(record["data"]),
        name=run.name,
        path=shlex.quote(str(run)),
        result=words.result(record),
        metrics={metric: charts.bars(record, metric) for metric in record["metrics"]["test"]},
        figures=figures,
        curves=curves,
        size=(charts.WIDTH, charts.HEIGHT),
        layers=record.get("layers", []),
        fitted_on=fitted_on(record),
        chosen_on=chosen_on(record),
        decision=decision(record) if record["threshold"] is not None else "",
        model=_model(record, folder),
        files=sorted(path.name + "/" * path.is_dir() for path in folder.iterdir() if _belongs(path)),
    )


def _belongs(path: Path) -> bool:
    return path.name != REQUEST and not path.match(STATES) and not path.name.startswith(".")


def _figures(record: Mapping[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    """Source, title, caption and form of each figure by its name, in the order of the lab."""
    captions: Mapping[str, str] = record.get("captions", {})
    found = sorted(path.name for path in (folder / "figures").glob("*.png"))
    names = [name for name in record.get("figures", found) if name in found]
    images = {name: (folder / "figures" / name).read_bytes() for name in names}
    large = sum(map(len, images.values())) > MOST_BYTES
    return {
        Path(name).stem: {
            "source": _data_uri(_webp(image), "webp") if large else _data_uri(image, "png"),
            "title": words.plain(Path(name).stem).capitalize(),
            "caption": captions.get(name, ""),
            "wide": _is_wide(image),
        }
        for name, image in images.items()
    }


def _is_wide(image: bytes) -> bool:
    from PIL import Image

    width, height = Image.open(io.BytesIO(image)).size
    return width > WIDE * height


def _webp(image: bytes) -> bytes:
    from PIL import Image

    written = io.BytesIO()
    Image.open(io.BytesIO(image)).save(written, "WEBP", quality=WEBP_QUALITY)
    return written.getvalue()


def _data_uri(image: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def _model(record: Mapping[str, Any], folder: Path) -> dict[str, Any] | None:
    """What a reader needs to load the saved Keras model and to call it; None where the run has none."""
    if not (folder / "model.keras").is_file() or not record["parity"]:
        return None
    signature = record["parity"]["saved_model"]["signature"]
    labels = json.loads((folder / LABELS).read_text(encoding="utf-8")) if (folder / LABELS).is_file() else {}
    return {
        "inputs": {name: _tensor(tensor) for name, tensor in signature["inputs"].items()},
        "outputs": {name: _tensor(tensor) for name, tensor in signature["outputs"].items()},
        "columns": labels.get("features", []),
        "classes": labels.get("class_names", []),
    }


def _tensor(tensor: Mapping[str, Any]) -> str:
    sizes = ["any" if size is None else str(size) for size in tensor["shape"]]
    return f"{tensor['dtype']} ({', '.join(['rows', *sizes[1:]])})"
