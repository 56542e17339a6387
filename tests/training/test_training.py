"""The compiled loop does what `keras.Model.fit` does, and a resumed training ends where an uninterrupted one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from utils.base.config import OptimizerName
from utils.base.errors import CallerError
from utils.datasets.splits import Split
from utils.networks.compiling import optimizer
from utils.text.windows import WindowBatches
from utils.training.batches import ArrayBatches
from utils.training.loop import train
from utils.training.results import Progress, silent

random = np.random.default_rng(3)
TRAIN = Split(random.normal(size=(50, 4)).astype("float32"), random.normal(size=50).astype("float32"))
VALIDATION = Split(random.normal(size=(20, 4)).astype("float32"), random.normal(size=20).astype("float32"))


def network(dropout: float = 0.0, name: OptimizerName = "adam") -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dropout(dropout)(keras.layers.Dense(8, activation="relu")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, name="logits")(hidden))
    steps: dict[str, Any] = {"schedule": "cosine", "steps": 32, "warm_up": 4, "weight_decay": 0.1, "clip": 1.0}
    chosen = "adam" if name == "adam" else optimizer(name, 1e-2, **steps)
    model.compile(chosen, "mse", metrics=["mae"], jit_compile=False)
    return model


def trained(model: keras.Model, epochs: int, **options: Any) -> Progress:
    arguments: dict[str, Any] = {"patience": 0, "restore_best_weights": False, "checkpoint": None, "report": silent}
    return train(
        model, ArrayBatches(TRAIN, 16, seed=5), ArrayBatches(VALIDATION, 16), epochs=epochs, **{**arguments, **options}
    )


def test_it_is_the_step_of_keras_fit() -> None:
    ours, theirs = network(), network()
    progress = trained(ours, 3)
    batches = ArrayBatches(TRAIN, 16, seed=5)
    for epoch in range(1, 4):
        order = batches.open(epoch)
        history = theirs.fit(
            TRAIN.inputs[order],
            TRAIN.targets[order],
            batch_size=16,
            shuffle=False,
            verbose=0,
            validation_data=(VALIDATION.inputs, VALIDATION.targets),
            validation_batch_size=16,
        ).history
        for name in ("loss", "mae", "val_loss", "val_mae"):
            assert progress.history[epoch - 1][name] == pytest.approx(history[name][0], rel=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)


def test_order_is_a_function_of_seed_and_epoch() -> None:
    one, other = ArrayBatches(TRAIN, 16, seed=5), ArrayBatches(TRAIN, 16, seed=5)
    other.open(1)
    assert one.open(2).numpy().tolist() == other.open(2).numpy().tolist()
    assert sorted(one.open(2).numpy()) == list(range(50))
    assert one.open(2).numpy().tolist() != one.open(3).numpy().tolist()
    assert one.open(2).numpy().tolist() != ArrayBatches(TRAIN, 16, seed=6).open(2).numpy().tolist()
    assert one.steps == 4


class KilledError(Exception):
    """Simulates a kill between two epochs."""


@pytest.mark.parametrize(("dropout", "name"), [(0.0, "adam"), (0.5, "adam"), (0.0, "muon"), (0.5, "adamw")])
def test_resumed_training_ends_with_the_same_bits(dropout: float, name: OptimizerName, tmp_path: Path) -> None:
    """With Dropout too: the checkpoint holds the state of the random seeds."""
    whole = network(dropout, name)
    uninterrupted = trained(whole, 8)

    def killed_after_five(row: dict[str, float], epochs: int, seconds_left: float) -> None:
        if row["epoch"] == 5:
            raise KilledError

    state = tmp_path / "state.npz"
    with pytest.raises(KilledError):
        trained(network(dropout, name), 8, checkpoint=state, report=killed_after_five)
    keras.utils.set_random_seed(99)
    resumed_model = network(dropout, name)
    resumed = trained(resumed_model, 8, checkpoint=state)
    assert 0 < resumed.resumed_at <= 5
    for mine, other in zip(whole.get_weights(), resumed_model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    timeless = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in p.history] for p in (uninterrupted, resumed)
    ]
    assert timeless[0] == timeless[1]
    assert (resumed.best_epoch, resumed.best_loss) == (uninterrupted.best_epoch, uninterrupted.best_loss)


def test_best_weights_and_patience() -> None:
    model = network()
    model.compile(keras.optimizers.Adam(0.03), "mse", jit_compile=False)
    seen: list[tuple[float, list[np.ndarray]]] = []

    def remember(row: dict[str, float], epochs: int, seconds_left: float) -> None:
        seen.append((row["val_loss"], model.get_weights()))

    progress = trained(model, 60, patience=3, restore_best_weights=True, report=remember)
    losses = [loss for loss, _ in seen]
    assert progress.best_epoch == int(np.argmin(losses)) + 1
    assert len(losses) < 60
    assert len(losses) == progress.best_epoch + 3
    for mine, best in zip(model.get_weights(), seen[progress.best_epoch - 1][1], strict=True):
        np.testing.assert_array_equal(mine, best)


def test_damaged_or_foreign_state_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.npz"
    state.write_bytes(b"PK nonsense")
    with pytest.raises(CallerError, match="does not contain the state of this network"):
        trained(network(), 2, checkpoint=state)
    state.unlink()
    trained(network(), 1, checkpoint=state)
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(CallerError, match="does not contain the state of this network"):
        trained(network(), 2, checkpoint=state)
    state.unlink()
    wide = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    wide.compile("adam", "mse", jit_compile=False)
    trained(wide, 1, checkpoint=state)
    with pytest.raises(CallerError, match="does not contain the state of this network"):
        trained(network(), 2, checkpoint=state)


def test_divergence_stops_with_what_to_try() -> None:
    model = network()
    model.compile(keras.optimizers.SGD(1e30), "mse", jit_compile=False)
    with pytest.raises(CallerError, match="diverged") as caught:
        trained(model, 9)
    assert "learning rate" in caught.value.hint


def test_a_warm_rate_rises_then_falls_to_zero() -> None:
    rate = optimizer("adam", 0.1, schedule="cosine", steps=100, warm_up=10)._learning_rate
    values = [float(rate(step)) for step in (0, 5, 10, 55, 100)]
    assert values == pytest.approx([0.0, 0.05, 0.1, 0.05, 0.0], abs=1e-6)


def test_a_pass_compiled_by_xla_is_the_same() -> None:
    plain, compiled = network(), network()
    compiled.compile("adam", "mse", metrics=["mae"], jit_compile=True)
    windows = np.random.default_rng(3).integers(0, 9, (13, 5)).astype("int32")
    batches = WindowBatches(lambda _: windows, 4, full=True)
    assert (batches.steps, batches.open(1).shape) == (4, (4, 4, 5))
    np.testing.assert_array_equal(batches.open(1)[3, 1:], windows[:3])
    progress = [
        train(model, batches, batches, epochs=2, patience=0, restore_best_weights=False, checkpoint=None, report=silent)
        for model in (plain, compiled)
    ]
    for mine, other in zip(progress[0].history, progress[1].history, strict=True):
        assert mine["loss"] == pytest.approx(other["loss"], rel=1e-5)


def test_muon_leaves_embeddings_vectors_and_the_output_to_adamw() -> None:
    tokens = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Dense(4, name="inner")(keras.layers.Embedding(7, 4, name="embedding")(tokens))
    model = keras.Model(tokens, keras.layers.Dense(7, name="logits")(hidden))
    muon = optimizer("muon", 0.01, weight_decay=0.0)
    muon.build(model.trainable_variables)
    adam = [
        v for v, velocity in zip(model.trainable_variables, muon.adam_velocities, strict=True) if velocity is not None
    ]
    assert [v.path for v in adam] == ["embedding/embeddings", "inner/bias", "logits/kernel", "logits/bias"]
