"""The lab's tables as splits: concrete by mix, bike rentals by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labs.regression.config import Config
from utils.base.errors import CallerError
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.csv_tables import Column, categories, numbers, read_rows, read_table
from utils.datasets.splits import Source, Splits, glue, row_digests, split_rows

INGREDIENTS = (
    "cement",
    "blast_furnace_slag",
    "fly_ash",
    "water",
    "superplasticizer",
    "coarse_aggregate",
    "fine_aggregate",
)
"""kg in a cubic metre of concrete: together they are the mix."""
FEATURES = (*INGREDIENTS, "age")
"""The ingredients, and the age in days at which a sample was crushed."""
TARGET = "compressive_strength"


@dataclass(frozen=True)
class Table:
    """How a table is read.

    Attributes:
        features: the input columns.
        target: the column that is predicted.
        name: of the target, where the column's says little.
        unit: of the target.
        groups: columns whose equal values hold rows together when whole groups are held out.
        unused: columns that the file has besides: they tell the answer, or nothing.
    """

    features: tuple[Column, ...]
    target: str
    name: str
    unit: str
    groups: tuple[str, ...]
    unused: tuple[Column, ...] = ()


def _levels(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(level) for level in range(first, last + 1))


TABLES = {
    "concrete": Table(numbers(*FEATURES), TARGET, TARGET, "MPa", INGREDIENTS),
    "bike-sharing": Table(
        features=(
            Column("season", _levels(1, 4)),
            Column("yr", _levels(0, 1)),
            Column("mnth", _levels(1, 12)),
            Column("hr", _levels(0, 23)),
            Column("holiday", _levels(0, 1)),
            Column("weekday", _levels(0, 6)),
            Column("workingday", _levels(0, 1)),
            Column("weathersit", _levels(1, 4)),
            *numbers("temp", "hum", "windspeed"),
        ),
        target="cnt",
        name="rentals",
        unit="bikes/h",
        groups=("dteday",),
        # `casual` and `registered` add up to the target; `atemp` is `temp` once more, as the course has it.
        unused=(*numbers("instant", "atemp", "casual", "registered"), Column("dteday", label=True)),
    ),
}


def load(config: Config) -> Splits:
    """The table of the config, split by group (mix, day) or at random.

    Exact duplicates are kept (concrete has 25 such rows) and never stand on two sides: a duplicate has the mix of its
    double, and the random split holds the two together.

    Returns:
        Inputs (rows, columns) float32, numbers and codes of levels; targets (rows,) float32; groups: the number of the
        mix or of the day.

    Raises:
        CallerError: the lab has no such data set, it cannot be had, or a folder was given.
    """
    if config.data_dir is not None:
        raise CallerError("--data-dir: this lab reads tables of the catalogue", "leave --data-dir out")
    obtained = obtain.obtain(config.data, "regression")
    table = TABLES[obtained.entry.name]
    if obtained.entry.name != "concrete" and (config.proportions or config.bins):
        option = "--proportions" if config.proportions else "--bins"
        raise CallerError(f"{option}: this is for the concrete table alone", "give --no-proportions --bins 0")
    columns = (*table.features, *numbers(table.target), *table.unused)
    values = read_table(obtained.paths[0], columns)
    place = {column.name: number for number, column in enumerate(columns)}
    held = values[:, [place[name] for name in table.groups]]
    groups = np.unique(held, axis=0, return_inverse=True)[1]
    inputs = values[:, : len(table.features)].astype("float32")
    targets = values[:, place[table.target]].astype("float32")
    rows = split_rows(
        groups if config.split == "mix" else glue(row_digests(inputs)),
        test=config.test_fraction,
        validation=config.validation_fraction,
        seed=config.split_seed,
    )
    splits = Splits(
        *rows.take(inputs, targets, groups),
        Source(obtained.entry.name, obtained.found, obtained.digest, obtained.entry.simulated),
        target=table.name,
        features=tuple(column.name for column in table.features),
        categories=categories(table.features),
        unit=table.unit,
    )
    return check_splits(splits, config.batch_size)


read = read_rows
"""Rows of CSV files for `predict`; see `utils.datasets.csv_tables.read_rows`."""
