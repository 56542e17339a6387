"""Which baselines a run evaluates: those that take long are not part of a smoke run, and none are of a trial."""

from __future__ import annotations

from typing import Any

import pytest

import labs
from utils.metrics.baselines import ON_FROZEN_FEATURES
from utils.metrics.classical import classical_baselines
from utils.pretrained.feature_baseline import slow_baselines
from utils.runs import card, harness
from utils.runs.hooks import SupervisedHooks


class Compared(SupervisedHooks):
    """A lab with a baseline of each kind."""

    def baselines(self, config: Any, splits: Any) -> dict[str, Any]:
        return {"mean": (config, splits)}

    def slow_baselines(self, config: Any, splits: Any) -> dict[str, Any]:
        return {"forest": (config, splits)}


@pytest.mark.parametrize(
    ("preset", "names"), [("course", ["mean", "forest"]), ("best", ["mean", "forest"]), ("quick", ["mean"])]
)
def test_a_smoke_run_omits_what_takes_long(preset: str, names: list[str]) -> None:
    splits: Any = "splits"
    assert list(harness.baselines(Compared(), "config", splits, preset)) == names
    assert list(harness.baselines(Compared(), "config", splits, preset, slow=False)) == ["mean"]
    assert SupervisedHooks().slow_baselines(None, None) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["classification", "pneumonia", "galaxy"])
def test_labs_on_images_are_compared_with_classical_models_and_frozen_features(name: str) -> None:
    lab: Any = labs.find_lab(name)
    assert lab.slow_baselines is slow_baselines


@pytest.mark.parametrize("name", ["regression", "transfer", "foundations"])
def test_the_other_labs_are_compared_with_classical_models(name: str) -> None:
    lab: Any = labs.find_lab(name)
    assert lab.slow_baselines is classical_baselines


def test_the_card_says_on_which_rows_the_baselines_were_fitted() -> None:
    assert (
        card.fitted_on({"baselines": {"mean": {}}})
        == "The baselines were fitted on the training and the validation rows"
    )
    said = card.fitted_on({"baselines": {"mean": {}, f"{ON_FROZEN_FEATURES}_of_2000_rows": {}}})
    assert said.endswith("on training rows, at a strength chosen on validation")
