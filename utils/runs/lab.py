"""The contract of a lab: what the command line needs of any lab, whatever it trains and however."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from numpy.typing import NDArray

from utils.base.config import BaseConfig, Definition
from utils.base.errors import CallerError
from utils.datasets.splits import Source
from utils.metrics.metric import Measured, Metric, Scores, score
from utils.runs.record import Run
from utils.training.results import Report, silent

if TYPE_CHECKING:
    from utils.export.subject import Subject

JUDGED_SPLITS = ("test", "train")
"""Splits whose metrics are compared with the bands."""


class Data(Protocol):
    """What a lab's `load` returns: anything that knows where it comes from, such as `Splits`."""

    @property
    def source(self) -> Source:
        """Name, origin, digest, and whether the data are simulated."""


@dataclass(frozen=True)
class Request:
    """What a run was asked for.

    Attributes:
        preset: the name that the run is recorded under.
        config: the hyperparameters.
        data: what `load` returned for them.
    """

    preset: str
    config: Any
    data: Any


@dataclass(frozen=True)
class Outcome:
    """What one training gave: compared by `verify`, `baseline` and `sweep`.

    Attributes:
        source: of the data.
        unit: unit of the metric by which the lab is judged, the first of its metrics.
        measures: a number by name, such as `test rmse`, each compared with its band.
        better: `lower` or `higher` by name of the measure.
        validation: metrics on the validation split, by which a sweep chooses.
        facts: what does not depend on the seed: rows, digest of the data, number of parameters.
        seconds: duration of the training.
        baselines: metrics of the baselines on the test split, by name.
        audit: leakage between the splits.
    """

    source: Source
    unit: str
    measures: Mapping[str, float]
    better: Mapping[str, str]
    validation: Mapping[str, float]
    facts: Mapping[str, Any]
    seconds: float
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    audit: Mapping[str, Any] = field(default_factory=dict)


class Lab:
    """A lab. Subclasses define `definition`, `metrics`, `load` and `run`; the other methods have defaults.

    Attributes:
        definition: the contents of the lab's `config.py`.
        metrics: by name; the lab is judged by the first one.
        caution: a sentence on what the models are not for, for every card and prediction.
    """

    definition: Definition
    metrics: Mapping[str, Metric]
    caution: str = ""

    @property
    def name(self) -> str:
        """The name of the lab: its package in `labs`, or its dotted module."""
        return self.definition.name

    @property
    def title(self) -> str:
        """One line on what is predicted from what."""
        return self.definition.title

    @property
    def config(self) -> type[BaseConfig]:
        """The class of the hyperparameters."""
        return self.definition.config

    def preset(self, name: str, data: str = "auto", *, folder: bool = False) -> Any:
        """The config of a preset; see `Definition.preset`."""
        return self.definition.preset(name, data, folder=folder)

    def replace(self, **hooks: Any) -> Self:
        """A copy of the lab in which some methods are replaced by functions, which are called without `self`.

        Raises:
            TypeError: the lab has no such method or attribute.
        """
        unknown = [name for name in hooks if not hasattr(self, name)]
        if unknown:
            raise TypeError(f"a lab has no {unknown[0]}")
        changed = copy.copy(self)
        vars(changed).update(hooks)
        return changed

    def metrics_on(self, data: str) -> Mapping[str, Metric]:
        """The metrics on a data set, by its name; by default the same on all. A lab overrides it if it predicts numbers
        on one data set and classes on another; `metrics` are then those of its default data set."""
        return self.metrics

    def load(self, config: Any) -> Data:
        """Load the data of a config. It must not import Keras: it lives in the lab's `data.py`.

        Raises:
            CallerError: the data cannot be obtained, or do not fit the config.
        """
        raise NotImplementedError

    def run(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        """Train, evaluate, and write the lab's own files (models, figures, labels) into the folder.

        The caller writes `run.json` and the card, adds versions, device, commit and digests, and renames the folder.

        Args:
            request: preset, config and data.
            folder: exists; may contain the training state of an interrupted run.
            report: called after each epoch with its row, the number of epochs and the seconds left. A lab may also tell
                `reporter(report)` of its stages and of the progress within an epoch.

        Returns:
            The lab's part of `run.json`: `data` (with `rows`), `metrics` by split, `units`, `seconds`; `baselines`,
            `parity`, `audit`, `warnings` and further keys where the lab has them.

        Raises:
            CallerError: training diverged, or the config does not fit.
        """
        raise NotImplementedError

    def trial(self, config: Any) -> Outcome:
        """Train and evaluate without keeping a run; by default a run in a temporary folder."""
        data = self.load(config)
        with tempfile.TemporaryDirectory() as folder:
            record = self.run(Request("course", config, data), Path(folder), silent)
        metrics, known = record["metrics"], self.metrics_on(data.source.name)
        measures = {
            f"{split} {name}": score["value"]
            for split in JUDGED_SPLITS
            for name, score in metrics.get(split, {}).items()
        }
        rows = {f"{split} rows": rows for split, rows in record["data"].get("rows", {}).items()}
        return Outcome(
            source=data.source,
            unit=next(iter(record["units"].values()), ""),
            measures=measures,
            better={name: known[name.split(" ", 1)[1]].better for name in measures},
            validation={name: score["value"] for name, score in metrics.get("validation", metrics["test"]).items()},
            facts={"data digest": data.source.digest, **rows},
            seconds=record["seconds"]["fit"],
            baselines=record.get("baselines", {}),
            audit=record.get("audit", {}),
        )

    def metrics_of(self, run: Run) -> dict[str, Metric]:
        """The metrics, at the threshold that the run chose on validation."""
        metrics = self.metrics_on(run.record["data"]["name"])
        return {name: metric.at(run.record.get("threshold")) for name, metric in metrics.items()}

    def measured(self, run: Run, data: Any) -> Measured:
        """Measure a saved run again, row by row.

        Args:
            run: of this lab.
            data: what `load` returned for its config, or other data with the same classes or columns; a `test` split
                is all that is needed of them.

        Returns:
            The test rows with their predictions.

        Raises:
            CallerError: the lab has no such command.
        """
        raise CallerError(f"the lab {self.name} cannot evaluate a saved run", "look at the metrics in its run.json")

    def evaluate(self, run: Run, data: Any) -> Scores:
        """The metrics of a saved run with their intervals; arguments and errors as of `measured`."""
        found = self.measured(run, data)
        return score(self.metrics_of(run), found.truth, found.prediction, found.groups)

    def subject(self, run: Run, data: Any) -> Subject:
        """The model of a saved run, and the rows on which `export` checks it.

        Args:
            run: of this lab.
            data: what `load` returned for its config.

        Raises:
            CallerError: the lab has no Keras model.
        """
        raise CallerError(f"the lab {self.name} saves no Keras model to export", "export a run of another lab")

    def read(self, paths: Sequence[Path], labels: Mapping[str, Any]) -> Any:
        """Inputs for `predict` from files; must not import Keras. See the lab's `data.py`.

        Raises:
            CallerError: the lab predicts nothing from files.
        """
        raise CallerError(f"the lab {self.name} predicts nothing from files", f"{self.definition.program} --help")

    def predict(self, run: Run, inputs: Any) -> NDArray[Any] | dict[str, NDArray[Any]]:
        """Predictions of a saved run for inputs that `read` returned: (rows, …), or such arrays by name.

        Raises:
            CallerError: the lab predicts nothing from files.
        """
        raise CallerError(f"the lab {self.name} predicts nothing from files", f"{self.definition.program} --help")
