"""Training batches: in each epoch the tunes are shuffled, some transposed, joined and cut into windows."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from labs.music.config import Config
from labs.music.data import codes, texts, vocabulary
from labs.music.notation.keys import mode_of
from labs.music.notation.transposition import transpose
from labs.music.notation.tunes import Tune
from utils.datasets.splits import Splits
from utils.text.windows import WindowBatches, from_beginnings, one_after_another

COMMON = 0.02
"""Smallest fraction of the training tunes of a mode that a key needs for tunes to be transposed to it."""


def batches(config: Config, splits: Splits) -> tuple[WindowBatches, WindowBatches]:
    """Windows of the training tunes, and of the untransposed validation tunes.

    Args:
        config: `length`, `batch_size`, `transpositions` and the seed.
        splits: the tunes.
    """
    known = vocabulary(splits.categories)
    trained = [Tune("", text) for text in texts(splits.train, known)]
    keys = common_keys(trained)
    plain = [known.encode(tune.text) for tune in trained]
    held = codes(splits.validation)

    def windows(codes: list[NDArray[np.int32]]) -> NDArray[np.int32]:
        text = joined(codes)
        if config.from_beginnings:
            return from_beginnings(text, np.flatnonzero(text[:-1] == 0), config.length)
        return one_after_another(text, config.length)

    def training(epoch: int) -> NDArray[np.int32]:
        random = np.random.default_rng((config.seed, epoch))
        order = random.permutation(len(trained))
        moved = random.random(len(trained)) < (config.transpositions if epoch else 0)
        return windows(
            [known.encode(_elsewhere(trained[i], keys, random).text) if moved[i] else plain[i] for i in order]
        )

    return WindowBatches(training, config.batch_size), WindowBatches(lambda _: windows(held), 256)


def joined(codes: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """The texts joined, with END before each and after the last, (symbols,) int32."""
    end = np.zeros(1, dtype=np.int32)
    return np.concatenate([part for code in codes for part in (end, code)] + [end])


def common_keys(tunes: list[Tune]) -> dict[str, list[str]]:
    """By mode, the keys of at least a fraction COMMON of its tunes."""
    counts = Counter(tune.key for tune in tunes)
    modes = Counter(dict.fromkeys(map(mode_of, counts), 0))
    for key, count in counts.items():
        modes[mode_of(key)] += count
    return {
        mode: sorted(k for k in counts if mode_of(k) == mode and counts[k] >= COMMON * modes[mode]) for mode in modes
    }


def _elsewhere(tune: Tune, keys: dict[str, list[str]], random: np.random.Generator) -> Tune:
    """The tune in another common key of its mode; the tune itself if there is none."""
    others = [key for key in keys[mode_of(tune.key)] if key != tune.key]
    return transpose(tune, others[random.integers(len(others))]) if others else tune
