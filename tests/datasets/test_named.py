"""Named tables as splits: the model knows the levels of the training rows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from utils.base.errors import CallerError
from utils.datasets.named import TableFormat, classes_of_table, read_named_table, table_splits
from utils.datasets.obtain import obtain
from utils.datasets.splits import RowSplit, Source, row_digests
from utils.datasets.tables.columns import Column, numbers

FORMAT = TableFormat(
    features=(*numbers("size"), Column("rank", ("1", "2", "3")), Column("kind", ("small", "big", "huge"))),
    target=Column("class", ("no", "yes")),
    class_names=("refused", "taken"),
)
ROWS = ["1.5,3,big,no", "2.5,1,small,yes", "3.5,1,big,no", "4.5,3,huge,yes"]


@pytest.fixture
def obtained(tmp_path: Path) -> Any:
    (tmp_path / "table.csv").write_text("\n".join(["size,rank,kind,class", *ROWS, ""]))
    source = Source("table", "made", "sha256:0", simulated=False)
    return SimpleNamespace(paths=[tmp_path / "table.csv"], source=lambda: source)


def split(obtained: Any, *rows: list[int]) -> Any:
    return table_splits(obtained, FORMAT, read_named_table(obtained.paths[0], FORMAT), RowSplit(*map(np.array, rows)))


def test_the_rows_are_those_of_the_file(obtained: Any) -> None:
    found = split(obtained, [0, 1], [2], [2])
    assert {name: (column.dtype.kind, column.tolist()) for name, column in found.train.inputs.items()} == {
        "size": ("f", [1.5, 2.5]),
        "rank": ("i", [3, 1]),
        "kind": ("U", ["big", "small"]),
    }
    assert found.train.targets.tolist() == [0, 1]


def test_the_levels_are_those_of_the_training_rows(obtained: Any) -> None:
    """In the order of the format; the level 2, which no row has, is not known."""
    assert split(obtained, [0, 1], [2], [2]).categories == {"rank": ("1", "3"), "kind": ("small", "big")}


def test_a_level_without_a_training_row_is_refused(obtained: Any) -> None:
    for rows in (([0, 1], [2], [3]), ([0, 1], [3], [2])):
        with pytest.raises(
            CallerError, match="kind: rows of validation or test have the level huge, which no training"
        ):
            split(obtained, *rows)
    assert split(obtained, [0, 1, 3], [2], [2]).categories["kind"] == ("small", "big", "huge")


def test_equal_rows_of_words_are_in_one_split() -> None:
    """Car evaluation as a whole: all levels are known, and the rows are split as their codes were."""
    shares: Any = SimpleNamespace(test_fraction=0.2, validation_fraction=0.1, split_seed=0)
    from labs.classification.data import TABLES

    table = TABLES["car-evaluation"]
    found = classes_of_table(shares, obtain("car-evaluation", "classification"), table)
    assert {name: len(part) for name, part in found.parts().items()} == {"train": 1243, "validation": 139, "test": 346}
    assert found.categories == {column.name: column.levels for column in table.features}
    assert found.test.inputs["doors"][:3].dtype.kind == "U"


def test_words_of_two_columns_are_not_joined() -> None:
    words = {"a": np.array(["lo", "low", "lo"]), "b": np.array(["wx", "x", "wx"])}
    digests = row_digests(words)
    assert digests[0] == digests[2] != digests[1]
