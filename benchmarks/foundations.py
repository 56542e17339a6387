"""Measure the foundations lab: the course's tasks over seeds, initial weights, and NumPy beside Keras's `fit`.

    python -m benchmarks.foundations [PART…]

The parts are `bikes`, `admissions`, `digits`, `initial_weights` and `speed`; by default all. The other parts of the
record are kept. `initial_weights` needs Fashion-MNIST (`LABS_MIRROR`).

`speed` trains the course's network for the bike rentals and the one for digits in batches of 32, in turns in one
process: by the loop of the lab, by `keras.Model.fit` as the course calls it, and by the loop of utils/training in
Keras. Each has one thread, so that the CPU seconds are those of one core.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.pages.results import COMMIT, FOLDER, record, recorded
from utils.base.keras_import import import_keras

SEEDS = range(1, 21)
FEW = range(1, 6)
ROUNDS = 3
BIKE_EPOCHS, DIGIT_EPOCHS = 100, 5
INITIAL_EPOCHS, INITIAL_SEEDS = 2, (1, 2, 3)
PUBLISHED = {"zeros": 9.7, "uniform": 33.9, "centred": 74.9, "scaled_uniform": 85.0}
"""Percent of correct validation images with each initial weights, in the course's notebook."""


def trained(config: Any, splits: Any) -> tuple[Callable[[Any], Any], Any]:
    """The forward pass in NumPy, from raw inputs to predictions, of the networks of a config; and the progress."""
    from labs.foundations import fitting
    from labs.foundations.encoding import Encoding
    from utils.training.results import silent

    encoding = Encoding.of(config, splits)
    networks, progress = fitting.networks(config, encoding, None, silent)
    return lambda inputs: encoding.predict(networks, inputs), progress


def scores(config: Any, splits: Any) -> dict[str, float]:
    """All metrics on all splits of one training."""
    from labs.foundations.lab import lab

    predict, _ = trained(config, splits)
    metrics = lab.metrics_on(splits.source.name)
    found: dict[str, float] = {}
    for part, rows in splits.parts().items():
        predictions = predict(rows.inputs)
        found |= {f"{part} {name}": metric.function(rows.targets, predictions) for name, metric in metrics.items()}
    return found


def by_name(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    """The values of each number over the seeds."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def bikes() -> dict[str, Any]:
    """Both presets over the seeds, and gradient boosting on the same rows."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    from labs.foundations.lab import BIKES_STD, lab
    from utils.datasets.tables.columns import one_hot
    from utils.metrics.baselines import regression_baselines
    from utils.metrics.regression import rmse, standardized_mse

    splits = lab.load(lab.preset("course", "bike-sharing"))
    found: dict[str, Any] = {}
    for name in ("course", "best"):
        config = lab.preset(name, "bike-sharing")
        found[name] = by_name([scores(replace(config, seed=seed), splits) for seed in SEEDS])

    def plain(part: Any) -> Any:
        return one_hot(part.inputs, splits.features, splits.categories)

    boosting: dict[str, list[float]] = {"validation standardized_mse": [], "test rmse": []}
    for seed in FEW:
        # On the training rows alone, for validation; the baseline of a run is also fitted on the validation rows.
        model = HistGradientBoostingRegressor(random_state=seed).fit(plain(splits.train), splits.train.targets)
        error = standardized_mse(splits.validation.targets, model.predict(plain(splits.validation)), BIKES_STD)
        boosting["validation standardized_mse"].append(error)
        tested = regression_baselines(splits, seed)["gradient_boosting"]
        boosting["test rmse"].append(rmse(splits.test.targets, tested))
    return {**found, "gradient_boosting": boosting}


def admissions() -> dict[str, Any]:
    """The neuron over random splits, and the class frequencies on the same rows."""
    from labs.foundations.lab import lab
    from utils.metrics.baselines import classification_baselines

    rows = []
    for seed in SEEDS:
        config = replace(lab.preset("course", "admissions"), split_seed=seed)
        splits = lab.load(config)
        row = {name.removeprefix("test "): value for name, value in scores(config, splits).items() if "test" in name}
        for baseline, predicted in classification_baselines(splits, seed).items():
            for name in ("accuracy", "log_loss"):
                value = lab.metrics_on("admissions")[name].function(splits.test.targets, predicted)
                row[f"{baseline} {name}"] = value
        rows.append(row)
    return by_name(rows)


def digits() -> dict[str, Any]:
    """The network for digits, trained in NumPy and in Keras, over the same seeds."""
    from labs.foundations.lab import lab

    config = lab.preset("course", "mnist-5k")
    splits = lab.load(config)
    return {
        kind: by_name([scores(replace(config, network=kind, seed=seed), splits) for seed in FEW])
        for kind in ("numpy", "keras")
    }


def initial_weights() -> dict[str, Any]:
    """Accuracy of 784-256-128-10 on Fashion-MNIST after two epochs, by initial weights, as in the course.

    It is measured with dropout off, and with dropout left on, which gives the published accuracies.
    """
    from labs.foundations import fitting
    from labs.foundations.encoding import Encoding
    from labs.foundations.lab import lab
    from utils.training.results import silent

    usual = lab.preset("course", "fashion-mnist")
    about = {"hidden": (256, 128), "optimizer": "adam", "batch_size": 100, "epochs": INITIAL_EPOCHS, "dropout": 0.2}
    config = replace(usual, **about, validation_fraction=0.2, restore_best_weights=False)
    splits = lab.load(config)
    encoding = Encoding.of(config, splits)
    x, truth = encoding.encode(splits.validation.inputs), splits.validation.targets
    found: dict[str, dict[str, list[float]]] = {"dropout_off": {}, "dropout_on": {}}
    for init in (*PUBLISHED, "glorot", "he"):
        for seed in INITIAL_SEEDS:
            (network,), _ = fitting.networks(replace(config, init=init, seed=seed), encoding, None, silent)
            for name, on in (("dropout_off", False), ("dropout_on", True)):
                right = network.forward(x, training=on).argmax(axis=1) == truth
                found[name].setdefault(init, []).append(float(right.mean()))
    return {"epochs": INITIAL_EPOCHS, "published_percent": PUBLISHED, "validation_accuracy": found}


def ways(config: Any, splits: Any) -> dict[str, Callable[[], float]]:
    """Ways to train the network of a config; each returns the last training loss."""
    import keras

    from labs.foundations import fitting
    from labs.foundations.encoding import Encoding
    from labs.foundations.model import dense_layers, network

    encoding = Encoding.of(config, splits)
    rows = encoding.rows(splits.train)

    def lab_loop(kind: str) -> Callable[[], float]:
        return lambda: float(trained(replace(config, network=kind), splits)[1].history[-1]["loss"])

    def fit() -> float:
        inputs = keras.Input((encoding.width,))
        start = network(config, encoding, np.random.default_rng(config.seed))
        model = keras.Model(inputs, dense_layers(start, inputs))
        loss = encoding.head[1].replace("squared_error", "mean_squared_error")
        model.compile(optimizer=fitting.keras_optimizer(config, 1), loss=loss)
        validation = encoding.rows(splits.validation)
        history = model.fit(
            *rows, batch_size=config.batch_size, epochs=config.epochs, verbose=0, validation_data=tuple(validation)
        )
        return float(history.history["loss"][-1])

    return {"numpy": lab_loop("numpy"), "fit": fit, "loop": lab_loop("keras")}


def speed() -> dict[str, Any]:
    """Wall and CPU seconds of each way, in turns."""
    from threadpoolctl import threadpool_limits

    from labs.foundations.lab import lab
    from utils.base.machine import limit_threads

    limit_threads(1)
    tasks = {
        "bikes": replace(lab.preset("course", "bike-sharing"), epochs=BIKE_EPOCHS, batch_size=32),
        "digits": replace(lab.preset("course", "mnist-5k"), epochs=DIGIT_EPOCHS, batch_size=32),
    }
    found = {}
    with threadpool_limits(1):
        for task, config in tasks.items():
            turns: dict[str, list[tuple[float, float]]] = {}
            losses = {}
            train = ways(config, lab.load(config))
            for _ in range(ROUNDS):
                for name, way in train.items():
                    start, cpu = time.perf_counter(), time.process_time()
                    losses[name] = way()
                    turns.setdefault(name, []).append((time.perf_counter() - start, time.process_time() - cpu))
            found[task] = {
                "epochs": config.epochs,
                "batch_size": config.batch_size,
                "rounds": ROUNDS,
                "median_seconds": {name: statistics.median(wall for wall, _ in each) for name, each in turns.items()},
                "median_cpu_seconds": {name: statistics.median(cpu for _, cpu in each) for name, each in turns.items()},
                "last_loss": losses,
            }
    return found


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "bikes": bikes,
    "admissions": admissions,
    "digits": digits,
    "initial_weights": initial_weights,
    "speed": speed,
}


def main() -> None:
    import_keras()
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        sys.exit(f"error: there is no part {min(unknown)}\nhint: choose from: {', '.join(PARTS)}")
    for name in chosen:
        found = PARTS[name]()
        # Read only now: another part may have been measured in the meantime.
        earlier = recorded("foundations_course") if (FOLDER / "foundations_course.json").exists() else {}
        record(
            "foundations_course",
            {**{each: earlier[each] for each in PARTS if each in earlier}, name: {**found, "git": COMMIT}},
        )


if __name__ == "__main__":
    main()
