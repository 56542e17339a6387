"""The building blocks compute what their names say, and every format saves them."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from utils.export.formats import FORMATS, open_model, save_model
from utils.export.predictor import predictor
from utils.networks.blocks import lstm_stack
from utils.networks.compiling import cross_entropy
from utils.networks.ensembles import average_predictions, ensemble, mirror_images

RANDOM = np.random.default_rng(0)


def test_smoothed_cross_entropy() -> None:
    truth, guess = np.array([[0], [2]]), np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    smoothed = np.where(np.eye(3)[[0, 2]] == 1, 0.8, 0.1)
    expected = -(smoothed * np.log(guess)).sum(axis=1)
    for shaped in (truth, truth[:, 0]):
        np.testing.assert_allclose(cross_entropy(3, 0.3)(shaped, guess), expected, rtol=1e-5)
    assert cross_entropy(3) == "sparse_categorical_crossentropy"


def test_cross_entropy_of_an_ensemble() -> None:
    truth, guesses = np.array([0, 2]), RANDOM.dirichlet(np.ones(3), (2, 4))
    found = cross_entropy(3, members=4)(truth, guesses)
    np.testing.assert_allclose(found, -np.log([guesses[0, :, 0], guesses[1, :, 2]]), rtol=1e-5)


def test_the_mean_over_mirror_images(tmp_path: Path) -> None:
    images = RANDOM.integers(0, 256, (5, 4, 6, 1)).astype("uint8")
    inputs = keras.Input((4, 6, 1), dtype="float32")
    trained = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs)))
    trained.compile(loss=cross_entropy(2, 0.1))  # a function that cannot be saved
    averaged = average_predictions(trained, mirror_images)
    predictions = [predictor(trained).predict(each.astype("float32")) for each in (images, images[:, :, ::-1])]
    np.testing.assert_allclose(predictor(averaged).predict(images), np.mean(predictions, axis=0), atol=1e-6)
    save_model(averaged, tmp_path)
    for file in FORMATS.values():
        found = open_model(tmp_path / file).predict(images)
        np.testing.assert_allclose(found, np.mean(predictions, axis=0), atol=1e-6)


def test_the_mean_prediction_of_an_ensemble(tmp_path: Path) -> None:
    def member(name: str) -> keras.Model:
        inputs = keras.Input((4, 4, 1), dtype="float32")
        values = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="convolution")(inputs))
        return keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="answer")(values), name=name)

    keras.utils.set_random_seed(0)
    images = RANDOM.integers(0, 3, (5, 4, 4, 1)).astype("uint8")  # small levels, so that the softmax is not saturated
    trained = ensemble(member, 3)
    predictions = trained.predict(images.astype("float32"), verbose=0)
    assert predictions.shape == (5, 3, 2)
    assert not np.allclose(predictions[:, 0], predictions[:, 1]), "each member has its own initial weights"
    averaged = average_predictions(trained)
    save_model(averaged, tmp_path)
    for file in FORMATS.values():
        np.testing.assert_allclose(open_model(tmp_path / file).predict(images), predictions.mean(axis=1), atol=1e-6)


def test_cells_with_long_memory() -> None:
    """Before training, each cell forgets after its own number of steps, up to the given one."""
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, lstm_stack(inputs, layers=2, units=500, memory=50))
    for layer in model.layers[1:]:
        input_gate, forget_gate, candidate, output_gate = np.split(layer.cell.bias.numpy(), 4)
        steps = 1 / (1 - 1 / (1 + np.exp(-forget_gate)))
        assert steps.min() >= 2
        assert 45 < steps.max() <= 51
        np.testing.assert_array_equal(input_gate, -forget_gate)
        assert not candidate.any()
        assert not output_gate.any()
    plain = keras.Model(inputs, lstm_stack(inputs, layers=1, units=4, dropout=0.5))
    assert plain.layers[1].cell.bias.numpy().tolist() == [0] * 4 + [1] * 4 + [0] * 8
    assert [type(layer).__name__ for layer in plain.layers[1:]] == ["LSTM", "Dropout"]
