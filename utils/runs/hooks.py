"""The steps of a supervised lab, each a method that a lab defines or overrides; the defaults are documented here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from utils.datasets.splits import Split, Splits
from utils.runs.lab import Lab
from utils.training.batches import Batches, Transform, batches
from utils.training.phases import train_phases
from utils.training.results import Endpoint, Evaluation, Fitted, Phase, Predicts, Progress, Report, predictions

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from utils.export.subject import Tokenized
    from utils.text.generating.stepping import Stepped

VALIDATION_BATCH = 256


class SupervisedHooks(Lab):
    """What the harness asks of a supervised lab.

    A lab must define `load`, `build`, `compile`, `baselines` and `figures`. `config` is the lab's config throughout.
    """

    phase: str = "training"
    """Name of the training in the history, where further phases follow."""
    measure = staticmethod(predictions)
    """What the metrics compare with the targets: a function of a predictor, inputs and targets that can be imported by
    module and name, as the metrics can; defaults to the predictions."""

    paired: Sequence[str] = ()
    """Names of the baselines with which the model is compared row by row, in `details`; none by default."""

    def load(self, config: Any) -> Splits:
        """Load and split the data; must not import Keras."""
        raise NotImplementedError

    def splits(self, config: Any) -> Splits:
        """`load`, with the seconds that it took."""
        start = time.perf_counter()
        return replace(self.load(config), load_seconds=time.perf_counter() - start)

    def build(self, config: Any, splits: Splits) -> keras.Model:
        """The uncompiled network: raw inputs to predictions, with normalization fitted on the training split inside."""
        raise NotImplementedError

    def compile(self, config: Any, splits: Splits) -> dict[str, Any]:
        """Arguments of `keras.Model.compile`: optimizer, loss, metrics."""
        raise NotImplementedError

    def baselines(self, config: Any, splits: Splits) -> Mapping[str, Any]:
        """Predictions of simple models for the test split, by name: what the network has to beat."""
        raise NotImplementedError

    def slow_baselines(self, config: Any, splits: Splits) -> Mapping[str, Any]:
        """Further baselines, which take longer than a smoke run: the preset `quick` omits them; by default none."""
        return {}

    def figures(self, fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
        """Figures of a trained model, by file name without suffix."""
        raise NotImplementedError

    def train(self, config: Any, splits: Splits, folder: Path | None, report: Report) -> tuple[keras.Model, Progress]:
        """Train the network, and return it with the weights of the kept epoch; by default in Keras, in phases.

        Args:
            config: the hyperparameters.
            splits: the data.
            folder: for the training state after each epoch, to resume from, or None.
            report: called after each epoch.

        Raises:
            CallerError: the loss is not finite.
            MemoryError: the network does not fit in memory.
        """
        first = Phase(self.phase, config.epochs, lambda *given: self.build(*given[:2]), self.compile, self.batches)
        return train_phases([first, *self.further(config, splits)], config, splits, folder, report)

    def transform(self, config: Any) -> Transform | None:
        """A change of the inputs of training batches (augmentation); by default none."""
        return None

    def batches(self, config: Any, splits: Splits) -> tuple[Batches, Batches]:
        """Training and validation batches; by default rows of the splits."""
        training = batches(splits.train, config.batch_size, config.seed, self.transform(config))
        return training, batches(splits.validation, VALIDATION_BATCH)

    def further(self, config: Any, splits: Splits) -> Sequence[Phase]:
        """Phases of training after the first; by default none."""
        return ()

    def assemble(self, config: Any, splits: Splits, trained: keras.Model) -> keras.Model:
        """The model that is evaluated and saved; by default the trained network itself."""
        return trained

    def known(
        self,
        config: Any,
        splits: Splits,
        trained: keras.Model,
        part: Split,
    ) -> NDArray[Any] | None:
        """Predictions for the training or the validation split that are cheaper than the assembled model's; by default
        none. The test split always uses the assembled model."""
        return None

    def threshold(self, config: Any, truth: Any, predictions: Any) -> float | None:
        """The probability from which a row is classified as class 1, chosen on validation; by default none."""
        return None

    def details(self, splits: Splits, predictions: Any, threshold: float | None, /) -> dict[str, Any]:
        """Results on the test split that are no single number (a confusion matrix), for `run.json`; by default none."""
        return {}

    def inspect(self, fitted: Fitted) -> dict[str, Any]:
        """Results of the model beyond its predictions for the splits, added to `details`; by default none."""
        return {}

    def remarks(self, details: Mapping[str, Any]) -> Sequence[str]:
        """Sentences on `details` for the summary and the card; by default none."""
        return ()

    def stepped(self, model: keras.Model) -> Stepped | None:
        """A model of sequences one symbol at a time, with explicit states, for generation and exports; by default
        none."""
        return None

    def tokenized(self, model: keras.Model) -> Tokenized | None:
        """A model of texts on token ids, for formats that have no strings; by default none."""
        return None

    def endpoints(self, model: keras.Model) -> Mapping[str, Endpoint]:
        """Further signatures of the SavedModel, by name; by default `step` and `generate` of a `stepped` model."""
        found = self.stepped(model)
        return {} if found is None else found.endpoints()

    def predict_rows(self, predictor: Predicts, inputs: Any) -> Any:
        """What the command `predict` reports for each row of inputs; by default the predictions."""
        return predictor.predict(inputs)
