"""Measure text generation with an LSTM of 1,024 units: the compiled loop of the music lab, and the courses' methods.

    python -m benchmarks.generation

The same network with the same random weights generates tunes character by character in four ways: `model.predict` on a
stateful copy, one call per character; eager calls of the stateful copy, as in MIT's lab; and the compiled loop of the
music lab, with one tune and with sixteen tunes at a time. The variants alternate in one process, because ratios of
medians are more reliable than seconds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.pages.results import record
from utils.base.keras_import import import_keras

UNITS = 1024
SYMBOLS = 67
REPEATS = 5
TUNES = 16
LENGTHS = {"predict": 10, "eager": 50, "loop": 300, "loop_of_16": 300}


def networks() -> tuple[Any, Any]:
    """The network of the lab, and a stateful copy of it with a batch size of one."""
    import keras

    from labs.music.lab import lab
    from labs.music.model import build
    from utils.datasets.splits import Source, Split, Splits
    from utils.text.sequences import END, UNKNOWN

    symbols = (END, UNKNOWN, *(chr(48 + number) for number in range(SYMBOLS - 2)))
    rows = Split(np.zeros((2, 2), dtype="int32"), np.zeros((2, 2), dtype="int32"))
    source = Source("none", "random", "", simulated=True)
    splits = Splits(rows, rows, rows, source, "next_character", categories={"character": symbols})
    keras.utils.set_random_seed(0)
    plain = build(lab.config(units=UNITS), splits)  # type: ignore[call-arg, arg-type]
    inputs = keras.Input((1,), batch_size=1, dtype="int32")
    hidden = keras.layers.LSTM(UNITS, stateful=True)(keras.layers.Embedding(SYMBOLS, 256)(inputs))
    stateful = keras.Model(inputs, keras.layers.Dense(SYMBOLS, activation="softmax")(hidden))
    stateful.set_weights(plain.get_weights())
    return plain, stateful


def one_by_one(call: Callable[[Any], Any], length: int) -> None:
    """Generate `length` characters, each sampled from the distribution that `call` returns for the previous one."""
    random = np.random.default_rng(0)
    character = 0
    for _ in range(length):
        weights = np.asarray(call(np.array([[character]], dtype="int32")))[0].astype("float64")
        character = int(random.choice(len(weights), p=weights / weights.sum()))


def main() -> None:
    import_keras()
    from labs.music.sampling import Writer
    from utils.text.sequences import Vocabulary

    plain, stateful = networks()
    # END and UNKNOWN get probability 0, so that all tunes have the same length.
    bias = plain.layers[-1].bias
    bias.assign(np.where(np.arange(SYMBOLS) < 2, -1e4, 0.0))
    writer = Writer(plain, Vocabulary(tuple(map(str, range(SYMBOLS)))))
    ways: dict[str, tuple[Callable[[], Any], int]] = {
        "predict": (lambda: one_by_one(lambda x: stateful.predict(x, verbose=0), LENGTHS["predict"]), 1),
        "eager": (lambda: one_by_one(lambda x: stateful(x, training=False), LENGTHS["eager"]), 1),
        "loop": (lambda: writer.write([""], longest=LENGTHS["loop"]), 1),
        "loop_of_16": (lambda: writer.write([""] * TUNES, longest=LENGTHS["loop_of_16"]), TUNES),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way, _ in ways.values():  # warm-up: tracing is not measured
        way()
    for _ in range(REPEATS):
        for name, (way, tunes) in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(1000 * (time.perf_counter() - start) / (LENGTHS[name] * tunes))
    medians = {name: statistics.median(values) for name, values in times.items()}
    record(
        "generation",
        {
            "milliseconds_a_character": medians,
            "times_faster_than_predict": medians["predict"] / medians["loop_of_16"],
            "times_faster_than_eager": medians["eager"] / medians["loop_of_16"],
            "one_tune_times_faster_than_eager": medians["eager"] / medians["loop"],
            "repeats": REPEATS,
        },
    )


if __name__ == "__main__":
    main()
