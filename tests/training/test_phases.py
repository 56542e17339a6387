"""A training of several phases: counted through, resumed in either, kept where validation liked it best."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from labs.regression.config import Config as RegressionConfig
from labs.regression.lab import lab as regression
from utils.datasets.splits import Splits
from utils.runs import artifacts, harness, run_folder
from utils.runs.supervised import SupervisedLab
from utils.training import checkpoint
from utils.training.results import Fitted, Phase, Row


class KilledError(Exception):
    """Simulates a kill between two epochs."""


def two_phases(rate: float = 1e-3) -> SupervisedLab:
    """The regression lab, whose network is then trained on with another rate and a dropout before it."""

    def build(config: Any, splits: Splits, earlier: keras.Model) -> keras.Model:
        inputs = keras.Input(earlier.input.shape[1:])
        return keras.Model(inputs, earlier(keras.layers.Dropout(0.1)(inputs)))

    def compiled(config: Any, splits: Splits) -> dict[str, Any]:
        return {**regression.compile(config, splits), "optimizer": keras.optimizers.Adam(rate)}

    def batches(config: Any, splits: Splits) -> Any:
        return regression.batches(config, splits)

    return regression.replace(phase="first", further=lambda *_: [Phase("second", 3, build, compiled, batches)])


@pytest.fixture(scope="module")
def splits() -> Splits:
    return regression.splits(RegressionConfig())


def config(**changed: Any) -> RegressionConfig:
    return RegressionConfig(epochs=4, restore_best_weights=False, **changed)


def fitted(
    lab: SupervisedLab, splits: Splits, folder: Path | None = None, kill_after: int = 0, **changed: Any
) -> Fitted:
    folder.mkdir(exist_ok=True) if folder else None

    def killed(row: Row, epochs: int, _: float) -> None:
        assert epochs == 7
        if row["epoch"] == kill_after:
            raise KilledError

    return harness.fit(lab, config(**changed), splits, folder=folder, on_epoch=killed)


def test_epochs_are_numbered_through(splits: Splits, tmp_path: Path) -> None:
    found = fitted(two_phases(), splits)
    assert [row["epoch"] for row in found.progress.history] == [1, 2, 3, 4, 5, 6, 7]
    assert found.progress.phases == {"first": 4, "second": 3}
    assert found.kept_epoch == 7
    artifacts.write_history(tmp_path / "history.csv", found.progress)
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["phase"] for row in rows] == ["first"] * 4 + ["second"] * 3
    assert list(rows[0])[:2] == ["phase", "epoch"]


def test_the_second_phase_goes_on_from_the_first(splits: Splits) -> None:
    alone = harness.fit(regression, config(), splits)
    both = fitted(two_phases(rate=1e-30), splits)
    for one, other in zip(
        alone.model.get_weights(), both.model.get_weights()[-len(alone.model.weights) :], strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("kill_after", [2, 4, 5, 6])
def test_killed_in_either_phase_it_ends_with_the_same_bits(kill_after: int, splits: Splits, tmp_path: Path) -> None:
    whole = fitted(two_phases(), splits, tmp_path / "whole")
    with pytest.raises(KilledError):
        fitted(two_phases(), splits, tmp_path / "run", kill_after)
    resumed = fitted(two_phases(), splits, tmp_path / "run")
    assert 1 <= resumed.progress.resumed_at <= kill_after, "a state is written when it costs little"
    for one, other in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    expected, found = (
        [{name: value for name, value in row.items() if name != "seconds"} for row in each.progress.history]
        for each in (whole, resumed)
    )
    assert expected == found


@pytest.mark.parametrize("rate", [1e-4, 3.0])
def test_the_epoch_that_is_kept_is_the_best_of_both(rate: float, splits: Splits) -> None:
    """With a rate that only makes it worse, the first phase's best stays, and its weights."""
    kept = replace(config(), restore_best_weights=True)
    first, both = harness.fit(regression, kept, splits), harness.fit(two_phases(rate), kept, splits)
    losses = [row["val_loss"] for row in both.progress.history]
    assert losses[both.kept_epoch - 1] == min(losses)
    assert (both.kept_epoch <= 4) == (min(losses[4:]) >= first.progress.best_loss)
    if rate == 3.0:
        assert both.kept_epoch == first.kept_epoch
        for one, other in zip(
            first.model.get_weights(), both.model.get_weights()[-len(first.model.weights) :], strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_states_of_both_phases_go_when_a_run_is_whole(tmp_path: Path) -> None:
    folder = run_folder.RunFolder(tmp_path / "run")
    partial = folder.begin({"lab": "x"})
    for phase in (1, 2):
        checkpoint.state_of(partial, phase).write_text("state")
    (partial / run_folder.RECORD).write_text("{}")
    folder.finish()
    assert [path.name for path in (tmp_path / "run").iterdir()] == [run_folder.RECORD]
