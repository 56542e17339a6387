"""Three ways to a network for another text: low-rank adapters, all weights, and training from scratch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from labs.language.config import Config
from labs.language.data import Texts
from labs.language.lab import lab
from labs.language.model import network
from utils.export.formats import FORMATS, load_model
from utils.export.predictor import predictor
from utils.networks.compiling import optimizer
from utils.runs import harness
from utils.runs.completion import complete
from utils.runs.lab import Request
from utils.runs.record import Run
from utils.runs.run_folder import RunFolder, request_of
from utils.text import next_token
from utils.text.windows import WindowBatches, shuffled
from utils.training.loop import train
from utils.training.results import Fitted, Progress

ADAPTED = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Embedding)
"""The layers that can have Keras's low-rank adapters."""
PARTS = 3
"""Epochs into which the steps are divided; the one with the lowest validation loss is kept."""
MEASURED = 20_000
"""Number of test tokens on which the ways are compared; the run that is written is evaluated on all."""
VALIDATED = 64
"""Number of validation windows after each of PARTS."""
WAYS = ("adapters", "all weights", "from scratch")
SHARE = 0.2
"""Step size for all weights, as a fraction of that for adapters."""


@dataclass
class Adapted:
    """A network after one way of training.

    Attributes:
        model: of plain layers; adapters have been added to its weights.
        progress: of the training.
        results: `weights`, the number that was trained; `cpu_seconds`; the loss on the test splits of the `new` and of
            the `original` text, in nats per character.
    """

    model: keras.Model
    progress: Progress
    results: dict[str, float]


def with_adapters(model: keras.Model, rank: int) -> None:
    """Add trainable low-rank adapters to every dense layer and embedding that was trained, and freeze all else.

    Source:
        Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (2022, arXiv:2106.09685).
    """
    for layer in model.layers:
        if isinstance(layer, ADAPTED) and layer.trainable_weights:
            layer.enable_lora(rank)
        else:
            layer.trainable = False


def merge(adapted: keras.Model, plain: keras.Model) -> None:
    """Give the weights of a network with adapters to one without: the products of the adapters are added."""
    for layer, other in zip(adapted.layers, plain.layers, strict=True):
        if getattr(layer, "lora_enabled", False):
            name = "embeddings" if isinstance(layer, keras.layers.Embedding) else "kernel"
            getattr(other, name).assign(getattr(layer, name))


def compared(
    run: Run,
    config: Config,
    texts: Mapping[str, Texts],
    *,
    lora: int,
    steps: int,
    learning_rate: float,
    report: Callable[[str], None],
) -> dict[str, Adapted]:
    """Train in each way with the same number of steps.

    Args:
        run: whose network is adapted.
        config: of the run, with the new text.
        texts: `new` and `original`, in the tokens of the run.
        lora: rank of the adapters.
        steps: gradient steps of each training.
        learning_rate: step size for the adapters.
        report: called with what is done next.

    Returns:
        By name: `before`, `adapters`, `all weights`, `from scratch`.
    """

    path = run.path(FORMATS["keras"])
    report("measuring the network of the run")
    found = {"before": _finished(load_model(path), Progress(), texts, weights=0, seconds=0.0)}
    for name in WAYS:
        report(f"training: {name}")
        keras.utils.set_random_seed(config.seed)
        found[name] = _by_way(name, path, config, texts, lora=lora, steps=steps, learning_rate=learning_rate)
    return found


def _by_way(
    name: str,
    path: Path,
    config: Config,
    texts: Mapping[str, Texts],
    *,
    lora: int,
    steps: int,
    learning_rate: float,
) -> Adapted:
    """Train in one of WAYS, beginning with the network of this file except from scratch."""
    scratch = name == "from scratch"
    model = network(config, len(texts["new"].tokenizer.symbols)) if scratch else load_model(path)
    if name == "adapters":
        with_adapters(model, lora)
    rate = {"adapters": learning_rate, "all weights": SHARE * learning_rate}.get(name)
    began = time.process_time()
    progress = _trained(model, config, texts["new"], steps, rate)
    seconds = time.process_time() - began
    weights = harness.trainable_parameters(model)
    if name == "adapters":
        plain = load_model(path)
        merge(model, plain)
        model = plain
    return _finished(model, progress, texts, weights=weights, seconds=seconds)


def _finished(
    model: keras.Model, progress: Progress, texts: Mapping[str, Texts], *, weights: int, seconds: float
) -> Adapted:
    losses = {name: _loss(model, part) for name, part in texts.items()}
    return Adapted(model, progress, {"weights": weights, "cpu_seconds": seconds, **losses})


def _loss(model: keras.Model, texts: Texts) -> float:
    rows = max(1, MEASURED // texts.test.inputs.shape[1])
    inputs = texts.test.inputs[:rows]
    targets = {name: values[:rows] for name, values in texts.test.targets.items()}
    return next_token.log_loss(targets, next_token.measure(predictor(model), inputs, targets))


def _trained(model: keras.Model, config: Config, texts: Texts, steps: int, rate: float | None) -> Progress:
    """Train on the new text; from scratch with the optimizer of the run."""
    own = rate is None
    model.compile(
        optimizer(
            config.optimizer if own else "adam",
            config.learning_rate if rate is None else rate,
            schedule="cosine",
            steps=steps,
            warm_up=steps // 10,
            weight_decay=0.0,
            clip=config.clip,
        ),
        "sparse_categorical_crossentropy",
        jit_compile=False,
    )
    tokens, held = (texts.encoded[name].tokens for name in ("train", "validation"))
    rows = config.batch_size * max(1, steps // PARTS)

    def windows(epoch: int) -> Any:
        order = shuffled(tokens, config.length, config.seed, epoch)
        return np.resize(order, (rows, config.length + 1))

    validation = WindowBatches(lambda _: shuffled(held, config.length, config.seed, 0)[:VALIDATED], VALIDATED)
    return train(
        model,
        WindowBatches(windows, config.batch_size),
        validation,
        epochs=PARTS,
        patience=0,
        restore_best_weights=True,
        checkpoint=None,
        report=lambda *_: None,
    )


def saved(
    run: Run,
    config: Config,
    texts: Texts,
    adapted: Adapted,
    results: Mapping[str, Any],
    *,
    seconds: float,
    command: str,
    out: Path | None = None,
) -> Run:
    """Write a run with the adapted network; its `details` have the comparison as `adaptation`."""
    source = {"run": run.folder.name, "data": run.record["data"]["name"], "results": dict(results)}
    told = lab.replace(inspect=lambda fitted: {**lab.inspect(fitted), "adaptation": source})
    preset = run.record["preset"]
    fitted = Fitted(
        told, config, preset, texts, adapted.model, adapted.model, adapted.progress, {"load": 0.0, "fit": seconds}
    )
    folder = RunFolder.new(lab.name, config.seed) if out is None else RunFolder(out)
    partial = folder.begin(request_of(lab.name, preset, config, texts), overwrite=False)
    part = harness.write(fitted, harness.evaluate(fitted), partial)
    return complete(told, Request(preset, config, texts), part | {"command": command}, folder)
