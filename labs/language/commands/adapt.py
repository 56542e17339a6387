"""`python -m labs.language adapt RUN --data FILE --lora 8`: a trained network continues to learn, from another text."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from labs.language.config import Config
from utils.base.config import STRICT, Count, Definition, Positive, Seed, from_json
from utils.base.console import say, say_progress, show
from utils.base.errors import CallerError
from utils.base.text_tables import table

MOST_UNKNOWN = 0.05
"""Largest fraction of unknown tokens in the other text."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Adapt:
    """Adapt the network of a run to another text with low-rank adapters, and compare that with training all weights."""

    run: Positional[Path]
    """The folder of a run of this lab."""
    data: str
    """A text file, or the name of a data set: the text to which the network is adapted."""
    lora: Annotated[int, Field(ge=1, le=256)] = 8
    """Rank of the adapters: each matrix is changed by a product of two matrices of this width (Hu et al. 2022)."""
    steps: Count = 60
    """Gradient steps of each training."""
    batch_size: Count = 8
    """Windows of the new text per gradient step."""
    learning_rate: Positive = 4e-2
    """Step size of Adam for the adapters; all weights are trained with a fifth of it."""
    out: Path | None = None
    """A new folder for the run of the adapted network; defaults to one named after the time."""
    seed: Seed = 7
    """Seed of the adapters and of the windows."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Train in three ways, print losses on both texts, and write a run with the adapted network."""
        from labs.cli.records.open import opened_by
        from labs.language import data
        from utils.runs import run_folder

        run = opened_by(self.run, definition)
        if self.out is not None:
            run_folder.new_folder(self.out)
        before = from_json(Config, json.dumps(run.record["config"]))
        config = replace(
            before,
            data=self.data,
            seed=self.seed,
            epochs=1,
            batch_size=self.batch_size,
            refit=False,
            restore_best_weights=True,
        )
        tokenizer = data.tokenizer_of(run.labels["categories"])
        texts = {"original": data.load(before, tokenizer), "new": data.load(config, tokenizer)}
        _check_known(texts["new"], self.data)
        from utils.base.keras_import import import_keras

        import_keras()
        from labs.language.commands.adapting import compared, saved

        began = time.perf_counter()
        found = compared(
            run, config, texts, lora=self.lora, steps=self.steps, learning_rate=self.learning_rate, report=say_progress
        )
        seconds = time.perf_counter() - began
        results = {name: adapted.results for name, adapted in found.items()}
        folder = saved(
            run,
            config,
            texts["new"],
            found["adapters"],
            results,
            seconds=seconds,
            command=self._command(definition),
            out=self.out,
        ).folder
        show(json.dumps({"run": str(folder), "results": results}, indent=2) if self.json else summary(results))
        if not self.json:
            say(f"{seconds:.0f} s; run: {folder}")
        return 0

    def _command(self, definition: Definition) -> str:
        """The command that repeats this."""
        options = ("data", "lora", "steps", "batch_size", "learning_rate", "seed")
        words = [word for name in options for word in (f"--{name.replace('_', '-')}", str(getattr(self, name)))]
        return shlex.join([*definition.program.split(), "adapt", str(self.run), *words])


def _check_known(texts: Any, name: str) -> None:
    from utils.text.tokenizing.encoded import UNKNOWN

    tokens = texts.encoded["train"].tokens
    unknown = float((tokens == UNKNOWN).mean())
    if unknown > MOST_UNKNOWN:
        some = " ".join(map(repr, texts.tokenizer.unknown(texts.texts["train"])[:20]))
        raise CallerError(
            f"--data {name}: the network of the run does not know {unknown:.0%} of its tokens, such as {some}",
            "adapt a run with --tokens bpe, which can read any text",
        )


def summary(results: Mapping[str, Mapping[str, float]]) -> str:
    """The results as a table."""
    header = ["network", "trained weights", "CPU seconds", "new text (nat per character)", "original text"]
    rows = [
        [name, f"{row['weights']:,}", f"{row['cpu_seconds']:.0f}", f"{row['new']:.3f}", f"{row['original']:.3f}"]
        for name, row in results.items()
    ]
    return table(header, rows)
