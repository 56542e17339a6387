"""Predictions of any source in a CSV file, matched with the truth in another one by an id.

The truth has one column of classes (names or numbers), or one column of 0 and 1 per class or task. The predictions
have one column of probabilities per class or task; for two classes one column with the probability of the positive
class is enough; or one column with the predicted class.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from utils.base.console import say
from utils.base.errors import CallerError
from utils.datasets.tables.csv_dialect import is_number
from utils.datasets.tables.csv_tables import TextTable, read_text_table
from utils.metrics.positive_class import positive_class

Array = NDArray[Any]
Kind = Literal["probabilities", "scores", "classes"]

BINARY = ("0", "1")
SUM = 0.01
"""Largest difference of a row's sum from 1 that is rounding: ten probabilities of three decimals differ by 0.005."""
WHOLE = re.compile(r"^([+-]?\d+)(?:\.0*)?$")
"""A whole number, perhaps written as 1.0, as pandas does in a column with gaps."""
MOST = 1_000
"""Largest number of classes."""
SHOWN = 3
"""Number of ids that an error lists."""


@dataclass(frozen=True)
class Predicted:
    """The predictions of one task next to its truth, in the order of the truth file.

    Attributes:
        task: name of the task; empty if there is only one.
        class_names: by class number; of two classes the second is the positive one.
        truth: (rows,) int64 class numbers, of at least two classes.
        prediction: (rows, classes) float64. Of probabilities of two classes, both add up to 1; of classes, 1 is at the
            predicted class; scores are any numbers, the larger the more probable.
        kind: what the predictions are.
        sums: whether the probabilities of each row add up to 1.
    """

    task: str
    class_names: tuple[str, ...]
    truth: NDArray[np.int64]
    prediction: NDArray[np.float64]
    kind: Kind
    sums: bool = True


def read(
    predictions: Path,
    truth: Path,
    *,
    key: str | None = None,
    positive: str | None = None,
    tasks: bool = False,
    scores: bool = False,
) -> list[Predicted]:
    """The predictions and the truth of each task; assumptions are reported.

    Args:
        predictions: a CSV file.
        truth: a CSV file with the same ids, in any order.
        key: the column of the ids in both files. Defaults to `id` in any case, else to the first column.
        positive: the class to be found, of two; defaults to the one whose name does not mean healthy.
        tasks: take the columns of 0 and 1 as separate tasks, even if every row has exactly one 1.
        scores: the predictions are any numbers, not probabilities.

    Raises:
        CallerError: a column is missing; ids are repeated or do not match; a value is not a finite number or not a
            probability; the rows are all of one class.
    """
    predicted, true = read_text_table(predictions), read_text_table(truth)
    found, expected = _without_ids(predicted, key), _without_ids(true, key)
    read_values = _Values(predicted, _matched(predicted, true, key), scores=scores)
    if len(expected) == 1 and not tasks:
        (column,) = expected
        values = true.columns[column]
        if "" in values:
            line = true.lines[values.index("")]
            raise CallerError(f"{true.path}: line {line}, column {column}: the class is missing", "fill it in")
        return [_classified(true, values, found, read_values, positive)]
    labels = np.stack([_binary(true, name) for name in expected], axis=1)
    _require_columns(predicted.path, found, expected)
    if tasks or len(expected) == 1 or not (labels.sum(axis=1) == 1).all():
        if positive is not None:
            raise CallerError(f"--positive {positive}: in each task, 1 is to be found", "leave --positive out")
        say(f"note: {len(expected)} tasks of yes or no: {', '.join(expected)}; a row may be in several or in none")
        return [_task(true.path, name, labels[:, i], read_values) for i, name in enumerate(expected)]
    if len(expected) > 2:
        say("note: each row has one 1: the columns are classes that exclude each other (--tasks: separate tasks)")
    return [_of_classes(true.path, tuple(expected), labels.argmax(axis=1), read_values, positive)]


class _Values:
    """The columns of the predictions as numbers, in the order of the truth."""

    def __init__(self, table: TextTable, rows: NDArray[np.intp], *, scores: bool) -> None:
        self.table, self.rows, self.scores = table, rows, scores
        self.kind: Kind = "scores" if scores else "probabilities"

    def text(self, name: str) -> list[str]:
        """A column as text."""
        return [self.table.columns[name][row] for row in self.rows]

    def numbers(self, name: str) -> Array:
        """A column, (rows,) float64; probabilities are in [0, 1]."""
        values = self.table.numbers(name)
        outside = (values < 0) | (values > 1)
        if not self.scores and outside.any():
            row = int(outside.argmax())
            raise CallerError(
                f"{self.table.path}: line {self.table.lines[row]}, column {name}: {values[row]:g} is not a probability",
                "give probabilities from 0 to 1, or --scores to measure only the AUC, which any numbers have",
            )
        return values[self.rows]


def _matched(predicted: TextTable, true: TextTable, key: str | None) -> NDArray[np.intp]:
    """The row of the predictions for each row of the truth."""
    ids = [table.columns[_key(table, key)] for table in (predicted, true)]
    for table, values in zip((predicted, true), ids, strict=True):
        if "" in values:
            raise CallerError(f"{table.path}: line {table.lines[values.index('')]}: the id is missing", "fill it in")
        first, times = Counter(values).most_common(1)[0]
        if times > 1:
            raise CallerError(
                f"{table.path}: line {table.lines[values.index(first)]}: the id {first} is repeated ({times} times)",
                "give each row an id of its own",
            )
    place = {value: row for row, value in enumerate(ids[0])}
    without = [value for value in ids[1] if value not in place]
    known = set(ids[1])
    unknown = [value for value in ids[0] if value not in known]
    if without or unknown:
        what = f"{len(without)} rows of the truth without a prediction ({_some(without)})" if without else ""
        more = f"{len(unknown)} predictions without a truth ({_some(unknown)})" if unknown else ""
        raise CallerError(
            f"{predicted.path}: {'; '.join(filter(None, (what, more)))}",
            f"the ids must be those of {true.path}; --id NAME names their column",
        )
    return np.array([place[value] for value in ids[1]], dtype=np.intp)


def _some(values: Sequence[str]) -> str:
    return ", ".join(values[:SHOWN]) + (", …" if len(values) > SHOWN else "")


def _key(table: TextTable, key: str | None) -> str:
    """The column of the ids."""
    if key is not None:
        if key not in table.columns:
            raise CallerError(f"{table.path}: there is no column {key}", f"its columns are: {','.join(table.columns)}")
        return key
    return next((name for name in table.columns if name.casefold() == "id"), next(iter(table.columns)))


def _without_ids(table: TextTable, key: str | None) -> list[str]:
    names = [name for name in table.columns if name != _key(table, key)]
    if not names:
        raise CallerError(f"{table.path}: it has only the column {_key(table, key)}", "give an id and another column")
    return names


def _require_columns(path: Path, found: Sequence[str], wanted: Sequence[str]) -> None:
    missing, extra = [n for n in wanted if n not in found], [n for n in found if n not in wanted]
    if missing:
        what = f"missing column {', '.join(missing)}; there are: {', '.join(found)}"
        raise CallerError(f"{path}: {what}", "name the columns as in the truth, one per class")
    if extra:
        raise CallerError(f"{path}: unknown column {', '.join(extra)}", f"give only: {', '.join(wanted)}")


def _binary(table: TextTable, name: str) -> NDArray[np.int64]:
    """A column of 0 and 1."""
    values = table.numbers(name)
    wrong = ~np.isin(values, (0, 1))
    if wrong.any():
        row = int(wrong.argmax())
        raise CallerError(
            f"{table.path}: line {table.lines[row]}, column {name}: {values[row]:g} is neither 0 nor 1",
            "give one column of classes, or a column of 0 and 1 per class",
        )
    return values.astype(np.int64)


def _require_two(path: Path, truth: Array, names: Sequence[str], task: str = "") -> None:
    present = np.unique(truth)
    if len(present) < 2:
        where = f"column {task}: " if task else ""
        raise CallerError(
            f"{path}: {where}all {len(truth)} rows are of the class {names[int(present[0])]}",
            "give rows of at least two classes: neither ROC nor AUC exists for one",
        )


def _task(path: Path, name: str, truth: NDArray[np.int64], values: _Values) -> Predicted:
    _require_two(path, truth, BINARY, name)
    return Predicted(name, BINARY, truth, _both(values.numbers(name), values.kind), values.kind)


def _both(positive: Array, kind: Kind) -> NDArray[np.float64]:
    """The values of both classes, (rows, 2), from those of class 1."""
    return np.stack([-positive if kind == "scores" else 1 - positive, positive], axis=1)


def _classified(
    table: TextTable, text: Sequence[str], found: Sequence[str], values: _Values, positive: str | None
) -> Predicted:
    """One column of classes in the truth."""
    text = [WHOLE.sub(r"\1", value) for value in text]
    names = _class_names(text)
    if any(is_number(name) and not WHOLE.fullmatch(name) for name in names) or len(names) > MOST:
        raise CallerError(
            f"{table.path}: {len(names)} different values are not classes: {_some(names)}",
            "give names or whole numbers; are the two files in the right order?",
        )
    if len(found) > 1:
        missing = [name for name in names if name not in found]
        if missing:
            _require_columns(values.table.path, found, names)
        empty = [name for name in found if name not in names]
        if empty:
            say(f"note: no row is of the class {', '.join(empty)}")
        names = tuple(found)
        return _of_classes(table.path, names, _numbered(text, names), values, positive)
    (column,) = found
    truth = _numbered(text, names)
    _require_two(table.path, truth, names)
    given = [WHOLE.sub(r"\1", value) for value in values.text(column)]
    if set(given) <= set(names) and not (set(given) <= set(BINARY) and names == BINARY):
        return _hard(names, truth, _numbered(given, names), positive)
    strange = sorted(set(given) - set(names))
    if len(names) > 2 or (set(given) & set(names) and not all(map(is_number, strange))):
        raise CallerError(
            f"{values.table.path}: column {column}: {_some(strange)}: no class of the truth has this name",
            f"give the names of classes, or a column of probabilities per class: {', '.join(names)}",
        )
    chance, decided = values.numbers(column), _positive(names, positive)
    of_class = names.index(column) if column in names else decided
    return _two(names, truth, _both(chance, values.kind)[:, :: 1 if of_class else -1], values.kind, decided)


def _hard(
    names: tuple[str, ...], truth: NDArray[np.int64], given: NDArray[np.int64], positive: str | None
) -> Predicted:
    """Predicted classes without probabilities."""
    say("note: the predictions are classes: no ROC curve and no AUC without probabilities")
    chosen = np.eye(len(names))[given]
    if len(names) == 2:
        return _two(names, truth, chosen, "classes", _positive(names, positive))
    _refuse(positive, names)
    return Predicted("", names, truth, chosen, "classes")


def _of_classes(
    path: Path, names: tuple[str, ...], truth: NDArray[np.int64], values: _Values, positive: str | None
) -> Predicted:
    """One column of predictions per class."""
    _require_two(path, truth, names)
    prediction = np.stack([values.numbers(name) for name in names], axis=1)
    sums = values.kind == "probabilities" and bool((np.abs(prediction.sum(axis=1) - 1) <= SUM).all())
    if values.kind == "probabilities" and not sums:
        say("note: the probabilities of a row do not add up to 1: log loss and calibration error are left out")
    if len(names) == 2:
        return _two(names, truth, prediction, values.kind, _positive(names, positive), sums=sums)
    _refuse(positive, names)
    return Predicted("", names, truth, prediction, values.kind, sums)


def _positive(names: tuple[str, ...], wanted: str | None) -> int:
    """The number of the positive class of two: of 0 and 1 it is 1, unless another one is wanted."""
    return 1 if names == BINARY and wanted is None else positive_class(names, wanted)


def _two(
    names: tuple[str, ...], truth: NDArray[np.int64], prediction: Array, kind: Kind, decided: int, *, sums: bool = True
) -> Predicted:
    """Two classes, the positive one second."""
    if decided == 1:
        return Predicted("", names, truth, prediction, kind, sums)
    return Predicted("", names[::-1], 1 - truth, prediction[:, ::-1], kind, sums)


def _refuse(positive: str | None, names: Sequence[str]) -> None:
    if positive is not None:
        raise CallerError(f"--positive {positive}: there are {len(names)} classes", "leave --positive out")


def _class_names(text: Sequence[str]) -> tuple[str, ...]:
    """The classes, by number where all are numbers, else by name."""
    names = set(text)
    return tuple(sorted(names, key=int)) if all(name.isdecimal() for name in names) else tuple(sorted(names))


def _numbered(text: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    place: Mapping[str, int] = {name: number for number, name in enumerate(names)}
    return np.array([place[value] for value in text], dtype=np.int64)
