"""`python -m labs.translation translate RUN "text"`: translations with their scores, and the attention as a figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from labs.translation import data
from labs.translation.config import Beams
from labs.translation.texts import pairs
from utils.base import text_tables
from utils.base.atomic_files import replacing
from utils.base.config import STRICT, Definition, NonNegative
from utils.base.console import show
from utils.base.errors import CallerError
from utils.base.paths import printable
from utils.datasets.catalog import kind_of_data

if TYPE_CHECKING:
    from utils.runs.record import Run

MOST_DRAWN = 3
"""Largest number of texts whose attention is drawn."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Translate:
    """Translate texts with the network of a run, by greedy decoding or beam search."""

    run: Positional[Path]
    """The folder of a run of this lab."""
    texts: Positional[tuple[str, ...]] = ()
    """The texts, each in quotes."""
    lines: Path | None = None
    """A text file; each of its lines is a text."""
    beams: Beams | None = None
    """Number of hypotheses of the beam search, 1 is greedy decoding; defaults to that of the run."""
    length_penalty: NonNegative | None = None
    """Exponent of the length penalty; defaults to that of the run."""
    alternatives: bool = False
    """Print all hypotheses of the beam search, best first."""
    attention: Path | None = None
    """A new .png file with the attention of the network, for up to three texts."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Print the translation of each text."""
        from labs.cli.records.open import opened_by

        run = opened_by(self.run, definition)
        named = self._texts(definition)
        source = data.sources(named, run.labels)
        self._check_attention(len(named))
        from utils.base.keras_import import import_keras

        import_keras()
        from labs.translation.steps import stepped
        from utils.export.formats import FORMATS, load_model

        model = load_model(run.path(FORMATS["keras"]))
        longest = run.labels["input_shape"]["target"][0]
        beams, penalty = self._search(run)
        found = stepped(model).translate(source, longest=longest, beams=beams, penalty=penalty)
        if self.attention is not None:
            self._draw(run, model, source, longest)
        target = data.vocabularies(run.labels["categories"])[1]
        written: list[dict[str, Any]] = []
        for (text, _), tokens, scores in zip(named, found.tokens, found.scores, strict=True):
            each = [
                {"translation": target.decode(row), "score": float(score)}
                for row, score in zip(tokens, scores, strict=True)
                if score > float("-inf")
            ]
            written.append({"source": text, **each[0], **({"alternatives": each} if self.alternatives else {})})
        show(json.dumps(written) if self.json else _table(written))
        return 0

    def _search(self, run: Run) -> tuple[int, float]:
        config = run.record["config"]
        beams = config["beams"] if self.beams is None else self.beams
        return beams, config["length_penalty"] if self.length_penalty is None else self.length_penalty

    def _texts(self, definition: Definition) -> list[tuple[str, str]]:
        """The texts, and the name of each for messages."""
        given = [(text, f"text {number}") for number, text in enumerate(self.texts, 1)]
        if self.lines is not None:
            given += [(line, f"{printable(str(self.lines))}: line {n}") for n, line in pairs.lines(self.lines)]
        if not given:
            raise CallerError("there is no text", f'{definition.program} translate {self.run} "March 3, 1992"')
        return given

    def _check_attention(self, texts: int) -> None:
        if self.attention is None:
            return
        if texts > MOST_DRAWN:
            raise CallerError(f"--attention: there are {texts} texts", f"give at most {MOST_DRAWN}")
        place = self.attention
        if place.suffix.lower() != ".png" or place.exists() or not place.parent.is_dir():
            raise CallerError(
                f"--attention {place}: this is not the name of a new .png file", "give one in an existing folder"
            )

    def _draw(self, run: Run, model: Any, source: Any, longest: int) -> None:
        from labs.translation.evaluation.attention import has_attention
        from labs.translation.evaluation.figures import maps
        from utils.runs.artifacts import mark

        assert self.attention is not None
        if not has_attention(model):
            raise CallerError("--attention: the network of this run has no attention", "give a run of another network")
        figure = maps(model, source, data.vocabularies(run.labels["categories"]), longest=longest)
        mark(figure, kind_of_data(run.record["data"]))
        with replacing(self.attention) as temporary:
            figure.savefig(temporary, dpi=150, format="png", bbox_inches="tight")


def _table(written: list[dict[str, Any]]) -> str:
    rows = [
        [printable(one["source"]) if not place else "", printable(each["translation"]), f"{each['score']:.3f}"]
        for one in written
        for place, each in enumerate(one.get("alternatives", [one]))
    ]
    return text_tables.table(["text", "translation", "score"], rows, left=(0, 1))
