"""The foundations lab: its data and encodings, its networks as Keras models, its errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from labs.foundations import fitting
from labs.foundations.config import PRESETS, Config, check
from labs.foundations.data import load, read
from labs.foundations.encoding import Encoding
from labs.foundations.lab import BIKES_STD, lab
from labs.foundations.model import keras_model, network
from labs.foundations.network.autodiff import AutodiffNetwork
from labs.foundations.points import curve, points
from tests.conftest import Command, Refused
from utils.base.errors import CallerError, CheckError
from utils.datasets.splits import Splits
from utils.export.predictor import predictor
from utils.runs import harness
from utils.training.results import silent


@pytest.fixture(scope="module")
def bikes() -> Splits:
    return load(Config(data="bike-sharing"))


@pytest.fixture(scope="module")
def students() -> Splits:
    return load(Config(data="admissions"))


def test_the_split_of_the_bike_rentals_is_the_course_s(bikes: Splits) -> None:
    """The last 21 days, and the 60 before; every day is in one split, and time runs from one split to the next."""
    days = {name: np.unique(part.groups) for name, part in bikes.parts().items()}  # type: ignore[arg-type]
    assert {name: len(found) for name, found in days.items()} == {"train": 650, "validation": 60, "test": 21}
    assert days["train"].max() < days["validation"].min() <= days["validation"].max() < days["test"].min()
    assert {name: len(part) for name, part in bikes.parts().items()} == {
        "train": 15475,
        "validation": 1402,
        "test": 502,
    }
    assert (bikes.test.inputs["mnth"] == 12).all()
    targets = np.concatenate([part.targets for part in bikes.parts().values()]).astype("float64")
    assert targets.std(ddof=1) == pytest.approx(BIKES_STD, rel=1e-12)


def test_the_inputs_are_those_of_the_course(bikes: Splits) -> None:
    """56 columns: temp, hum and windspeed standardized, yr and holiday as they are, the other five one-hot."""
    encoding = Encoding.of(Config(), bikes)
    x, targets = encoding.rows(bikes.train)
    assert x.shape == (15475, 56) == (15475, encoding.width)
    assert len(set(encoding.names)) == 56
    assert not [name for name in encoding.names if name.startswith("workingday")]
    column = {name: x[:, number] for number, name in enumerate(encoding.names)}
    for name in ("temp", "hum", "windspeed"):
        assert column[name].mean(dtype="float64") == pytest.approx(0, abs=1e-6)
        assert column[name].std(dtype="float64") == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(column["yr=1"], bikes.train.inputs["yr"])
    np.testing.assert_array_equal(column["hr=17"], bikes.train.inputs["hr"] == 17)
    np.testing.assert_allclose([targets.mean(), targets.std()], [0, 1], atol=1e-5)
    np.testing.assert_allclose(encoding.decode(targets), bikes.train.targets, atol=1e-3)


def test_crossed_columns_and_the_square_root(bikes: Splits) -> None:
    encoding = Encoding.of(Config(crossed=True, square_root=True), bikes)
    x, targets = encoding.rows(bikes.validation)
    assert x.shape[1] == encoding.width == 56 + 1 + 24
    inputs = bikes.validation.inputs
    crossed = x[:, encoding.names.index("hr=8 on working days")]
    np.testing.assert_array_equal(crossed, (inputs["hr"] == 8) & (inputs["workingday"] == 1))
    np.testing.assert_allclose(encoding.decode(targets), bikes.validation.targets, rtol=1e-4)
    assert (encoding.decode(np.array([[-99.0]], "float32")) == 0).all()  # a negative root is no number of bikes


CONFIGS: dict[str, dict[str, Any]] = {
    "bike-sharing": {"hidden": (7, 5), "activation": "tanh"},
    "bike-sharing best": {"hidden": (6,), "crossed": True, "square_root": True, "restarts": 3, "average": True},
    "admissions": {"hidden": ()},
    "points": {"hidden": (4,), "activation": "leaky_relu"},
    "mnist-5k": {"hidden": (9,), "activation": "relu", "l1": 1e-4, "dropout": 0.2},
}


@pytest.mark.parametrize("case", CONFIGS)
def test_the_keras_model_predicts_as_numpy_does(case: str) -> None:
    config = Config(data=case.split()[0], init="normal", **CONFIGS[case])
    splits = load(config)
    encoding = Encoding.of(config, splits)
    networks = [network(config, encoding, np.random.default_rng(seed)) for seed in range(config.restarts)]
    for each in networks:
        each.parameters[:] += np.float32(0.1)  # biases, too
    model = keras_model(encoding, networks)
    found = fitting.difference(encoding, networks, model, splits.test)
    expected = encoding.predict(networks, splits.test.inputs)
    assert found <= 6e-6 * max(1.0, np.abs(expected).max())
    assert expected.std() > 1e-3
    assert model.output_names[0] == splits.target
    networks[-1].dense[-1].bias[0] += 1
    with pytest.raises(CheckError, match="differs from the NumPy forward pass"):
        fitting.difference(encoding, networks, model, splits.test)


@pytest.mark.parametrize("kind", ["autodiff", "keras"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_three_ways_to_train_are_the_same(kind: str, optimizer: str, students: Splits) -> None:
    """With all rows in each step their order does not matter: the weights after 40 steps are equal."""
    about: dict[str, Any] = {"hidden": (6,), "batch_size": 0, "epochs": 40, "learning_rate": 0.05, "l1": 1e-3}
    about |= {"optimizer": optimizer, "decay": "cosine", "l2": 1e-3, "restore_best_weights": False}
    trained, histories = [], []
    for network_kind in ("numpy", kind):
        config = Config(**about, data="admissions", network=network_kind)  # type: ignore[arg-type]
        model, progress = fitting.fit(config, students, None, silent)
        trained.append(predictor(model).predict(students.test.inputs))
        histories.append([(row["loss"], row["val_loss"]) for row in progress.history])
    np.testing.assert_allclose(trained[1], trained[0], atol=2e-6)
    np.testing.assert_allclose(histories[1], histories[0], atol=5e-6)
    assert histories[0][-1][0] < histories[0][0][0]
    made = network(Config(network="autodiff"), Encoding.of(Config(), students), np.random.default_rng(0))
    assert isinstance(made, AutodiffNetwork)


def test_restarts_keep_the_lowest_validation_loss(students: Splits) -> None:
    config = Config(data="admissions", hidden=(3,), epochs=8, restarts=3, learning_rate=0.3, seed=1)
    rows: list[float] = []
    model, progress = fitting.fit(config, students, None, lambda row, *_: rows.append(row["epoch"]))
    assert rows == [row["epoch"] for row in progress.history] == list(range(1, 25))
    assert progress.phases == {"restart 1": 8, "restart 2": 8, "restart 3": 8}
    losses = [row["val_loss"] for row in progress.history]
    assert progress.best_epoch == 1 + int(np.argmin(losses))
    assert progress.best_loss == min(losses)
    number = (progress.best_epoch - 1) // 8
    assert number == 1  # neither the first nor the last
    alone = replace(config, restarts=1, seed=fitting.seed_of(config.seed, number))
    other, _ = fitting.fit(alone, students, None, silent)
    np.testing.assert_array_equal(*(predictor(each).predict(students.test.inputs) for each in (model, other)))
    assert len({fitting.seed_of(seed, number) for seed in range(9) for number in range(9)}) == 81


def test_the_metrics_depend_on_the_data() -> None:
    assert list(lab.metrics_on("bike-sharing")) == list(lab.metrics)
    assert next(iter(lab.metrics_on("admissions"))) == "log_loss"
    assert next(iter(lab.metrics_on("mnist-5k"))) == "accuracy"
    assert "top_2" not in lab.metrics_on("points")
    metric = lab.metrics["standardized_mse"].function
    assert metric(np.zeros(4), np.full(4, BIKES_STD)) == pytest.approx(1)


def test_admissions_say_what_their_accuracy_is_worth(students: Splits) -> None:
    fitted = harness.fit(lab, Config(data="admissions", hidden=(), epochs=3, batch_size=0), students, preset="quick")
    details = harness.evaluate(fitted).details
    (remark,) = lab.remarks(details)
    assert "68.8% of the 80 test rows are refused" in remark
    assert lab.remarks({}) == ()


def test_points() -> None:
    places, colours = points()
    assert places.shape == (500, 2)
    assert 0.4 < colours.mean() < 0.6
    assert 0.9 < np.mean((places[:, 1] > curve(places[:, 0])) == colours) < 1
    splits = load(Config(data="points"))
    assert splits.source.simulated
    assert splits.class_names == ("red", "green")
    np.testing.assert_array_equal(load(Config(data="points", seed=3)).test.inputs, splits.test.inputs)


def test_every_preset_is_valid() -> None:
    for name in PRESETS:
        preset, _, data = name.partition("/")
        check(lab.preset(preset, data or "auto"))


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("--optimizer adam --momentum 0.9", "--momentum 0.9: adam has no such setting", "--optimizer sgd"),
        ("--optimizer rmsprop --nesterov", "--nesterov: rmsprop has no such setting", "--optimizer sgd"),
        ("--nesterov", "--nesterov: without a momentum", "--momentum"),
        ("--momentum 1", "--momentum: input should be less than 1", "--help"),
        ("--average", "--average: there is a single training", "--restarts"),
        ("--restarts 0", "--restarts: input should be greater than or equal to 1", "--help"),
        ("--data admissions --dropout 0.5", "--dropout 0.5: there is no hidden layer", "--hidden"),
        ("--data admissions --crossed", "--crossed: only for bike-sharing, not for admissions", "leave --crossed out"),
        ("--data points --square-root", "--square-root: only for bike-sharing", "leave --square-root out"),
        ("--batch-size 15476", "--batch-size: 15476 is more than the 15475 training rows", "at most 15475"),
        ("--batch-size -1", "--batch-size", "--help"),
        ("--hidden 0", "--hidden: input should be greater than or equal to 1", "--help"),
        ("--hidden 4 many", "many", "--help"),
        ("--activation step", "--activation: invalid choice 'step'", "leaky_relu"),
        ("--init xavier", "--init: invalid choice 'xavier'", "glorot"),
        ("--optimizer lion", "--optimizer: invalid choice 'lion'", "adadelta"),
        ("--decay linear", "--decay: invalid choice 'linear'", "cosine"),
        ("--network torch", "--network: invalid choice 'torch'", "autodiff"),
        ("--learning-rate 0", "--learning-rate: input should be greater than 0", "--help"),
        ("--epochs 0", "--epochs", "--help"),
        ("--l1 -1", "--l1", "--help"),
        ("--l2 nan", "--l2", "--help"),
        ("--dropout 1", "--dropout: input should be less than 1", "--help"),
        ("--data concrete", "--data concrete: no data set of the lab foundations", "bike-sharing"),
        ("--data-dir /tmp", "--data-dir", "leave --data-dir out"),
    ],
)
def test_options(words: str, error: str, hint: str, refused: Refused, tmp_path: Path) -> None:
    said, advice = refused(*words.split(), lab="foundations")
    assert error in said
    assert hint in advice
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["numpy", "autodiff"])
def test_a_training_that_diverges(kind: str, command: Command, tmp_path: Path) -> None:
    ended = command("labs.foundations", "--data", "bike-sharing", "--network", kind, "--learning-rate", 40)
    assert ended.status == 2
    assert "training has diverged" in ended.err
    assert "learning rate 40)" in ended.err
    assert "at step " in ended.err
    assert "--learning-rate 4," in ended.err
    assert not list(tmp_path.rglob("*.partial"))


def test_columns_that_do_not_match(tmp_path: Path, students: Splits) -> None:
    labels = {
        "features": list(students.features),
        "categories": {name: list(levels) for name, levels in students.categories.items()},
        "target": students.target,
        "input_shape": {name: [] for name in students.features},
    }
    path = tmp_path / "in.csv"
    path.write_text("gre,gpa,rank\n700,3.5,1\n")
    assert {name: column.tolist() for name, column in read([path], labels).items()} == {
        "gre": [700],
        "gpa": [3.5],
        "rank": [1],
    }
    for text, error in (
        ("gre,gpa\n700,3.5\n", "missing column rank"),
        ("gre,gpa,rank,hr\n700,3.5,1,2\n", "unknown column hr"),
        ("gre,gpa,rank\n700,3.5,5\n", "'5' is none of 1, 2, 3, 4"),
        ("gre,gpa,rank,admit\n700,3.5,1,1\n", "admit is what the model predicts"),
    ):
        path.write_text(text)
        with pytest.raises(CallerError, match=error):
            read([path], labels)


def test_keras_names_are_plain(bikes: Splits) -> None:
    """The exported model has built-in layers alone, so that it loads without this project."""
    model = lab.build(Config(crossed=True, square_root=True, restarts=2, average=True), bikes)
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    assert set(model.input) == set(bikes.features)
    assert isinstance(model.layers[-1], keras.layers.Average)
