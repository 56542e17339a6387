"""The predictions of a classifier with the names of the classes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base import text_tables
from utils.base.console import wrapped
from utils.base.errors import CallerError
from utils.datasets.tables.array_files import read_bytes
from utils.metrics import two_classes

Array = NDArray[Any]

LARGEST = 10_000_000
"""Size limit of a file of names in bytes."""
USUAL = 2
"""Default number of printed classes: the prediction and the next most probable class."""


@dataclass(frozen=True)
class Answers:
    """The predictions of a classifier for some inputs.

    Attributes:
        probabilities: (rows, classes).
        names: by class number.
        threshold: for two classes, the probability from which class 1 is predicted; None for the most probable class.
    """

    probabilities: Array
    names: Sequence[str]
    threshold: float | None = None

    @property
    def order(self) -> NDArray[np.intp]:
        """Class numbers (rows, classes): the predicted class first, then the others by their probability."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")
        if self.threshold is None or len(self.names) != 2:
            return order
        answer = two_classes.found(self.probabilities, self.threshold).astype(np.intp)
        return np.stack([answer, 1 - answer], axis=1)

    def as_json(self, labels: Mapping[str, Any], top_k: int | None) -> dict[str, Any]:
        """Names, probabilities of all classes and predictions; with `top_k` also the most probable classes by name."""
        order = self.order
        found: dict[str, Any] = {
            "target": labels["target"],
            "unit": labels["unit"],
            "class_names": list(self.names),
            "predictions": self.probabilities.tolist(),
            "answers": [self.names[row[0]] for row in order],
            "threshold": self.threshold,
        }
        if top_k is not None:
            found["top"] = [
                [{"class": self.names[i], "probability": float(values[i])} for i in row[:top_k]]
                for row, values in zip(order, self.probabilities, strict=True)
            ]
        return found

    def as_table(self, target: str, files: Sequence[str], top_k: int) -> str:
        """One line per input for up to two classes; for more, one line per class."""
        keys = files or [str(number) for number in range(1, len(self.probabilities) + 1)]
        rows = []
        for key, order, values in zip(keys, self.order, self.probabilities, strict=True):
            said = [(self.names[i], f"{values[i]:.1%}") for i in order[:top_k]]
            if top_k <= USUAL:
                rows.append([key, *(word for pair in said for word in pair)])
            else:
                rows += [[key if place == 0 else "", *pair] for place, pair in enumerate(said)]
        header = ["file" if files else "row", target, "probability", "or", "probability"]
        text = text_tables.table(header[: 5 if top_k == USUAL else 3], rows, left=(1, 3))
        if self.threshold is not None and len(self.names) == 2:
            text += "\n" + wrapped(
                f"{self.names[1]} is predicted from a probability of {text_tables.number(self.threshold)}: "
                "the threshold of the run, chosen on validation"
            )
        return text


def read_names(path: Path, trained: Sequence[str]) -> list[str]:
    """Names of the classes from a JSON file.

    A list, also under `class_names`, names them in the order of their numbers; so does an object with the keys 0, 1, …
    or 1, 2, …. An object whose keys are the names that the model was trained with renames them.

    Args:
        path: of the file.
        trained: the class names of the run, by class number.

    Raises:
        CallerError: the file cannot be read, or its names do not fit the model.
    """
    hint = f'give a JSON list of {len(trained)} names, or {{"1": "name", …}}'
    try:
        read = json.loads(read_bytes(path, LARGEST).decode("utf-8-sig"), object_pairs_hook=_once)
    except OSError as error:
        raise CallerError(f"--labels {path}: {error.strerror}", "check the path") from None
    except (ValueError, RecursionError) as error:
        raise CallerError(f"--labels {path}: this is not a JSON file ({error})", hint) from None
    if isinstance(read, dict) and isinstance(read.get("class_names"), list):
        read = read["class_names"]
    if isinstance(read, dict):
        read = _by_key(read, trained)
    if not isinstance(read, list) or not all(isinstance(name, str) and name.strip() for name in read):
        raise CallerError(f"--labels {path}: this does not name classes by number", hint)
    if len(read) != len(trained):
        raise CallerError(f"--labels {path}: {len(read)} names, and the model has {len(trained)} classes", hint)
    twice = [name for name in read if read.count(name) > 1]
    if twice:
        raise CallerError(f"--labels {path}: two classes have the name {twice[0]}", "give each class another name")
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)} appears twice")
    return dict(pairs)


def _by_key(names: dict[str, Any], trained: Sequence[str]) -> list[Any] | None:
    """Names in the order of the classes; None if the keys are neither the trained names nor numbers in order."""
    if set(names) == set(trained):
        # Folders named 1 to 102 are classes in the order 1, 10, 100, …: then a key is the name of a folder.
        return [names[name] for name in trained]
    for first in (0, 1):
        keys = [str(number) for number in range(first, first + len(names))]
        if set(keys) == set(names):
            return [names[key] for key in keys]
    return None


def of_classes(predictions: Array) -> Array:
    """Probabilities (rows, classes), also from a single output, which is that of class 1."""
    return np.stack([1 - predictions, predictions], axis=1) if predictions.ndim == 1 else predictions
