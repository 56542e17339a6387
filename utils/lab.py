"""A lab as the harness sees it: what to load, build, measure and draw. How to train is the harness's affair."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from utils.config import Config
from utils.errors import CallerError
from utils.metrics import Metric
from utils.splits import Splits

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from utils.harness import Evaluation, Fitted


@dataclass(frozen=True)
class Lab:
    """One lab: three short files fill this in, and every command works on it.

    Importing the module that makes it must stay quick: whatever needs Keras is imported inside the functions.

    Attributes:
        name: its package under `labs`.
        title: in one line, what is predicted from what.
        config: its Config class.
        presets: by name, the fields that differ from the class's defaults; `course` is the default preset.
        metrics: by name; the first is the one that the lab is judged by.
        load: reads the data and splits it; callers use the method `splits`.
        build: the network, uncompiled, raw inputs to predictions: normalisation is fitted on training rows inside it.
        compile: the arguments of `keras.Model.compile`: optimizer, loss, metrics.
        baselines: test predictions of what the network has to beat, by name.
        figures: pictures of a trained model, by file name without ending.
        read: raw inputs from files, for `predict`; gets the paths and the run's `labels.json`.
        commands: further commands (`python -m labs.<name> <command> …`): dataclasses of options, `execute(lab)`.
    """

    name: str
    title: str
    config: type[Config]
    presets: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Metric]
    load: Callable[[Any], Splits]
    build: Callable[[Any, Splits], keras.Model]
    compile: Callable[[Any, Splits], dict[str, Any]]
    baselines: Callable[[Any, Splits], Mapping[str, NDArray[Any]]]
    figures: Callable[[Fitted, Evaluation], Mapping[str, Figure]]
    read: Callable[[Sequence[Path], Mapping[str, Any]], NDArray[Any]]
    commands: Mapping[str, type[Any]] = field(default_factory=dict)

    def preset(self, name: str) -> Any:
        """The lab's config under a preset.

        Raises:
            CallerError: no preset has this name.
        """
        if name not in self.presets:
            raise CallerError(
                f"--preset {name}: the lab {self.name} has no such preset",
                f"choose from: {', '.join(self.presets)}",
            )
        return self.config(**self.presets[name])

    def splits(self, config: Any) -> Splits:
        """Load the data, note the seconds it took, and refuse a config that does not fit them.

        Raises:
            CallerError: the data cannot be had, or a batch would be larger than the training split.
        """
        start = time.perf_counter()
        splits = self.load(config)
        if config.batch_size > len(splits.train):
            raise CallerError(
                f"--batch-size: {config.batch_size} is more than the {len(splits.train)} training rows",
                f"give at most {len(splits.train)}",
            )
        return replace(splits, load_seconds=time.perf_counter() - start)
