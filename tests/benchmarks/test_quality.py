"""Baselines are measured again without training, and only on the rows of the record."""

from __future__ import annotations

import pytest

from benchmarks.quality import earlier_record, with_baselines
from utils.base.errors import CallerError


def test_baselines_are_measured_again_on_the_same_rows() -> None:
    known = earlier_record("regression")["data"]["concrete"]["quick"]
    again = with_baselines("regression", "concrete", "quick", {**known, "baselines": {}})
    assert {**again, "baselines": {}, "git_of_baselines": ""} == {**known, "baselines": {}, "git_of_baselines": ""}
    assert again["baselines"]["mean"] == pytest.approx(known["baselines"]["mean"])
    rows = {**known["data"]["rows"], "test": 1}
    with pytest.raises(CallerError, match="not the data of the record"):
        with_baselines("regression", "concrete", "quick", {**known, "data": {**known["data"], "rows": rows}})


def test_nothing_is_recorded_of_an_unknown_lab() -> None:
    assert earlier_record("no_lab") == {}
