"""Rows that a saved model is measured on: the classes and columns of the run, in any order, or an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labs.cli.records.other_data import trained_rows
from utils.base.errors import CallerError
from utils.datasets.labelled import labelled_table, of_splits, renumbered
from utils.datasets.splits import Source, Split, Splits
from utils.images.labelled_images import labelled_images

LABELS: dict[str, Any] = {
    "features": ["weight", "kind"],
    "categories": {"kind": ["soft", "hard"]},
    "target": "price",
    "unit": "EUR",
    "class_names": [],
    "input_shape": {"weight": [], "kind": []},
    "centre": 1.0,
}
IMAGES = {**LABELS, "features": [], "categories": {}, "class_names": ["NORMAL", "SICK"], "input_shape": [8, 8, 1]}


@given(st.permutations(["Normal", "sick", "BOTH"]), st.lists(st.integers(0, 2), min_size=1))
def test_classes_keep_their_names_in_any_order(found: list[str], targets: list[int]) -> None:
    known = ["both", "normal", "sick"]
    numbers = renumbered("there", np.array(targets), found, known)
    assert [known[number] for number in numbers] == [found[target].lower() for target in targets]


def test_names_that_differ_only_in_capitals_stay_apart() -> None:
    np.testing.assert_array_equal(renumbered("there", np.array([0, 1]), ["a", "A"], ["A", "a"]), [1, 0])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (["NORMAL"], "missing: SICK"),
        (["NORMAL", "SICK", "Other"], "not known to the run: Other"),
        (["NORMAL", "Other"], "not known to the run: Other; missing: SICK"),
        (["NORMAL", "SICK", "sick"], "two classes have the same name"),
    ],
)
def test_other_classes_are_refused(found: list[str], said: str) -> None:
    with pytest.raises(CallerError, match=said):
        renumbered("there", np.zeros(3, int), found, ["NORMAL", "SICK"])


def splits() -> Splits:
    inputs = {"weight": np.zeros(4, "float32"), "kind": np.array(["soft", "hard"] * 2)}
    part = Split(inputs, np.zeros(4, "float32"))
    source = Source("there", "embedded", "sha256:1", simulated=False)
    return Splits(
        *(part, part, part),
        source,
        target="price",
        unit="EUR",
        features=("weight", "kind"),
        categories={"kind": ("soft", "hard")},
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"features": ("weight", "colour")},
            "columns are not those of the run .*known to the run: colour; missing: kind",
        ),
        ({"features": ("kind", "weight")}, "in another order"),
        ({"categories": {"kind": ("soft",)}}, "levels of kind .*missing: hard"),
        ({"unit": "USD"}, r"the target is price \(USD\)"),
        ({"target": "cost"}, "the target is cost"),
        (
            {"test": Split(np.zeros((4, 3)), np.zeros(4))},
            r"shape \[3\], the run takes \{'weight': \[\], 'kind': \[\]\}",
        ),
    ],
)
def test_other_columns_are_refused(change: dict[str, Any], said: str) -> None:
    assert of_splits(splits(), LABELS).which == "its test split"
    with pytest.raises(CallerError, match=said):
        of_splits(replace(splits(), **change), LABELS)


def test_a_run_that_took_codes_of_levels_is_refused() -> None:
    with pytest.raises(CallerError, match=r"takes the codes of levels .* earlier version"):
        of_splits(splits(), {**LABELS, "input_shape": [2]})


def test_a_folder_of_tables(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("price,kind,weight\n3.5,hard,1\n")
    (tmp_path / "a.csv").write_text("weight,kind,price\n2,soft,1.5\n4,soft,2.5\n")
    found = labelled_table(tmp_path, LABELS)
    assert {name: column.tolist() for name, column in found.test.inputs.items()} == {
        "weight": [2, 4, 1],
        "kind": ["soft", "soft", "hard"],
    }
    np.testing.assert_array_equal(found.test.targets, np.array([1.5, 2.5, 3.5], "float32"))
    assert (found.which, found.source.name, found.source.simulated) == ("all its rows", tmp_path.name, False)
    named = {**LABELS, "class_names": ["cheap", "dear"]}
    (tmp_path / "a.csv").write_text("weight,kind,price\n2,soft,dear\n")
    (tmp_path / "b.csv").unlink()
    assert labelled_table(tmp_path, named).test.targets.tolist() == [1]
    (tmp_path / "a.csv").write_text("weight,kind\n2,soft\n")
    with pytest.raises(CallerError, match="missing column price"):
        labelled_table(tmp_path, LABELS)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(CallerError, match=r"contains no \.csv file"):
        labelled_table(tmp_path, LABELS)
    with pytest.raises(CallerError, match="no such folder"):
        labelled_table(tmp_path / "nowhere", LABELS)


def image(path: Path, level: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((20, 30), level, "uint8")).save(path)


def test_a_folder_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))
    flat, split = tmp_path / "flat", tmp_path / "split"
    for number in range(3):
        image(flat / "normal" / f"a{number}.png", number)
        image(flat / "sick" / f"p{number}.png", 100 + number)
    found = labelled_images(flat, IMAGES)
    assert (found.which, len(found.test), found.test.targets.tolist()) == ("all its rows", 6, [0, 0, 0, 1, 1, 1])
    assert found.test.inputs.shape == (6, 8, 8, 1)
    for part, number in (("train", 0), ("test", 1)):
        image(split / part / "normal" / f"a{number}.png", number)
        image(split / part / "sick" / f"p{number}.png", 100 + number)
    found = labelled_images(split, IMAGES, lambda names: np.array([name[-5] for name in names]))
    assert (found.which, found.test.inputs[:].max(axis=(1, 2, 3)).tolist()) == ("its test split", [1, 101])
    assert found.test.groups is not None
    assert found.test.groups.tolist() == ["1", "1"]
    with pytest.raises(CallerError, match="missing: BOTH"):
        labelled_images(flat, {**IMAGES, "class_names": ["NORMAL", "SICK", "BOTH"]})


def test_rows_of_the_training_are_found() -> None:
    random = np.random.default_rng(0)
    inputs = random.integers(0, 9, (30, 5)).astype("int32")
    parts = [Split(inputs[start : start + 10], np.zeros(10)) for start in (0, 10, 20)]
    trained = replace(splits(), train=parts[0], validation=parts[1], test=parts[2])
    assert trained_rows(inputs, trained) == 20
    assert trained_rows(parts[2].inputs, trained) == 0
    longer = np.pad(inputs, ((0, 0), (0, 3)))  # the same sequences, padded to another length
    assert trained_rows(longer, trained) == 20
    assert (
        trained_rows(
            {"word": inputs[:2]},
            replace(
                trained,
                train=Split({"word": inputs[:1]}, np.zeros(1)),
                validation=Split({"word": inputs[5:6]}, np.zeros(1)),
            ),
        )
        == 1
    )
