"""Rows with targets that a saved model is measured on, checked against what the model knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.atomic_files import digest_of_all, sha256
from utils.base.console import say
from utils.base.errors import CallerError
from utils.base.named_arrays import each
from utils.base.paths import files_below, printable
from utils.datasets.splits import Source, Split, Splits
from utils.datasets.tables.columns import Column, check_takes_levels, raw, schema
from utils.datasets.tables.csv_tables import read_table


@dataclass(frozen=True)
class Labelled:
    """Rows with targets.

    Attributes:
        test: the rows.
        source: where they come from.
        which: which rows of the data they are, in words: `its test split`, `all its rows`.
    """

    test: Split
    source: Source
    which: str


def of_splits(splits: Splits, labels: Mapping[str, Any]) -> Labelled:
    """The test split of other data.

    Args:
        splits: of a lab's `load`, with other data than the run's.
        labels: a run's `labels.json`.

    Raises:
        CallerError: columns, levels, classes or the form of an input are not those of the run.
    """
    where = splits.source.name
    check_takes_levels(labels)
    _check_same(where, "columns", labels["features"], splits.features)
    for name, levels in labels["categories"].items():
        _check_same(where, f"levels of {name}", levels, splits.categories.get(name, ()))
    test = splits.test
    if labels["class_names"]:
        test = replace(test, targets=renumbered(where, test.targets, splits.class_names, labels["class_names"]))
    elif (labels["target"], labels["unit"]) != (splits.target, splits.unit):
        raise CallerError(
            f"{where}: the target is {splits.target} ({splits.unit}), that of the run {labels['target']} "
            f"({labels['unit']})",
            "give data with the same target",
        )
    shape = each(lambda array: list(array.shape[1:]), test.inputs)
    if shape != labels["input_shape"]:
        raise CallerError(
            f"{where}: an input has the shape {shape}, the run takes {labels['input_shape']}",
            "give data of the same form",
        )
    return Labelled(test, splits.source, "its test split")


def _check_same(where: str, what: str, known: Sequence[str], found: Sequence[str]) -> None:
    if list(known) == list(found):
        return
    extra, missing = [each for each in found if each not in known], [each for each in known if each not in found]
    differences = [
        *([f"not known to the run: {', '.join(extra)}"] if extra else []),
        *([f"missing: {', '.join(missing)}"] if missing else []),
        *(["in another order"] if not extra and not missing else []),
    ]
    raise CallerError(
        f"{where}: the {what} are not those of the run ({'; '.join(differences)})",
        f"give data with the {what} {', '.join(known)}" if known else "give data of the same kind",
    )


def renumbered(where: str, targets: NDArray[np.int64], found: Sequence[str], known: Sequence[str]) -> NDArray[np.int64]:
    """Class numbers of other data as the run counts its classes.

    The names must be the same, in any order; they may differ in capitals.

    Args:
        where: the data, for errors.
        targets: (rows,) class numbers of the data.
        found: class names of the data.
        known: class names of the run.

    Raises:
        CallerError: a class is not known to the run, or missing in the data.
    """
    place = {name.casefold(): number for number, name in enumerate(known)}
    if len(place) < len(known):  # names that differ only in capitals must be the same
        place = {name: number for number, name in enumerate(known)}
    as_known = [name if name in place else name.casefold() for name in found]
    if len(set(as_known)) < len(as_known):
        raise CallerError(f"{where}: two classes have the same name: {', '.join(found)}", "rename one of them")
    if sorted(as_known) != sorted(place):
        given = [known[place[name]] if name in place else one for name, one in zip(as_known, found, strict=True)]
        _check_same(where, "classes", known, given)
    if list(found) != list(known):
        say(f"note: the classes {', '.join(found)} are taken as the run's {', '.join(known)}, by their names")
    return np.array([place[name] for name in as_known], dtype=np.int64)[targets]


def labelled_table(root: Path, labels: Mapping[str, Any]) -> Labelled:
    """All rows of the CSV files of a folder, which have the columns of the run and its target.

    Args:
        root: the folder.
        labels: a run's `labels.json`.

    Raises:
        CallerError: there is no folder or no CSV file; see also `read_table`.
    """
    if not root.is_dir():
        raise CallerError(f"--data-dir {root}: no such folder", "give a folder of CSV files")
    paths = [path for path in files_below(root) if path.suffix.lower() == ".csv"]
    if not paths:
        raise CallerError(f"--data-dir {root}: it contains no .csv file", "give a folder of CSV files")
    target = Column(labels["target"], tuple(labels["class_names"]))
    values = np.concatenate([read_table(path, [*schema(labels), target]) for path in paths])
    inputs = raw(values[:, :-1], labels["features"], labels["categories"])
    targets = values[:, -1].astype("int64" if labels["class_names"] else "float32")
    digest = digest_of_all({path.relative_to(root).as_posix(): sha256(path) for path in paths})
    source = Source(printable(root.resolve().name), "your folder", digest, simulated=False)
    return Labelled(Split(inputs, targets), source, "all its rows")
