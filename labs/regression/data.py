"""The lab's tables as splits: concrete by mix, bike rentals by day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labs.regression.config import Config
from utils.base.errors import CallerError
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled, labelled_table, of_splits
from utils.datasets.named import BIKE_SHARING, TableFormat, read_named_table, table_splits
from utils.datasets.splits import Splits, glue, row_digests, split_rows
from utils.datasets.tables.columns import Column, numbers
from utils.datasets.tables.csv_tables import read_rows

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


TABLES = {
    "concrete": TableFormat(numbers(*FEATURES), Column(TARGET), unit="MPa", groups=INGREDIENTS),
    "bike-sharing": BIKE_SHARING,
}


def load(config: Config) -> Splits:
    """The table of the config, split by group (mix, day) or at random.

    Exact duplicates are kept (concrete has 25 such rows) and are never in two splits: a duplicate has the mix of its
    double, and the random split holds the two together.

    Returns:
        Inputs: (rows, columns) float32 of concrete; of the bike rentals a dict of (rows,) arrays by column, numbers
        float32, levels int64. Targets (rows,) float32; groups: the number of the mix or of the day.

    Raises:
        CallerError: the lab has no such data set, it is not available, or a folder was given.
    """
    if config.data_dir is not None:
        raise CallerError("--data-dir: this lab reads tables of the catalogue", "leave --data-dir out")
    obtained = obtain.obtain(config.data, "regression")
    table = TABLES[obtained.entry.name]
    if obtained.entry.name != "concrete" and (config.proportions or config.bins):
        option = "--proportions" if config.proportions else "--bins"
        raise CallerError(f"{option}: only for the concrete table", "give --no-proportions --bins 0")
    read = read_named_table(obtained.paths[0], table)
    assert read.groups is not None, "both tables name their groups"
    rows = split_rows(
        read.groups if config.split == "mix" else glue(row_digests(read.inputs)),
        test=config.test_fraction,
        validation=config.validation_fraction,
        seed=config.split_seed,
    )
    return check_splits(table_splits(obtained, table, read, rows), config.batch_size)


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """Rows of other data for `evaluate`: the test split of a data set, or a folder of CSV files.

    Raises:
        CallerError: the data cannot be obtained, or do not have the columns of the run.
    """
    if config.data_dir is not None:
        return labelled_table(config.data_dir, labels)
    return of_splits(load(config), labels)


read = read_rows
"""Rows of CSV files for `predict`; see `utils.datasets.tables.csv_tables.read_rows`."""
