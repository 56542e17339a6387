"""Batches are the same from memory and from disk, and a function of seed and epoch alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.base.disk_rows import RowsOnDisk
from utils.base.errors import CallerError
from utils.datasets.splits import Split
from utils.training.batches import ArrayBatches, Batches, StreamBatches, batches
from utils.training.loop import train
from utils.training.results import silent

PICTURES = np.random.default_rng(1).integers(0, 256, (50, 6, 5, 1)).astype("uint8")
TARGETS = np.arange(50) % 3


def drawn(source: Batches, epoch: int) -> list[tuple[Any, Any]]:
    opened = source.open(epoch)
    return [tuple(part.numpy() for part in source.batch(opened, tf.constant(step))) for step in range(source.steps)]


def on_disk(folder: Path) -> Split:
    np.save(folder / "a.npy", PICTURES)
    return Split(RowsOnDisk(folder / "a.npy"), TARGETS)


@given(batch_size=st.integers(1, 50), epoch=st.integers(0, 5), seed=st.one_of(st.none(), st.integers(0, 99)))
@settings(deadline=None, max_examples=20)
def test_streamed_batches_are_those_of_memory(batch_size: int, epoch: int, seed: int | None) -> None:
    split = Split(PICTURES, TARGETS)
    memory, stream = ArrayBatches(split, batch_size, seed), StreamBatches(split, batch_size, seed)
    assert memory.steps == stream.steps
    for (inputs, targets), (others, labels) in zip(drawn(memory, epoch), drawn(stream, epoch), strict=True):
        np.testing.assert_array_equal(inputs, others)
        np.testing.assert_array_equal(targets, labels)


def test_the_kind_follows_the_split(tmp_path: Path) -> None:
    assert isinstance(batches(Split(PICTURES, TARGETS), 8), ArrayBatches)
    assert isinstance(batches(on_disk(tmp_path), 8), StreamBatches)
    assert isinstance(batches(Split(PICTURES, TARGETS), 8, 1, lambda inputs, _epoch, _step: inputs), StreamBatches)


def test_a_transform_knows_epoch_and_step(tmp_path: Path) -> None:
    def marked(inputs: Any, epoch: int, step: int) -> Any:
        return np.full_like(inputs, 10 * epoch + step)

    for (inputs, _), step in zip(drawn(StreamBatches(on_disk(tmp_path), 20, 3, marked), 2), range(3), strict=True):
        assert (inputs == 20 + step).all()


def test_rows_on_disk(tmp_path: Path) -> None:
    rows = on_disk(tmp_path).inputs
    np.testing.assert_array_equal(rows[:], PICTURES)
    np.testing.assert_array_equal(rows[np.array([7, 3, 3])], PICTURES[[7, 3, 3]])
    some = rows.take(np.array([9, 2, 4]))
    assert (some.shape, len(some), some.dtype, some.ndim) == ((3, 6, 5, 1), 3, np.uint8, 4)
    np.testing.assert_array_equal(some[1:], PICTURES[[2, 4]])
    np.testing.assert_array_equal(np.asarray(some), PICTURES[[9, 2, 4]])
    np.testing.assert_array_equal(some.take(np.array([2, 0]))[:], PICTURES[[4, 9]])
    assert rows[:0].shape == (0, 6, 5, 1)


@given(rows=st.lists(st.integers(0, 49), max_size=30))
def test_any_rows_on_disk_are_those_of_memory(rows: list[int], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("rows")
    np.testing.assert_array_equal(on_disk(folder).inputs[np.array(rows, dtype=int)], PICTURES[rows])


def test_a_file_that_is_cut_short_is_told(tmp_path: Path) -> None:
    rows = on_disk(tmp_path).inputs
    os.truncate(tmp_path / "a.npy", (tmp_path / "a.npy").stat().st_size - 5)
    np.testing.assert_array_equal(rows[:49], PICTURES[:49])
    with pytest.raises(CallerError, match="is shorter than expected"):
        rows[:]


def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((6, 5, 1), dtype="uint8")
    values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(values))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", jit_compile=False)
    return model


def test_training_from_disk_is_training_from_memory(tmp_path: Path) -> None:
    trained = []
    for split in (Split(PICTURES, TARGETS), on_disk(tmp_path)):
        model = network()
        progress = train(
            model,
            batches(split, 16, 5),
            batches(split, 16),
            epochs=3,
            patience=0,
            restore_best_weights=False,
            checkpoint=None,
            report=silent,
        )
        trained.append((model.get_weights(), [row["val_loss"] for row in progress.history]))
    for one, other in zip(trained[0][0], trained[1][0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert trained[0][1] == trained[1][1]
