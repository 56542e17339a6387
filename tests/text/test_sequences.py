"""Texts as rows of numbers, and windows for training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.base.errors import CallerError
from utils.text.sequences import UNKNOWN, Vocabulary, rows_of
from utils.text.windows import from_beginnings


def test_characters_that_training_has_not_seen() -> None:
    known = Vocabulary.of(["abc", "cd"])
    assert known.symbols == ("<end>", UNKNOWN, "a", "b", "c", "d")
    assert known.encode("adz").tolist() == [2, 5, 1]
    assert known.decode([2, 5, 1, 0]) == "ad"


def test_rows() -> None:
    inputs, targets = rows_of([np.array([3, 4], dtype=np.int32), np.array([5], dtype=np.int32)])
    assert inputs.tolist() == [[0, 3, 4], [0, 5, 0]]
    assert targets.tolist() == [[3, 4, 0], [5, 0, -1]]
    with pytest.raises(CallerError, match="a text has 2 characters"):
        rows_of([np.array([3, 4], dtype=np.int32)], length=2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(1, 12))
def test_windows_from_the_beginnings(sizes: list[int], length: int) -> None:
    text = np.concatenate([np.arange(size + 1) for size in sizes] + [np.zeros(1)]).astype(np.int32)
    windows = from_beginnings(text, np.flatnonzero(text[:-1] == 0), length)
    assert windows.shape[1] == length + 1
    assert (windows[:, 0] == 0).sum() == len(sizes)
    assert len(windows) == sum(-(-(size + 1) // length) for size in sizes)
    # What follows each symbol is what follows it in the text, but where the text begins again.
    followers = {*zip(text[:-1].tolist(), text[1:].tolist(), strict=True), (0, 0)}
    assert {*zip(windows[:, :-1].ravel().tolist(), windows[:, 1:].ravel().tolist(), strict=True)} <= followers
    seen = [value for window in windows for value in window[1:].tolist()]
    assert set(text.tolist()) <= set(seen)
