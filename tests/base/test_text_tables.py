"""Tables fit the terminal at any width, and lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.base.text_tables import plain_table, table

TABLES = st.integers(1, 7).flatmap(
    lambda columns: st.tuples(
        st.lists(st.text("abc 0.é日", min_size=1, max_size=30), min_size=columns, max_size=columns),
        st.lists(
            st.lists(st.text("abc 0.[],é日", max_size=60), min_size=columns, max_size=columns), min_size=1, max_size=4
        ),
        st.sets(st.integers(0, columns - 1)),
        st.integers(1, 2),
    )
)


@given(TABLES, st.sampled_from([20, 60, 80, 200]))
def test_any_table_fits(drawn: tuple[list[str], list[list[str]], set[int], int], width: int) -> None:
    from rich.cells import cell_len

    header, rows, left, keys = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        text = table(header, rows, tuple(left), keys=keys)
    assert max(cell_len(line) for line in text.split("\n")) <= width
    for letter in "abc0[é日":
        assert text.count(letter) >= sum(cell.count(letter) for row in (header, *rows) for cell in row)


def test_columns_that_do_not_fit_follow_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "32")
    header = ["metric", "network", "logistic regression", "gradient boosting"]
    assert table(header, [["rmse (MPa)", "9.14 [7.52, 10.9]", "10.6", "5.56"]]).split("\n") == [
        "metric                network",
        "─────────────────────────────",
        "rmse (MPa)  9.14 [7.52, 10.9]",
        "",
        "              logistic  gradient",
        "metric      regression  boosting",
        "────────────────────────────────",
        "rmse (MPa)        10.6      5.56",
    ]


def test_a_pipe_gets_the_plain_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    header, rows = ["name", "words"], [["a", "b " * 200]]
    assert table(header, rows, left=(1,)) == plain_table(header, rows, left=(1,))
