"""Properties of the splits: whatever the rows and the groups, nothing leaks and nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.model_selection import train_test_split

from labs.regression.config import Config as RegressionConfig
from labs.regression.lab import lab
from utils.base.errors import CallerError
from utils.datasets.audit import audit
from utils.datasets.splits import Source, Split, Splits, glue, hold_out, keep_official, row_digests, split_rows

SOURCE = Source("none", "made", "sha256:0", simulated=True)
few = st.integers(0, 4)


@given(labels=st.lists(st.integers(0, 30), min_size=40, max_size=120), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=50)
def test_groups_stay_together_and_rows_are_kept(labels: list[int], seed: int) -> None:
    groups = np.array(labels)
    if len(np.unique(groups)) < 12:
        groups = np.arange(len(labels))
    rows = split_rows(groups, test=0.1, validation=0.1, seed=seed)
    assert sorted(np.concatenate(rows)) == list(range(len(labels)))
    sides = [set(groups[part]) for part in rows]
    assert all(not (one & other) for one, other in [(sides[0], sides[1]), (sides[0], sides[2]), (sides[1], sides[2])])
    again = split_rows(groups, test=0.1, validation=0.1, seed=seed)
    assert all((one == other).all() for one, other in zip(rows, again, strict=True))


@given(first=arrays(int, 20, elements=few), second=arrays(int, 20, elements=st.integers(0, 9)))
@settings(deadline=None)
def test_glue_is_the_finest_partition_that_joins_all_labels(first: np.ndarray, second: np.ndarray) -> None:
    glued = glue(first, second)
    for label in (first, second):
        for value in np.unique(label):
            assert len(set(glued[label == value])) == 1
    # Finest: walking from row to row along shared labels reaches the whole of each group.
    for group in np.unique(glued):
        members = set(np.flatnonzero(glued == group))
        reached = {min(members)}
        while True:
            more = {row for row in members for one in reached if first[row] == first[one] or second[row] == second[one]}
            if more <= reached:
                break
            reached |= more
        assert reached == members


@given(table=arrays(np.float32, (12, 2), elements=st.sampled_from([0.0, 1.0, 2.0])))
@settings(deadline=None)
def test_digests_are_equal_where_rows_are_and_nowhere_else(table: np.ndarray) -> None:
    digests = row_digests(table)
    for one in range(12):
        for other in range(12):
            assert (digests[one] == digests[other]) == bool((table[one] == table[other]).all())


def made(train: list[float], validation: list[float], test: list[float]) -> Splits:
    """Splits of one column, a row's group being its whole part."""

    def part(values: list[float]) -> Split:
        column = np.array(values, dtype="float32")
        return Split(column[:, None], column, np.floor(column).astype(int))

    return Splits(part(train), part(validation), part(test), SOURCE, target="value")


def test_audit_counts_what_leaks() -> None:
    clean = audit(made([1.0, 1.5, 2.0], [3.0], [4.0, 5.0]))
    assert clean["duplicates_across_splits"] == clean["groups_across_splits"] == 0
    leaking = audit(made([1.0, 1.5, 2.0], [3.0, 2.0], [1.0, 1.2, 5.0]))
    assert leaking["duplicates_across_splits"] == 2
    assert leaking["groups_across_splits"] == 2
    assert leaking["test_rows_of_trained_groups"] == 2
    assert leaking["majority"] is None


@given(
    sizes=st.lists(st.integers(1, 4), min_size=60, max_size=150),
    classes=st.integers(2, 4),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=50)
def test_strata_keep_their_shares_and_groups_stay_together(sizes: list[int], classes: int, seed: int) -> None:
    """Groups of one to four rows of one class each, the classes dealt out in turn."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = groups % classes
    rows = split_rows(groups, test=0.2, validation=0.1, seed=seed, classes=labels)
    assert sorted(np.concatenate(rows)) == list(range(len(groups)))
    assert all((np.diff(part) > 0).all() for part in rows)
    sides = [set(groups[part]) for part in rows]
    assert all(not (one & other) for one, other in [(sides[0], sides[1]), (sides[0], sides[2]), (sides[1], sides[2])])
    for label in range(classes):
        of_class = np.unique(groups[labels == label])
        assert abs(len(sides[2] & set(of_class)) - 0.2 * len(of_class)) <= 1


@given(labels=st.lists(st.integers(0, 2), min_size=60, max_size=120), seed=st.integers(0, 500))
@settings(deadline=None, max_examples=30)
def test_rows_that_stand_alone_are_split_as_scikit_learn_does(labels: list[int], seed: int) -> None:
    """So that a course's `train_test_split(stratify=…, random_state=…)` is met row by row."""
    classes = np.array([0, 1, 2] * 5 + labels)
    rows = np.arange(len(classes))
    _, theirs = train_test_split(rows, test_size=0.2, stratify=classes, random_state=seed)
    groups = np.random.default_rng(seed).permutation(len(rows))
    _, ours = hold_out(groups, 0.2, seed, classes)
    assert ours.tolist() == sorted(theirs)


def test_an_official_split_is_kept() -> None:
    official = ["train"] * 40 + ["test"] * 10 + ["train"] * 10
    classes = np.arange(60) % 2
    rows = keep_official(official, np.arange(60), test=0.25, validation=0.2, seed=0, classes=classes)
    assert rows.test.tolist() == list(range(40, 50))
    assert len(rows.validation) == 10
    assert classes[rows.validation].sum() == 5
    whole = keep_official(
        ["train", "validation", "test"] * 20, np.arange(60), test=0.25, validation=0.2, seed=0, classes=classes
    )
    assert whole.validation.tolist() == list(range(1, 60, 3))


def test_a_class_with_one_row_is_refused() -> None:
    with pytest.raises(CallerError, match="31 groups of rows, 1 rows of the rarest class: too few"):
        split_rows(np.arange(31), test=0.2, validation=0.1, seed=0, classes=np.array([0] * 30 + [1]))


def test_audit_of_classes() -> None:
    def part(targets: list[int]) -> Split:
        return Split(np.random.default_rng(len(targets)).random((len(targets), 3)), np.array(targets))

    splits = Splits(part([0, 0, 1]), part([0, 1]), part([1, 1, 1, 0]), SOURCE, target="c", class_names=("a", "b"))
    found = audit(splits)
    assert found["majority"] == 0.25
    assert found["classes"] == {"train": {"a": 2, "b": 1}, "validation": {"a": 1, "b": 1}, "test": {"a": 1, "b": 3}}


def test_concrete_by_mix_leaks_nothing_and_at_random_it_does() -> None:
    by_mix = lab.splits(lab.preset("course"))
    assert sum(len(part) for part in by_mix.parts().values()) == 1030
    groups = [part.groups for part in by_mix.parts().values() if part.groups is not None]
    assert len(np.unique(np.concatenate(groups))) == 427
    assert audit(by_mix) == {
        "duplicates_across_splits": 0,
        "groups_across_splits": 0,
        "test_rows_of_trained_groups": 0,
        "majority": None,
        "classes": {},
    }
    at_random = audit(lab.splits(RegressionConfig(split="random")))
    assert at_random["duplicates_across_splits"] == 0
    assert at_random["test_rows_of_trained_groups"] is not None
    assert at_random["test_rows_of_trained_groups"] > 70


def test_embedded_concrete_is_the_documented_table() -> None:
    splits = lab.splits(lab.preset("course"))
    inputs = np.concatenate([part.inputs for part in splits.parts().values()])
    targets = np.concatenate([part.targets for part in splits.parts().values()])
    whole = row_digests(np.column_stack([inputs, targets]))
    assert len(whole) - len(np.unique(whole)) == 25
    assert inputs.dtype == targets.dtype == np.float32
    # Yeh (1998): ages from 1 to 365 days, strengths from 2.33 to 82.6 MPa.
    assert (inputs[:, -1].min(), inputs[:, -1].max()) == (1, 365)
    assert (round(float(targets.min()), 2), round(float(targets.max()), 2)) == (2.33, 82.6)
