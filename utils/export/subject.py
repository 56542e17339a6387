"""What is exported: the model of a run, and the rows on which every format is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from utils.datasets.splits import Split
from utils.metrics.metric import Metric, Scores
from utils.training.results import Endpoint, Measure

if TYPE_CHECKING:
    import keras

    from utils.text.generating.stepping import Stepped


@dataclass(frozen=True)
class Tokenized:
    """A model of texts without its vocabulary, for formats that have no strings.

    Attributes:
        model: from token ids, (rows, length) int32 by name, to the predictions of the model of texts.
        encode: from texts to those token ids, padded on the right.
        vocabulary: what another program needs to encode texts, as JSON; saved next to the file.
    """

    model: keras.Model
    encode: Callable[[Any], dict[str, Any]]
    vocabulary: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A further signature of the SavedModel that is checked on inputs of its own.

    Attributes:
        inputs: arrays by name.
        onnx: whether it is also a file of its own in ONNX, see `utils.export.extras.PART_FILES`.
    """

    inputs: Mapping[str, Any]
    onnx: bool = False


@dataclass(frozen=True)
class Subject:
    """A model, and the rows on which its exports are checked.

    Attributes:
        model: a functional model of built-in Keras layers.
        test: the rows on which every format is checked.
        training: the rows by which the ranges of integers are chosen.
        measure: what the metrics compare with the targets.
        metrics: by name; the model is judged by the first one.
        recorded: the metrics of the run on all test rows.
        stepped: the model one step at a time; None if it is no model of sequences.
        tokenized: the model on token ids, if it takes texts and is exported to formats without strings, too.
        endpoints: further signatures of the SavedModel, among them those of `stepped`.
        vocabulary: what another program needs to encode texts for a model that takes numbers of tokens, as JSON; saved
            next to the files.
        parts: how signatures among `endpoints` are checked that are not those of `stepped`, by name.
        centre: fraction of height and width of an image file that the model is given.
    """

    model: keras.Model
    test: Split
    training: Split
    measure: Measure
    metrics: Mapping[str, Metric]
    recorded: Scores
    stepped: Stepped | None = None
    tokenized: Tokenized | None = None
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    centre: float = 1.0
