"""The parts of networks compute what their names say, and survive every format."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from utils.datasets.csv_tables import one_hot
from utils.datasets.splits import Source, Split, Splits
from utils.export.formats import FORMATS, open_model, save_model
from utils.export.predictor import predictor
from utils.networks.blocks import columns, lstm_stack
from utils.networks.compiling import cross_entropy
from utils.networks.ensembles import committee, mean_answer, mirror_images

RANDOM = np.random.default_rng(0)
TABLE = np.column_stack([RANDOM.integers(0, 3, 40), RANDOM.normal(5, 2, 40), RANDOM.integers(0, 2, 40)]).astype(
    "float32"
)
SPLIT = Split(TABLE, np.zeros(40))
SPLITS = Splits(
    SPLIT,
    SPLIT,
    SPLIT,
    Source("none", "made", "sha256:0", simulated=True),
    target="value",
    features=("kind", "size", "new"),
    categories={"kind": ("a", "b", "c"), "new": ("no", "yes")},
)


def encoded(embedding: int) -> keras.Model:
    inputs = keras.Input((3,), name="features")
    return keras.Model(inputs, columns(inputs, SPLITS, embedding))


def test_columns_are_normalised_and_one_hot() -> None:
    found = encoded(0).predict_on_batch(TABLE)
    plain = one_hot(TABLE, SPLITS.features, SPLITS.categories)
    np.testing.assert_allclose(found[:, 1:], plain[:, [0, 1, 2, 4, 5]], atol=1e-6)
    np.testing.assert_allclose(found[:, 0], (TABLE[:, 1] - TABLE[:, 1].mean()) / TABLE[:, 1].std(), atol=1e-4)
    assert encoded(0).trainable_weights == []


@pytest.mark.parametrize("embedding", [0, 2])
def test_columns_survive_every_format(embedding: int, tmp_path: Path) -> None:
    model = encoded(embedding)
    assert model.output_shape == (None, 1 + 2 * embedding if embedding else 6)
    save_model(model, tmp_path)
    for file in FORMATS.values():
        np.testing.assert_allclose(
            open_model(tmp_path / file).predict(TABLE), predictor(model).predict(TABLE), atol=1e-6
        )


def test_smoothed_cross_entropy() -> None:
    truth, guess = np.array([[0], [2]]), np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    smoothed = np.where(np.eye(3)[[0, 2]] == 1, 0.8, 0.1)
    expected = -(smoothed * np.log(guess)).sum(axis=1)
    for shaped in (truth, truth[:, 0]):
        np.testing.assert_allclose(cross_entropy(3, 0.3)(shaped, guess), expected, rtol=1e-5)
    assert cross_entropy(3) == "sparse_categorical_crossentropy"


def test_cross_entropy_of_several_answers() -> None:
    truth, guesses = np.array([0, 2]), RANDOM.dirichlet(np.ones(3), (2, 4))
    found = cross_entropy(3, answers=4)(truth, guesses)
    np.testing.assert_allclose(found, -np.log([guesses[0, :, 0], guesses[1, :, 2]]), rtol=1e-5)


def test_the_mean_over_mirror_images(tmp_path: Path) -> None:
    pictures = RANDOM.integers(0, 256, (5, 4, 6, 1)).astype("uint8")
    inputs = keras.Input((4, 6, 1), dtype="float32")
    trained = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs)))
    trained.compile(loss=cross_entropy(2, 0.1))  # a function that no file can name
    averaged = mean_answer(trained, mirror_images)
    answers = [predictor(trained).predict(each.astype("float32")) for each in (pictures, pictures[:, :, ::-1])]
    np.testing.assert_allclose(predictor(averaged).predict(pictures), np.mean(answers, axis=0), atol=1e-6)
    save_model(averaged, tmp_path)
    for file in FORMATS.values():
        found = open_model(tmp_path / file).predict(pictures)
        np.testing.assert_allclose(found, np.mean(answers, axis=0), atol=1e-6)


def test_a_committee_answers_with_its_mean(tmp_path: Path) -> None:
    def member(name: str) -> keras.Model:
        inputs = keras.Input((4, 4, 1), dtype="float32")
        values = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="convolution")(inputs))
        return keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="answer")(values), name=name)

    keras.utils.set_random_seed(0)
    pictures = RANDOM.integers(0, 3, (5, 4, 4, 1)).astype("uint8")  # small levels, so that no softmax is at its end
    trained = committee(member, 3)
    answers = trained.predict(pictures.astype("float32"), verbose=0)
    assert answers.shape == (5, 3, 2)
    assert not np.allclose(answers[:, 0], answers[:, 1]), "each starts from weights of its own"
    averaged = mean_answer(trained)
    save_model(averaged, tmp_path)
    for file in FORMATS.values():
        np.testing.assert_allclose(open_model(tmp_path / file).predict(pictures), answers.mean(axis=1), atol=1e-6)


def test_cells_that_keep_what_they_hold() -> None:
    """Before anything is learned, what a cell holds fades in up to as many steps as asked, each in its own number."""
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, lstm_stack(inputs, layers=2, units=500, memory=50))
    for layer in model.layers[1:]:
        admit, keep, candidate, out = np.split(layer.cell.bias.numpy(), 4)
        steps = 1 / (1 - 1 / (1 + np.exp(-keep)))
        assert steps.min() >= 2
        assert 45 < steps.max() <= 51
        np.testing.assert_array_equal(admit, -keep)
        assert not candidate.any()
        assert not out.any()
    plain = keras.Model(inputs, lstm_stack(inputs, layers=1, units=4, dropout=0.5))
    assert plain.layers[1].cell.bias.numpy().tolist() == [0] * 4 + [1] * 4 + [0] * 8
    assert [type(layer).__name__ for layer in plain.layers[1:]] == ["LSTM", "Dropout"]
