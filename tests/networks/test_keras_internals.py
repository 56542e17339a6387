"""In a version of Keras without the attributes that a speed-up replaces, training falls back to Keras's own code."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from utils.datasets.splits import Split
from utils.networks import keras_internals
from utils.training.batches import ArrayBatches
from utils.training.loop import train
from utils.training.results import silent


@pytest.fixture(autouse=True)
def _nothing_reported_yet() -> Iterator[None]:
    keras_internals._warn_once.cache_clear()
    yield
    keras_internals._warn_once.cache_clear()


def hide(monkeypatch: pytest.MonkeyPatch, kind: Any, attribute: str) -> None:
    """Remove an attribute for the code in utils; Keras itself still needs it, under whatever name."""
    found = kind.__getattribute__

    def without(self: Any, name: str) -> Any:
        if name == attribute and sys._getframe(1).f_globals["__name__"].startswith("utils."):
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return found(self, name)

    monkeypatch.setattr(kind, "__getattribute__", without)


def trained() -> tuple[list[float], list[Any]]:
    """Losses and weights after two epochs of a small network with an LSTM, trained with Adam."""
    keras.utils.set_random_seed(2)
    inputs = keras.Input((6, 3))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(4)(inputs)))
    model.compile("adam", "mean_squared_error", jit_compile=False)
    random = np.random.default_rng(1)
    split = Split(random.normal(size=(20, 6, 3)).astype("float32"), random.normal(size=(20, 1)).astype("float32"))
    batches = ArrayBatches(split, 8, 0)
    progress = train(
        model, batches, batches, epochs=2, patience=0, restore_best_weights=False, checkpoint=None, report=silent
    )
    return [row["loss"] for row in progress.history], model.get_weights()


@pytest.mark.parametrize(
    ("kind", "attribute", "computed"),
    [
        *(
            (keras.optimizers.Adam, name, "the Adam update")
            for name in ("_backend_update_step", "_get_variable_index", "_momentums", "_velocities")
        ),
        (keras.layers.LSTM, "inner_loop", "the LSTM recurrence"),
        (keras.layers.LSTM, "cell", "the LSTM recurrence"),
        (type(keras.layers.LSTMCell(1)), "recurrent_kernel", "the LSTM recurrence"),
    ],
)
def test_training_falls_back_with_one_warning(
    kind: type, attribute: str, computed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses, weights = trained()
    hide(monkeypatch, kind, attribute)
    with pytest.warns(UserWarning, match=f"has no .*{attribute}.*, so Keras's own code computes {computed}") as caught:
        slow_losses, slow_weights = trained()
    assert len(caught) == 1
    assert slow_losses == pytest.approx(losses, rel=1e-5)
    for slow, fast in zip(slow_weights, weights, strict=True):
        np.testing.assert_allclose(slow, fast, atol=1e-5)
    with warnings.catch_warnings():  # a second training does not repeat the warning
        warnings.simplefilter("error")
        trained()


def test_the_installed_keras_has_them() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained()
