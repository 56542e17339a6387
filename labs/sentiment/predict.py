"""`python -m labs.sentiment predict RUN "text"`: the class of a text, and the words that decide it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from labs.sentiment.data import cleaned
from utils.base import text_tables
from utils.base.atomic_files import replacing
from utils.base.config import STRICT, Definition
from utils.base.console import show
from utils.base.errors import CallerError
from utils.base.paths import printable
from utils.datasets.corpora import as_texts, text_lines

MOST_NAMED = 4
"""Number of words that are named for the prediction, and against it."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Predict:
    """Predict the class of texts with the model of a run, and name the words that decide it (integrated gradients)."""

    run: Positional[Path]
    """The folder of a run of this lab."""
    texts: Positional[tuple[str, ...]] = ()
    """The texts, each in quotes."""
    lines: Path | None = None
    """A text file; each of its lines is a text."""
    explain: Path | None = None
    """A new .png file with the words of a single text, coloured by each explanation."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Print the prediction of each text."""
        from labs.cli.records.open import opened_by

        run = opened_by(self.run, definition)
        texts = self._texts(definition)
        self._check_explain(texts)
        from utils.base.keras_import import import_keras

        import_keras()
        from utils.export.formats import FORMATS, load_model
        from utils.export.predictor import predictor
        from utils.text.classification.explanations import GRADIENTS, Explainer
        from utils.text.tokens import tokens

        model = load_model(run.path(FORMATS["keras"]))
        predict, names = predictor(model).predict, run.labels["class_names"]
        explainer = Explainer(model, predict)
        found: list[dict[str, Any]] = []
        for text, probabilities in zip(texts, predict(as_texts(texts)), strict=True):
            number = int(probabilities.argmax())
            scores = explainer.explain(text, number, GRADIENTS)
            words = [
                {"word": word, "contribution": float(score)} for word, score in zip(tokens(text), scores, strict=True)
            ]
            by_name = {name: float(value) for name, value in zip(names, probabilities, strict=True)}
            found.append({"text": text, "class": names[number], "probabilities": by_name, "words": words})
        if self.explain is not None:
            from labs.sentiment.figures import explained

            with replacing(self.explain) as temporary:
                explained(texts[0], explainer, names).savefig(temporary, dpi=150, format="png")
        show(json.dumps(found) if self.json else _table(found))
        return 0

    def _texts(self, definition: Definition) -> list[str]:
        given = [(text, f"text {number}") for number, text in enumerate(self.texts, 1)]
        if self.lines is not None:
            place = printable(str(self.lines))
            given += [(line, f"{place}: text {number}") for number, line in enumerate(text_lines(self.lines), 1)]
        if not given:
            raise CallerError("there is no text", f'{definition.program} predict {self.run} "It was not good at all"')
        return [cleaned(text, name) for text, name in given]

    def _check_explain(self, texts: list[str]) -> None:
        if self.explain is None:
            return
        if len(texts) > 1:
            raise CallerError(f"--explain: there are {len(texts)} texts", "give one text")
        if self.explain.suffix.lower() != ".png" or self.explain.exists() or not self.explain.parent.is_dir():
            raise CallerError(
                f"--explain {self.explain}: this is not the name of a new .png file", "give one in an existing folder"
            )


def _table(found: list[dict[str, Any]]) -> str:
    rows = []
    for one in found:
        ordered = sorted(one["words"], key=lambda word: -word["contribution"])
        told = [word["word"] for word in ordered[:MOST_NAMED] if word["contribution"] > 0]
        against = [word["word"] for word in ordered[::-1][:MOST_NAMED] if word["contribution"] < 0]
        text = one["text"] if len(one["text"]) <= 40 else one["text"][:39] + "…"
        chance = f"{one['probabilities'][one['class']]:.1%}"
        rows.append([printable(text), one["class"], chance, " ".join(told), " ".join(against)])
    header = ["text", "sentiment", "probability", "words for it", "words against it"]
    return text_tables.table(header, rows, left=(0, 1, 3, 4))
