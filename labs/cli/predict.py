"""What stands behind `python -m labs predict`: files in, predictions out, and where in a picture the network looked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tyro.conf import Positional

from labs.cli.answers import USUAL, Answers, of_classes, read_names
from labs.cli.records.open import opened
from utils.base.atomic_files import replacing
from utils.base.console import progress, say, show
from utils.base.errors import CallerError
from utils.base.keras_import import import_keras
from utils.images.decode import is_picture

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]

MOST_ON_A_SHEET = 6
DPI = 150
CHUNK = 32
"""Pictures whose heat is held in memory at a time."""


@dataclass(frozen=True)
class Predict:
    """Predict with a run's model from files: pictures, or CSV with the columns that it was trained on, in any order."""

    run: Positional[Path]
    """The folder of a run."""
    inputs: Positional[tuple[Path, ...]]
    """Files to predict from."""
    top_k: int | None = None
    """How many of the most probable classes to print of each input; two, where it is not given."""
    labels: Path | None = None
    """A JSON file with names of the classes: a list, {"1": "name", …}, or the labels.json of a run."""
    grad_cam: Path | None = None
    """A folder for a sheet a picture, which shows what in the picture speaks for its most probable classes."""
    json: bool = False
    """Print the machine's form."""

    def execute(self) -> int:
        """Print a prediction a row."""
        if not self.inputs:
            raise CallerError("missing: INPUTS", f"python -m labs predict {self.run} FILE…")
        found, lab = opened(self.run)
        labels = found.labels
        kind = kind_of(labels)
        _check_kind(self.inputs, kind)
        names = self._names(labels)
        sheets = [] if self.grad_cam is None else _sheets(self.grad_cam, self.inputs, kind)
        inputs = lab.read(self.inputs, labels)
        _warn_outside(inputs, labels)
        simulated = found.record["data"]["simulated"]
        _caution(lab.caution, "the model was trained on SIMULATED data" if simulated else "")
        import_keras()
        from utils.export.formats import load_model, open_model
        from utils.export.predictor import predictor

        model = load_model(self.run) if sheets else None
        predictions = lab.predict(open_model(self.run) if model is None else predictor(model), inputs)
        if not names:
            self._print_numbers(predictions, labels)
            return 0
        answers = Answers(of_classes(predictions), names, labels.get("threshold"))
        if model is not None:
            most = min(self.top_k or USUAL, len(names), MOST_ON_A_SHEET)
            draw(model, inputs, answers, self.inputs, sheets, most=most, simulated=simulated)
        files = list(map(str, self.inputs)) if kind == "pictures" else []
        if self.json:
            given = {"files": files, "grad_cam": list(map(str, sheets))}
            more = {name: value for name, value in given.items() if value}
            show(json.dumps(answers.as_json(labels, self.top_k) | more, allow_nan=False, ensure_ascii=False))
        else:
            show(answers.as_table(labels["target"], files, self.top_k or USUAL))
        return 0

    def _names(self, labels: Mapping[str, Any]) -> list[str]:
        """The names of the classes, from `--labels` where it is given; empty where the model predicts a number."""
        names: list[str] = labels["class_names"]
        for option, value in (("--top-k", self.top_k), ("--labels", self.labels), ("--grad-cam", self.grad_cam)):
            if value is not None and not names:
                raise CallerError(f"{option}: this run predicts no classes", f"leave {option} out")
        if self.top_k is not None and not 1 <= self.top_k <= len(names):
            raise CallerError(f"--top-k {self.top_k}: the model has {len(names)} classes", f"give 1 to {len(names)}")
        return names if self.labels is None else read_names(self.labels, names)

    def _print_numbers(self, predictions: Array, labels: Mapping[str, Any]) -> None:
        if self.json:
            named = {name: labels[name] for name in ("target", "unit", "class_names")}
            show(json.dumps({**named, "predictions": predictions.tolist()}, allow_nan=False))
        else:
            show(f"{labels['target']}_{labels['unit']}")
            show("\n".join(f"{value:.4g}" for value in predictions))


def kind_of(labels: Mapping[str, Any]) -> str:
    """What a run predicts from: `tables`, `pictures` or `text`, by its `labels.json`."""
    if labels["features"]:
        return "tables"
    return "pictures" if len(labels["input_shape"]) == 3 else "text"


def _check_kind(paths: Sequence[Path], kind: str) -> None:
    """Pictures given to a run of tables or text; the reader of pictures itself says what is none."""
    for path in paths if kind != "pictures" else ():
        if path.is_file() and is_picture(path):
            wanted = "CSV files" if kind == "tables" else "files of text"
            raise CallerError(f"{path}: this is a picture, and the run predicts from {kind}", f"give {wanted}")


def _caution(*notes: str) -> None:
    for note in filter(None, notes):
        say(f"note: {note}")


def _warn_outside(inputs: Array, labels: Mapping[str, Any]) -> None:
    """Say which columns leave the range of the training rows: a network does not know what lies outside."""
    for name, (low, high) in labels["trained_between"].items():
        values = inputs[:, labels["features"].index(name)]
        outside = int(np.sum((values < low) | (values > high)))
        if outside:
            say(
                f"note: {name}: {outside} of {len(values)} rows lie outside {low:g} to {high:g}, "
                "where the model was trained"
            )


def _sheets(folder: Path, inputs: Sequence[Path], kind: str) -> list[Path]:
    """The files of the sheets, each named after its picture; of the same names the second is `name-2.png`.

    Raises:
        CallerError: the run does not predict from pictures, or one of the files is there.
    """
    if kind != "pictures":
        raise CallerError(f"--grad-cam: this run predicts from {kind}, not from pictures", "leave --grad-cam out")
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
        raise CallerError(f"--grad-cam {folder}: {there[0].name} is there already", "give another folder")
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
    """Write a sheet a picture: the picture beside the heat of each of its `most` probable classes.

    Raises:
        CallerError: the model has no convolution.
    """
    from utils.figures import image_sheets
    from utils.networks.explain import grad_cam

    classes = answers.order[:, :most]
    note = "what speaks for a class (Grad-CAM)" + ("\nnetwork trained on SIMULATED data" if simulated else "")
    for start in range(0, len(pictures), CHUNK):
        rows = range(start, min(start + CHUNK, len(pictures)))
        heats = grad_cam(model, np.repeat(pictures[rows], most, axis=0), classes[rows].ravel().tolist())
        heats = heats.reshape(len(rows), most, *heats.shape[1:])
        if start == 0:
            sheets[0].parent.mkdir(parents=True, exist_ok=True)
            bar = progress(len(pictures), "drawing where the network looks", "picture")
        for row, heat in zip(rows, heats, strict=True):
            seen = [
                image_sheets.Seen(pictures[row], each, answers.names[i], float(answers.probabilities[row, i]))
                for i, each in zip(classes[row], heat, strict=True)
            ]
            figure = image_sheets.grad_cam(seen, title=f"{paths[row].name[-60:]}: {note}")
            with replacing(sheets[row]) as temporary:
                figure.savefig(temporary, dpi=DPI)
            bar.update()
    bar.close()
