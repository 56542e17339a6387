"""`python -m labs.language write RUN --prompt "…"`: text from the network of a run, as it is drawn."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from utils.base.config import STRICT, Definition, Natural, NonNegative, Seed, Share
from utils.base.console import show
from utils.base.errors import CallerError

if TYPE_CHECKING:
    import keras

    from utils.runs.record import Run
    from utils.text.tokenizing.encoded import Tokenizer

NAMED = 40
"""Largest number of unknown characters or words that an error names."""
DECODED = 256
"""Number of tokens from which the text so far is kept and not decoded again."""
PARTIAL = "\N{REPLACEMENT CHARACTER}"
"""What the first bytes of a character are decoded to."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Write:
    """Write text with the network of a run: it continues the prompt, token by token."""

    run: Positional[Path]
    """The folder of a run of this lab."""
    prompt: str = ""
    """The text that is continued; by default a text begins as after the end of a line."""
    characters: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Number of characters that are written after the prompt."""
    texts: Annotated[int, Field(ge=1, le=1_000)] = 1
    """Number of texts; they are drawn together, which is many times faster than one after the other."""
    temperature: NonNegative | None = None
    """Below 1 probable tokens become more probable, above 1 less; 0 takes the most probable; defaults to the run's."""
    top_k: Natural | None = None
    """Draw from the k most probable tokens only; 0 draws from all; defaults to the run's."""
    top_p: Share | None = None
    """Draw only from the most probable tokens that together have this probability; defaults to the run's."""
    stop: str = ""
    """Text after which the writing stops, such as a name or two ends of lines; by default none."""
    seed: Seed = 7
    """Seed of the random draws: the same seed and options give the same text."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Write the texts; a single one is printed while it is drawn."""
        from labs.cli.records.open import opened_by
        from labs.language.data import tokenizer_of

        run = opened_by(self.run, definition)
        tokenizer = tokenizer_of(run.labels["categories"])
        check_prompt(self.prompt, tokenizer)
        options = {name: self._setting(run, name) for name in ("temperature", "top_k", "top_p")} | {"seed": self.seed}
        model = _loaded(run)
        if self.texts == 1 and not self.json:
            self._print(Writer(model, tokenizer), options)
            return 0
        written = Writer(model, tokenizer).write(self.prompt, self.characters, self.texts, stop=self.stop, **options)
        if self.json:
            show(json.dumps({"prompt": self.prompt, "options": options, "texts": written}, indent=2))
        else:
            show("\n\n".join(f"Text {number}\n{self.prompt}{text}" for number, text in enumerate(written, 1)))
        return 0

    def _setting(self, run: Run, name: str) -> Any:
        given = getattr(self, name)
        return run.record["config"][name] if given is None else given

    def _print(self, writer: Writer, options: dict[str, Any]) -> None:
        sys.stdout.write(self.prompt)
        for part in writer.stream(self.prompt, self.characters, stop=self.stop, **options):
            sys.stdout.write(part)
            sys.stdout.flush()
        sys.stdout.write("\n")


def _loaded(run: Run) -> keras.Model:
    from utils.base.keras_import import import_keras

    import_keras()
    from utils.export.formats import FORMATS, load_model

    return load_model(run.path(FORMATS["keras"]))


def check_prompt(prompt: str, tokenizer: Tokenizer) -> None:
    """Refuse a prompt with characters or words that the network does not know; byte pairs know every text.

    Raises:
        CallerError: there are some; they are named.
    """
    unknown = tokenizer.unknown(prompt)
    if unknown:
        named = " ".join(map(repr, unknown[:NAMED])) + (" …" if len(unknown) > NAMED else "")
        raise CallerError(
            f"--prompt: the network does not know {named}",
            "use what occurs in its training text, or train with --tokens bpe, which can read any text",
        )


class Writer:
    """A network that writes text.

    Args:
        model: from `labs.language.model.build`, built or loaded.
        tokenizer: its tokenizer.
    """

    def __init__(self, model: keras.Model, tokenizer: Tokenizer) -> None:
        from labs.language.model import stepped

        self._tokenizer = tokenizer
        self._stepped = stepped(model)
        self._generator = self._stepped.generator()

    def write(self, prompt: str, characters: int, texts: int = 1, *, stop: str = "", **options: Any) -> list[str]:
        """Texts that continue the prompt, without it; the same arguments give the same texts.

        Args:
            prompt: of known characters or words.
            characters: largest length of each text.
            texts: number of texts.
            stop: text after which a text ends.
            **options: temperature, top_k, top_p and seed, as of `utils.text.generating.generation.Generator.generate`.
        """
        last = [""] * texts
        for found in self._growing(prompt, characters, texts, options):
            last = [_ended(text, characters, stop) for text in found]
            if all(len(text) == characters or (stop and text.endswith(stop)) for text in last):
                break
        return last

    def stream(self, prompt: str, characters: int, *, stop: str = "", **options: Any) -> Iterator[str]:
        """One text of `write`, in parts, each as soon as it is drawn."""
        shown = ""
        for (text,) in self._growing(prompt, characters, 1, options):
            ended = _ended(text, characters, stop)
            # The last character may be a part of one so far, and the stop may have begun.
            certain = ended if ended != text else text.rstrip(PARTIAL)
            yield certain[len(shown) :]
            shown = certain
            if len(ended) == characters or (stop and ended.endswith(stop)):
                return

    def _growing(self, prompt: str, characters: int, texts: int, options: dict[str, Any]) -> Iterator[list[str]]:
        """What has been written so far, after each piece."""
        from labs.language.data import beginning

        start = self._tokenizer.encode(prompt).tokens
        start = start if len(start) else beginning(self._tokenizer)
        # A token has one character at least; only of byte pairs may a character need up to four.
        most = len(start) + 4 * characters
        if self._stepped.longest is not None:
            most = min(most, self._stepped.longest)
        written = [_Text(self._tokenizer, start) for _ in range(texts)]
        rows, states = [start] * texts, self._stepped.zeros(texts)
        place = 0
        for piece in self._generator.stream(rows, states, longest=most, **options):
            fresh = piece[max(0, len(start) - place) :]
            place += len(piece)
            if len(fresh):
                yield [text.grown(tokens) for text, tokens in zip(written, fresh.T, strict=True)]


class _Text:
    """A text that grows; only its last tokens are decoded again, because how they are written may depend on others."""

    def __init__(self, tokenizer: Tokenizer, start: Any) -> None:
        self._decode = tokenizer.decode
        self._before = ""
        self._begin(list(start))

    def _begin(self, tokens: list[int]) -> None:
        self._tokens = tokens
        self._known = len(self._decode(tokens))

    def grown(self, tokens: Any) -> str:
        """The text with these tokens, without the tokens that it began with."""
        self._tokens += list(tokens)
        text = self._before + self._decode(self._tokens)[self._known :]
        if len(self._tokens) > DECODED and not text.endswith(PARTIAL):
            self._before = text
            self._begin(self._tokens[-1:])
        return text


def _ended(text: str, characters: int, stop: str) -> str:
    """The text before its end: behind `stop`, or at the largest number of characters."""
    place = text.find(stop) if stop else -1
    return text[: min(characters, len(text) if place < 0 else place + len(stop))]
