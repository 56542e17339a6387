"""What a run says of itself: the command that repeats it, numbers as people write them."""

from __future__ import annotations

import pytest

from labs.regression.config import Config as RegressionConfig
from labs.regression.lab import lab
from utils.base.text_tables import markdown_table, number, plain_table
from utils.runs.card import decision
from utils.runs.completion import command_of


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3.00"), (105.2, "105"), (0.887, "0.887"), (-0.0358, "-0.0358"), (41000, "4.10e+04")]
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_command_repeats_the_run() -> None:
    settings = RegressionConfig(seed=3, split="random", normalize=False, proportions=True, dropout=0.25)
    command = (
        "python -m labs.regression --preset course --seed 3 --dropout 0.25 --no-normalize --proportions --split random"
    )
    assert command_of(lab.definition, "course", settings) == command
    assert command_of(lab.definition, "best", lab.preset("best")) == "python -m labs.regression --preset best"


def test_tables() -> None:
    rows = [["network", "1.5"], ["mean of all", "12"]]
    assert plain_table(["", "rmse"], rows) == "             rmse\nnetwork       1.5\nmean of all    12"
    assert markdown_table(["", "rmse"], rows).splitlines()[1] == "| --- | ---: |"
    words = markdown_table(["", "word", "number"], [["a", "an hour", "−3 s"], ["b", "–", "**4.2 ± 1**"]])
    assert words.splitlines()[1] == "| --- | --- | ---: |"


def test_a_class_keeps_its_name() -> None:
    record = {"classes": ["NORMAL", "PNEUMONIA"], "threshold": 0.31}
    assert decision(record).startswith("PNEUMONIA is predicted from a probability of 0.31, chosen on validation")
