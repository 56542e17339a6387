"""What labs and harness agree on: a lab says what to load, build, measure and draw; training gives these back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from utils.base.config import Config
from utils.base.errors import CallerError
from utils.datasets.splits import Split, Splits
from utils.metrics.metric import Metric

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from utils.training.batches import Batches, Transform

from utils.training.results import Endpoint, Evaluation, Fitted, Measure, Phase, Predicts, predictions


@dataclass(frozen=True)
class Lab:
    """One lab: a few short files fill this in, and every command works on it.

    Importing the module that makes it must stay quick: whatever needs Keras is imported inside the functions.

    Attributes:
        name: its package under `labs`.
        title: in one line, what is predicted from what.
        config: its Config class.
        presets: by name, the fields that differ from the class's defaults; `course` is the default preset. A name
            `<preset>/<data set>` holds what differs further on that data set, `<preset>/folder` on a folder of yours.
        metrics: by name; the first is the one that the lab is judged by.
        load: reads the data and splits it; callers use the method `splits`.
        build: the network, uncompiled, raw inputs to predictions: normalisation is fitted on training rows inside it.
        phase: what the training is called in the history, where further ones follow.
        further: phases of training after the first, in their order.
        assemble: the model that is measured and saved, made of the config, the splits and the trained model; by default
            the trained one itself.
        known: predictions of the training or the validation split that need not run the whole assembled model, from the
            config, the splits, the trained model and the split; None where there are none. Test always runs it.
        compile: the arguments of `keras.Model.compile`: optimizer, loss, metrics.
        baselines: test predictions of what the network has to beat, by name.
        figures: pictures of a trained model, by file name without ending.
        read: raw inputs from files, for `predict`; gets the paths and the run's `labels.json`.
        threshold: the probability from which on a row is taken for class 1, chosen from the config and validation's
            targets and predictions; None where nothing is decided so. Metrics that decide are measured at it.
        details: what a table of numbers cannot hold, from the splits, the test split's predictions and the threshold,
            for `run.json`.
        inspect: what is found out about the trained model itself, beside its predictions, added to `details`.
        remarks: sentences on `details` that a run's end and its card tell.
        transform: changes the inputs of training batches (augmentation); None changes nothing.
        batches: training and validation batches, where a gradient step takes something else than rows of the splits.
        measure: what the metrics compare with the targets of rows, from the model; by default its predictions. Like the
            metrics it must be importable by module and name.
        predict: what the command `predict` gives of each row of inputs; by default the model's predictions.
        endpoints: further signatures of the SavedModel, by name, from the trained model.
        caution: a sentence that every run's card must carry on what its model is not for.
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
    threshold: Callable[[Any, NDArray[Any], NDArray[Any]], float | None] = lambda _config, _truth, _predictions: None
    details: Callable[[Splits, NDArray[Any], float | None], dict[str, Any]] = lambda _splits, _predictions, _at: {}
    inspect: Callable[[Fitted], dict[str, Any]] = lambda _fitted: {}
    remarks: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _details: ()
    transform: Callable[[Any], Transform | None] = lambda _config: None
    batches: Callable[[Any, Splits], tuple[Batches, Batches]] | None = None
    phase: str = "training"
    further: Callable[[Any, Splits], Sequence[Phase]] = lambda _config, _splits: ()
    assemble: Callable[[Any, Splits, keras.Model], keras.Model] = lambda _config, _splits, trained: trained
    known: Callable[[Any, Splits, keras.Model, Split], NDArray[Any] | None] = lambda *_: None
    measure: Measure = predictions
    predict: Callable[[Predicts, NDArray[Any]], NDArray[Any]] = lambda predictor, inputs: predictor.predict(inputs)
    endpoints: Callable[[keras.Model], Mapping[str, Endpoint]] = lambda _model: {}
    caution: str = ""
    commands: Mapping[str, type[Any]] = field(default_factory=dict)

    @property
    def preset_names(self) -> list[str]:
        """The presets that a user may name."""
        return [name for name in self.presets if "/" not in name]

    def preset(self, name: str, data: str = "auto", *, folder: bool = False) -> Any:
        """The lab's config under a preset, for a data set or for a folder of the user's.

        Raises:
            CallerError: no preset has this name.
        """
        if name not in self.preset_names:
            raise CallerError(
                f"--preset {name}: the lab {self.name} has no such preset",
                f"choose from: {', '.join(self.preset_names)}",
            )
        further = self.presets.get(f"{name}/{'folder' if folder else data}", {})
        return self.config(**{**self.presets[name], **further, "data": data})

    def splits(self, config: Any) -> Splits:
        """Load the data, note the seconds it took, and refuse a config that does not fit them.

        Raises:
            CallerError: the data cannot be had, a split is too small to measure on, or a batch would be larger than
                the training split.
        """
        start = time.perf_counter()
        splits = self.load(config)
        if self.batches is None and config.batch_size > len(splits.train):
            raise CallerError(
                f"--batch-size: {config.batch_size} is more than the {len(splits.train)} training rows",
                f"give at most {len(splits.train)}",
            )
        trained = np.unique(splits.train.targets)
        for name, part in splits.parts().items():
            found = np.unique(part.targets)
            if len(found) < 2:
                raise CallerError(
                    f"the {name} split has {len(part)} rows, too few to tell one model from another",
                    "use more data, or larger shares for test and validation",
                )
            unseen = np.setdiff1d(found, trained)
            if splits.class_names and len(unseen):
                raise CallerError(
                    f"the {name} split has rows of {splits.class_names[unseen[0]]}, which training has none of",
                    "give more rows of that class, or leave it out",
                )
        return replace(splits, load_seconds=time.perf_counter() - start)
