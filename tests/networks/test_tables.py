"""Tables as inputs of a model: levels are looked up inside it, in every format, and unknown ones are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from utils.base.errors import CallerError
from utils.datasets.splits import Source, Split, Splits
from utils.datasets.tables.columns import check_takes_levels, coded, one_hot, raw, schema, typed
from utils.export.formats import FORMATS, open_model, save_model
from utils.export.predictor import Predictor, predictor
from utils.metrics.metric import Metric
from utils.metrics.regression import rmse
from utils.networks.explain import permutation_importance
from utils.networks.tables import columns, table_inputs

RANDOM = np.random.default_rng(0)
FEATURES = ("kind", "size", "rank", "width")
LEVELS = {"kind": ("a", "b", "5more"), "rank": ("-1", "3", "20")}
CODES = np.column_stack([RANDOM.integers(0, 3, (40, 2)), RANDOM.normal(5, 2, (40, 2))])[:, [0, 2, 1, 3]]
TABLE = raw(CODES, FEATURES, LEVELS)
SPLIT = Split(TABLE, np.zeros(40))
SPLITS = Splits(
    SPLIT,
    SPLIT,
    SPLIT,
    Source("none", "made", "sha256:0", simulated=True),
    target="value",
    features=FEATURES,
    categories=LEVELS,
)


def encoded(embedding: int, splits: Splits = SPLITS) -> keras.Model:
    inputs = table_inputs(splits)
    return keras.Model(inputs, columns(inputs, splits, embedding))


def test_columns_are_normalised_and_one_hot() -> None:
    found = predictor(encoded(0)).predict(TABLE)
    plain = one_hot(TABLE, FEATURES, LEVELS)
    np.testing.assert_array_equal(found[:, 2:], plain[:, [0, 1, 2, 4, 5, 6]])
    numbers = CODES[:, [1, 3]].astype("float32")
    np.testing.assert_allclose(found[:, :2], (numbers - numbers.mean(axis=0)) / numbers.std(axis=0), atol=1e-4)
    assert encoded(0).trainable_weights == []


def test_a_table_of_numbers_is_one_array() -> None:
    part = Split(CODES[:, [1, 3]].astype("float32"), np.zeros(40))
    splits = replace(SPLITS, train=part, features=("size", "width"), categories={})
    found = predictor(encoded(0, splits)).predict(part.inputs)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)


@pytest.fixture(scope="module", params=[0, 2])
def saved(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, Path]:
    model, folder = encoded(request.param), tmp_path_factory.mktemp("saved")
    save_model(model, folder)
    return model, folder


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_looks_up_the_levels(form: str, saved: tuple[keras.Model, Path]) -> None:
    model, folder = saved
    opened = open_model(folder / FORMATS[form])
    np.testing.assert_array_equal(opened.predict(TABLE), predictor(model).predict(TABLE))
    assert opened.signature["inputs"]["kind"] == {"dtype": "string", "shape": [None]}
    assert opened.signature["inputs"]["rank"] == {"dtype": "int64", "shape": [None]}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rank": np.array([3, 2])}, "does not know the level 2 of a category"),
        ({"rank": np.array([-1, 0])}, "does not know the level 0"),  # the index of a level is none
        ({"kind": np.array(["a", "c"])}, 'does not know the level "c" of'),
        ({"kind": np.array(["a", "A"])}, "does not know the level"),
        ({"kind": np.array([0, 1])}, "takes string for kind, not numbers"),
        ({"rank": np.array(["3", "20"])}, "takes int64 for rank, not words"),
        ({"rank": np.array([3, 3.5])}, "takes int64 for rank, not 3.5"),
        ({"rank": np.array([3, np.nan])}, "takes int64 for rank, not nan"),
    ],
)
def test_unknown_levels_are_refused(
    form: str, change: dict[str, Any], message: str, saved: tuple[keras.Model, Path]
) -> None:
    opened = open_model(saved[1] / FORMATS[form])
    two = {name: array[:2] for name, array in TABLE.items()}
    with pytest.raises(CallerError, match=message):
        opened.predict({**two, **change})


def test_what_other_programs_get_for_a_fraction(saved: tuple[keras.Model, Path]) -> None:
    """As the model card says: Keras cuts it off, as of any input of whole numbers; the SavedModel refuses it."""
    two = {name: tf.constant(array[:2]) for name, array in TABLE.items()}
    model = keras.saving.load_model(saved[1] / FORMATS["keras"], compile=False)
    whole, cut = (model({**two, "rank": tf.constant(values)}) for values in ([3, 20], [3.9, 20.0]))
    np.testing.assert_array_equal(whole, cut)
    loaded = tf.saved_model.load(saved[1] / FORMATS["saved_model"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected to be a int64 tensor but is a float"):
        loaded.signatures["serving_default"](**{**two, "rank": tf.constant([3.9, 20.0])})


def test_importance_of_columns_by_name() -> None:
    """The same shuffles as of an array; only the column that is predicted matters."""
    inputs = {"a": np.arange(30.0), "b": np.arange(30) % 3}
    metric = Metric(rmse, "lower")
    found = permutation_importance(lambda rows: rows["a"], inputs, inputs["a"], metric, repeats=4)
    assert found.shape == (2, 4)
    assert (found[0] > 1).all()
    assert (found[1] == 0).all()
    array = np.stack([inputs["a"], inputs["b"]], axis=1)
    again = permutation_importance(lambda rows: rows[:, 0], array, inputs["a"], metric, repeats=4)
    np.testing.assert_array_equal(again, found)


def test_another_error_of_a_model_is_not_taken_for_an_unknown_level() -> None:
    def call(_: Any) -> Any:
        raise tf.errors.InvalidArgumentError(None, None, "another reason")

    with pytest.raises(tf.errors.InvalidArgumentError, match="another reason"):
        Predictor(call, {"inputs": {"x": {"dtype": "float32", "shape": [None]}}, "outputs": {}}, None).predict(
            np.zeros(2, "float32")
        )


@given(st.lists(st.one_of(st.integers(-3, 30).map(str), st.text(max_size=3)), min_size=1, max_size=6, unique=True))
def test_codes_and_levels_are_inverse(levels: list[str]) -> None:
    levels = [level.rstrip("\0") or "x" for level in levels]  # NumPy's strings do not end with a zero
    levels = list(dict.fromkeys(levels))
    codes = np.column_stack([np.arange(len(levels)), np.linspace(0, 1, len(levels))])
    values = raw(codes, ("level", "number"), {"level": levels})
    assert [str(value) for value in values["level"]] == levels
    np.testing.assert_allclose(coded(values, ("level", "number"), {"level": levels}), codes, rtol=1e-6)


def test_levels_are_whole_numbers_or_words() -> None:
    assert typed(("1", "-2")).dtype == "int64"
    for words in (("1", "2", "5more"), ("01", "1"), ("1.0",), ("-",), ("", "1"), ("²",)):
        assert typed(words).dtype.kind == "U", words
        assert typed(words).tolist() == list(words)


def test_a_level_that_is_not_known_has_no_code() -> None:
    with pytest.raises(CallerError, match="rank: 4 is none of -1, 3, 20"):
        coded({**TABLE, "rank": np.full(40, 4)}, FEATURES, LEVELS)


def test_a_run_that_took_codes_is_refused() -> None:
    labels = {"features": ["rank"], "categories": {"rank": ["1", "2"]}, "input_shape": [1]}
    with pytest.raises(CallerError, match="trained by an earlier version"):
        schema(labels)
    check_takes_levels({**labels, "features": [], "categories": {"character": ["a"]}})  # the vocabulary of a text
    assert schema({**labels, "input_shape": {"rank": []}})[0].levels == ("1", "2")
