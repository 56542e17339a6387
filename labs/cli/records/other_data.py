"""Other data for `evaluate`: loaded as the model of a run takes them, and compared with what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

import labs
from labs.cli.records.open import config_of
from utils.base.config import Definition, config_error
from utils.base.errors import CallerError, LabsError
from utils.base.named_arrays import each, listed
from utils.datasets.labelled import of_splits
from utils.datasets.splits import Source, Splits, row_digests
from utils.runs.record import LABELS, Run


@dataclass(frozen=True)
class Found:
    """Other data.

    Attributes:
        data: what `Lab.measured` takes: it has a `test` split, and a source.
        which: which of its rows are measured.
        leak: the number of rows whose inputs the model was trained on, for JSON.
        warnings: sentences for the user.
    """

    data: Any
    which: str
    leak: Mapping[str, int | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        """Where the rows come from."""
        source: Source = self.data.source
        return source


def find(run: Run, definition: Definition, name: str | None, folder: Path | None) -> Found:
    """The rows of another data set or folder, with the classes or columns of the run.

    Raises:
        CallerError: the data are not available or do not fit the run.
    """
    module = labs.find_data(definition.name)
    own = config_of(run, definition)
    other = _changed(own, definition, run, data="auto" if name is None else name, data_dir=folder)
    if hasattr(module, "labelled"):
        data = module.labelled(other, run.labels)
        which = data.which
    elif folder is not None:
        raise CallerError(f"--data-dir: the lab {definition.name} reads no folder", "give --data NAME")
    else:
        data = module.load(other)
        data, which = (
            (of_splits(data, run.labels), "its test split") if isinstance(data, Splits) else (data, "its test")
        )
    if data.source.digest == run.record["data"]["digest"] or not hasattr(data, "test"):
        return Found(data, which)
    return _checked(data, which, module, own)


def _changed(own: Any, definition: Definition, run: Run, **changes: Any) -> Any:
    """The run's config with other data, at the size of image that its model takes."""
    shape = run.labels["input_shape"] if LABELS in run.record["files"] else []
    is_image = isinstance(shape, list) and len(shape) == 3
    if is_image and any(option.name == "image_size" for option in fields(own)):
        changes["image_size"] = shape[0]
    try:
        return replace(own, **changes)
    except ValidationError as error:
        raise config_error(error, definition.program) from error


def _checked(data: Any, which: str, module: Any, own: Any) -> Found:
    """The data with a warning about rows that the model has seen in training."""
    try:
        trained = module.load(own)
    except LabsError as error:
        return Found(
            data, which, {"trained_on": None}, (f"rows that it was trained on are not found: {error.message}",)
        )
    if not isinstance(trained, Splits):
        return Found(data, which)
    seen = trained_rows(data.test.inputs, trained)
    if not seen:
        return Found(data, which, {"trained_on": 0})
    rows = len(data.test)
    warning = f"the model was trained on {seen:,} of these {rows:,} inputs: the metrics are too good"
    return Found(data, which, {"trained_on": seen}, (warning,))


def trained_rows(inputs: Any, trained: Splits) -> int:
    """The number of rows whose inputs are also in the training or the validation split."""
    parts = [trained.train.inputs, trained.validation.inputs]
    widths = {array.shape[1] for part in (inputs, *parts) for array in listed(part) if len(array.shape) == 2}
    if len(widths) > 1:  # padded sequences, to different lengths
        inputs, *parts = (each(lambda array: _padded(array, max(widths)), part) for part in (inputs, *parts))
    known = np.concatenate([row_digests(part) for part in parts])
    return int(np.isin(row_digests(inputs), known).sum())


def _padded(rows: NDArray[Any], width: int) -> NDArray[Any]:
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])))
