"""`python -m labs predict`: predictions from files, and Grad-CAM for images."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tyro.conf import Positional

import labs
from labs.cli.answers import USUAL, Answers, of_classes, read_names
from labs.cli.records.open import opened
from utils.base import text_tables
from utils.base.atomic_files import replacing
from utils.base.config import Definition
from utils.base.console import progress, say, show, wrapped
from utils.base.errors import CallerError
from utils.base.keras_import import import_keras
from utils.base.named_arrays import each
from utils.base.paths import files_below, printable
from utils.datasets.catalog import kind_of_data
from utils.images.decode import expanded, is_picture

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]

MOST_ON_A_SHEET = 6
TABLES = (".csv", ".tsv")
"""Names of the files that are tables in a folder."""
DPI = 150
CHUNK = 32
"""Number of images whose heat maps are in memory at a time."""


@dataclass(frozen=True)
class Predict:
    """Predict from files with the model of a run: images, text, or CSV with the training columns in any order."""

    run: Positional[Path]
    """The folder of a run."""
    inputs: Positional[tuple[Path, ...]]
    """Files to predict from, or folders of images or CSV files."""
    top_k: int | None = None
    """How many of the most probable classes to print for each input; defaults to two."""
    labels: Path | None = None
    """A JSON file with names of the classes: a list, {"1": "name", …}, or the labels.json of a run."""
    grad_cam: Path | None = None
    """A folder for one sheet per image, which shows the evidence for its most probable classes."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print one prediction per input."""
        if not self.inputs:
            raise CallerError("missing: INPUTS", f"python -m labs predict {self.run} FILE…")
        run, definition = opened(self.run)
        labels = run.labels
        kind = kind_of(labels)
        paths = _expanded(self.inputs, kind)
        _check_kind(paths, kind)
        names = self._names(labels)
        sheets = [] if self.grad_cam is None else _sheets(self.grad_cam, paths, kind)
        inputs = _read(definition, paths, labels)
        _warn_outside(inputs, labels)
        import_keras()
        lab = labs.find_lab(definition.name)
        simulated = run.record["data"]["simulated"]
        made = kind_of_data(run.record["data"])
        _caution(lab.caution, f"the model was trained on {made} data" if simulated else "")
        predictions: Any = lab.predict(run, inputs)
        if not names:
            self._print_numbers(predictions, labels)
            return 0
        answers = Answers(of_classes(predictions), names, labels.get("threshold"))
        if sheets:
            from utils.export.formats import FORMATS, load_model

            most = min(self.top_k or USUAL, len(names), MOST_ON_A_SHEET)
            model = load_model(run.path(FORMATS["keras"]))
            draw(model, inputs, answers, paths, sheets, most=most, simulated=simulated)
        files = [printable(str(path)) for path in paths] if kind == "images" else []
        if self.json:
            given = {"files": files, "grad_cam": [printable(str(sheet)) for sheet in sheets]}
            more = {name: value for name, value in given.items() if value}
            show(json.dumps(answers.as_json(labels, self.top_k) | more, allow_nan=False))
        else:
            show(answers.as_table(labels["target"], files, self.top_k or USUAL))
        return 0

    def _names(self, labels: Mapping[str, Any]) -> list[str]:
        """The names of the classes, from `--labels` if it is given; empty if the model predicts numbers."""
        names: list[str] = labels["class_names"]
        for option, value in (("--top-k", self.top_k), ("--labels", self.labels), ("--grad-cam", self.grad_cam)):
            if value is not None and not names:
                raise CallerError(f"{option}: this run predicts no classes", f"leave {option} out")
        if self.top_k is not None and not 1 <= self.top_k <= len(names):
            raise CallerError(f"--top-k {self.top_k}: the model has {len(names)} classes", f"give 1 to {len(names)}")
        return names if self.labels is None else read_names(self.labels, names)

    def _print_numbers(self, predictions: Any, labels: Mapping[str, Any]) -> None:
        named = predictions if isinstance(predictions, Mapping) else {labels["target"]: predictions}
        if self.json:
            facts = {name: labels[name] for name in ("target", "unit", "class_names")}
            show(json.dumps({**facts, "predictions": each(lambda array: array.tolist(), predictions)}, allow_nan=False))
        elif len(named) == 1:
            show("_".join(filter(None, [labels["target"], labels["unit"]])))
            show("\n".join(f"{value:.4g}" for value in predictions))
        else:
            columns = [[_text(value) for value in array] for array in named.values()]
            show(text_tables.table(list(named), list(map(list, zip(*columns, strict=True)))))


def _text(value: Any) -> str:
    """A number, or numbers or a string as they are."""
    return f"{value:.4g}" if np.ndim(value) == 0 and np.asarray(value).dtype.kind in "fiu" else str(value)


def _read(definition: Definition, paths: Sequence[Path], labels: Mapping[str, Any]) -> Any:
    read = getattr(labs.find_data(definition.name), "read", None)
    if read is None:
        raise CallerError(f"the lab {definition.name} does not predict from files", f"{definition.program} --help")
    return read(paths, labels)


def kind_of(labels: Mapping[str, Any]) -> str:
    """What a run predicts from: `tables`, `images`, `text` or `named inputs`, from its `labels.json`."""
    if labels["features"]:
        return "tables"
    if isinstance(labels["input_shape"], Mapping):
        return "named inputs"
    return "images" if len(labels["input_shape"]) == 3 else "text"


def _expanded(inputs: Sequence[Path], kind: str) -> list[Path]:
    """The files, and in place of each folder the files in it that the run can predict from.

    Raises:
        CallerError: a folder has no such file, or the run predicts from files of another kind.
    """
    if kind == "images":
        return expanded(inputs)
    paths: list[Path] = []
    for path in inputs:
        found = [file for file in files_below(path) if file.suffix.lower() in TABLES] if path.is_dir() else [path]
        if path.is_dir() and kind != "tables":
            raise CallerError(f"{path}: this is a folder", f"give its files: {path / '*'}")
        if not found:
            raise CallerError(f"{path}: the folder has no file named {' or '.join(TABLES)}", "give the names of files")
        paths += found
    return paths


def _check_kind(paths: Sequence[Path], kind: str) -> None:
    """Refuse images for a run of tables or text; the reader of images itself refuses other files."""
    for path in paths if kind in ("tables", "text") else ():
        if path.is_file() and is_picture(path):
            wanted = "CSV files" if kind == "tables" else "text files"
            raise CallerError(f"{path}: this is an image, but the run predicts from {kind}", f"give {wanted}")


def _caution(*notes: str) -> None:
    for note in filter(None, notes):
        say(wrapped(f"note: {note}"))


def _warn_outside(inputs: Any, labels: Mapping[str, Any]) -> None:
    """Report columns outside the range of the training rows, where predictions are not reliable."""
    for name, (low, high) in labels["trained_between"].items():
        values = inputs[name] if isinstance(inputs, Mapping) else inputs[:, labels["features"].index(name)]
        outside = int(np.sum((values < low) | (values > high)))
        if outside:
            say(f"note: {name}: {outside} of {len(values)} rows are outside the training range, {low:g} to {high:g}")


def _sheets(folder: Path, inputs: Sequence[Path], kind: str) -> list[Path]:
    """The files of the sheets, each named after its image; a repeated name becomes `name-2.png`.

    Raises:
        CallerError: the run does not predict from images, or one of the files exists.
    """
    if kind != "images":
        raise CallerError(f"--grad-cam: this run predicts from {kind}, not from images", "leave --grad-cam out")
    if folder.exists() and not folder.is_dir():
        raise CallerError(f"--grad-cam {folder}: this is a file", "give a folder")
    sheets: list[Path] = []
    for path in inputs:
        sheet, number = folder / f"{path.stem}.png", 1
        while sheet in sheets:
            number += 1
            sheet = folder / f"{path.stem}-{number}.png"
        sheets.append(sheet)
    there = [sheet for sheet in sheets if sheet.exists()]
    if there:
        raise CallerError(f"--grad-cam {folder}: {there[0].name} exists", "give another folder")
    return sheets


def draw(
    model: keras.Model,
    pictures: Array,
    answers: Answers,
    paths: Sequence[Path],
    sheets: Sequence[Path],
    *,
    most: int,
    simulated: bool,
) -> None:
    """Write one sheet per image: the image beside the heat map of each of its `most` probable classes.

    Raises:
        CallerError: the model has no convolutional layer.
    """
    from utils.figures import image_sheets
    from utils.networks.explain import grad_cam

    classes = answers.order[:, :most]
    note = "evidence for a class (Grad-CAM)" + ("\nmodel trained on SIMULATED data" if simulated else "")
    for start in range(0, len(pictures), CHUNK):
        rows = range(start, min(start + CHUNK, len(pictures)))
        heats = grad_cam(model, np.repeat(pictures[rows], most, axis=0), classes[rows].ravel().tolist())
        heats = heats.reshape(len(rows), most, *heats.shape[1:])
        if start == 0:
            sheets[0].parent.mkdir(parents=True, exist_ok=True)
            bar = progress(len(pictures), "drawing Grad-CAM", "image")
        for row, heat in zip(rows, heats, strict=True):
            seen = [
                image_sheets.Explained(pictures[row], each, answers.names[i], float(answers.probabilities[row, i]))
                for i, each in zip(classes[row], heat, strict=True)
            ]
            figure = image_sheets.grad_cam(seen, title=f"{printable(paths[row].name)[-60:]}: {note}")
            with replacing(sheets[row]) as temporary:
                figure.savefig(temporary, dpi=DPI)
            bar.update()
    bar.close()
