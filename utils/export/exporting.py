"""Write a model in several formats and check each of them in a fresh process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from utils.base.atomic_files import sha256, write_json
from utils.base.named_arrays import read
from utils.export import checks
from utils.export.checks import Checker
from utils.export.extras import FILES, INT8_FILES, PART_FILES, STEP_FILES, VOCABULARY
from utils.export.formats import for_tensorflow, save_h5, save_saved_model
from utils.export.fresh import FreshReader
from utils.export.image_bytes import SERVE_IMAGES, image_endpoint
from utils.export.litert import CALIBRATION_ROWS, to_litert
from utils.export.onnx import to_onnx
from utils.export.predictor import input_specs
from utils.export.reading import SERVING
from utils.export.subject import Subject, Tokenized
from utils.text.generating.stepping import GENERATE, STEP

Report = dict[str, Any]
INT8 = "int8"


class Item(NamedTuple):
    """One function of one exported file.

    Attributes:
        form: the format.
        file: name of the file or folder.
        signature: name of the function.
        int8: whether its weights are integers of eight bits.
    """

    form: str
    file: str
    signature: str = SERVING
    int8: bool = False

    @property
    def name(self) -> str:
        """The name in the report: `onnx`, `onnx/step`, `litert-int8`."""
        form = f"{self.form}-{INT8}" if self.int8 else self.form
        return form if self.signature == SERVING else f"{form}/{self.signature}"

    def takes_tokens(self, subject: Subject) -> bool:
        """Whether the file takes token ids where the model takes texts."""
        return self.form == "onnx" and subject.tokenized is not None


def planned(subject: Subject, forms: Sequence[str], *, int8: bool) -> list[Item]:
    """What an export of these formats contains."""
    items = []
    for form in forms:
        whole = form != "litert" or subject.stepped is None
        if whole:
            items.append(Item(form, FILES[form]))
        if form == "saved_model":
            items += [Item(form, FILES[form], name) for name in _endpoints(subject)]
        elif form in STEP_FILES and subject.stepped is not None:
            items.append(Item(form, STEP_FILES[form], STEP))
        if form == "onnx":
            items += [Item(form, PART_FILES[name], name) for name, part in subject.parts.items() if part.onnx]
    if int8:
        items += [item._replace(file=INT8_FILES[item.file], int8=True) for item in items if item.file in INT8_FILES]
    return items


def _endpoints(subject: Subject) -> dict[str, Any]:
    images = image_endpoint(subject.model, subject.centre)
    return {**subject.endpoints, **({} if images is None else {SERVE_IMAGES: images})}


def export(
    subject: Subject, items: Sequence[Item], folder: Path, stage: Callable[[str], None] = lambda _: None
) -> dict[str, Report]:
    """Write the files of the items into a folder, and check each item.

    Args:
        subject: the model, and the rows on which it is checked.
        items: from `planned`.
        folder: exists and is empty. Besides the files of the items it may afterwards have those that they were made
            from.
        stage: called with what is done next.

    Returns:
        By name of the item: `file`, `bytes`, `sha256`, `signature` and `signatures`, `max_abs_diff`, `max_rel_diff` and
        `limit`, `rows`, `metrics` (by name the `value` of the format and that of `keras`), `ms` and `ms_keras` per
        prediction, and `failed`, why it must not be used; empty if nothing speaks against it.

    Raises:
        CallerError: a format cannot represent the model.
        CheckError: the fresh process ended.
    """
    with FreshReader() as reader:  # imports Keras while this process converts
        _write(subject, items, folder, stage)
        checker = Checker(subject, reader)
        checker.open_reference(folder / FILES["keras"])
        reports = {}
        for item in items:
            stage(f"check {item.name}")
            path = folder / item.file
            opened = reader.open(item.name, item.form, path, item.signature)
            report: Report = {"file": item.file, "bytes": size(path), "sha256": digest(path), **opened}
            reports[item.name] = report | _checked(checker, item)
        stage("time the predictions")
        for name, times in checker.times([item.name for item in items]).items():
            reports[name] |= times
    return reports


def _checked(checker: Checker, item: Item) -> Report:
    if item.signature in checker.subject.parts:
        return checker.part(item.name, item.signature, item.form)
    if item.signature == SERVE_IMAGES:
        return checker.images(item.name)
    if item.signature == GENERATE:
        return checker.generated(item.name)
    if item.signature == STEP:
        found = checker.steps(item.name)
    else:
        tokens = item.takes_tokens(checker.subject)
        found = checker.rows(item.name, item.form, int8=item.int8, tokens=tokens)
    return checker.int8(item.name, found, stepwise=item.signature == STEP) if item.int8 else found


def _write(subject: Subject, items: Sequence[Item], folder: Path, stage: Callable[[str], None]) -> None:
    forms = {item.form for item in items}
    stage("write keras")
    subject.model.save(folder / FILES["keras"])  # the reference of the fresh process
    if subject.vocabulary:
        write_json(folder / VOCABULARY, subject.vocabulary)
    if "h5" in forms:
        stage("write h5")
        save_h5(subject.model, folder / FILES["h5"])
    if forms & {"saved_model", "onnx", "litert"}:
        stage("write saved_model")
        save_saved_model(subject.model, folder / FILES["saved_model"], _endpoints(subject))
    converted = [item for item in items if item.form in ("onnx", "litert")]
    if subject.tokenized is not None and "onnx" in forms:
        converted = [item for item in converted if not item.takes_tokens(subject)]
        stage("convert to onnx, which takes token ids")
        _write_tokenized(subject.tokenized, folder)
    if not converted:
        return
    with for_tensorflow(folder / FILES["saved_model"]) as place:
        loaded = tf.saved_model.load(place)
        for item in converted:
            stage(f"convert to {item.name}")
            (folder / item.file).write_bytes(_converted(subject, item, loaded, place))


def _write_tokenized(tokenized: Tokenized, folder: Path) -> None:
    """The model on token ids as ONNX, and its vocabulary."""
    place = folder / "tokenized"
    save_saved_model(tokenized.model, place, {})
    with for_tensorflow(place) as opened:
        loaded = tf.saved_model.load(opened)  # kept: it owns the variables
        (folder / FILES["onnx"]).write_bytes(to_onnx(loaded.signatures[SERVING], tokenized.model.name))
    shutil.rmtree(place)
    write_json(folder / VOCABULARY, tokenized.vocabulary)


def _converted(subject: Subject, item: Item, loaded: Any, saved_model: Path) -> bytes:
    if item.form == "onnx":
        return to_onnx(loaded.signatures[item.signature], subject.model.name)
    calibration = calibration_rows(subject) if item.int8 and item.signature == SERVING else None
    return to_litert(saved_model, item.signature, int8=item.int8, calibration=calibration)


def calibration_rows(subject: Subject) -> dict[str, Any]:
    """Training rows by which the ranges of integers are chosen, as named inputs; never rows of the test split."""
    training = subject.training
    rows = np.unique(np.linspace(0, len(training) - 1, CALIBRATION_ROWS).astype(np.intp))
    return checks.named(read(training.inputs, rows), list(input_specs(subject.model)))


def size(path: Path) -> int:
    """Number of bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def digest(path: Path) -> str | Mapping[str, str]:
    """The SHA-256 of a file, or those of the files in a folder by their path in it."""
    if path.is_file():
        return sha256(path)
    return {file.relative_to(path).as_posix(): sha256(file) for file in sorted(path.rglob("*")) if file.is_file()}
