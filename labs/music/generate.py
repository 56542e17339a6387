"""`python -m labs.music generate RUN`: tunes as ABC, MIDI, MusicXML, staff notation, piano rolls and sound."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from labs.music.config import Instrument
from labs.music.notation.staff import check_verovio
from labs.music.sound.files import Text, described, save
from utils.base import config
from utils.base.atomic_files import staged, write_json
from utils.base.config import STRICT, Definition, Natural, Positive, Seed, Share
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.base.paths import PRETRAINED
from utils.runs import run_folder

if TYPE_CHECKING:
    from labs.music.sampling import Writer
    from utils.runs.record import Run

HEADER = 40
"""Number of characters within which a network writes a header."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Generate:
    """Generate tunes with the network of a run, and save them as ABC, MIDI, MusicXML, staff notation and sound."""

    run: Positional[Path | None] = None
    """The folder of a run of this lab; defaults to the newest one, or else to the network that comes with the lab."""
    out: Path | None = None
    """A new folder for the tunes; defaults to one below models/music/, named after the time."""
    tunes: Annotated[int, Field(ge=1, le=10_000)] = 8
    """Number of tunes."""
    key: str | None = None
    """Key of every tune: D, Em, Bb, Dmix, Ador …; by default the network chooses."""
    metre: str | None = None
    """Metre of every tune: 6/8, 4/4, 9/8 …; by default the network chooses."""
    prompt: Path | None = None
    """A file with the beginning of a tune in ABC; every tune continues it."""
    temperature: Positive | None = None
    """Below 1 probable characters become more probable, above 1 less; defaults to that of the run."""
    top_k: Natural = 0
    """Draw from the k most probable characters only; 0 draws from all."""
    top_p: Share = 1.0
    """Draw only from the most probable characters that together have this probability."""
    longest: Annotated[int, Field(ge=1, le=100_000)] = 2000
    """Largest number of characters per tune; a tune that has not ended by then is saved as it is."""
    instrument: Instrument = "string"
    """The instrument of the .wav files: a plucked string or a flute."""
    seed: Seed = 7
    """Seed of the random draws: the same seed and options give the same tunes."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Generate the tunes, then save and print them."""
        from labs.cli.records.open import opened_by
        from labs.music.data import check_music21

        run = opened_by(_trained(definition.name) if self.run is None else self.run, definition)
        if self.temperature is None:
            temperature = run.record["config"]["temperature"]
            return replace(self, run=run.folder, temperature=temperature).execute(definition)
        check_music21()
        check_verovio()
        out = new_folder(self.out, definition.name)
        prompt = self._prompt(run.labels["categories"]["character"])
        with staged(out) as folder:
            texts = self._generate(run, prompt)
            written = [Text(f"Tune {number}", text, ended) for number, (text, ended) in enumerate(texts, 1)]
            tunes = save(written, folder, self.instrument)
            record = {"options": config.to_json(replace(self, run=run.folder, out=out)), "tunes": tunes}
            write_json(folder / "tunes.json", record)
        show(json.dumps(record, indent=2) if self.json else summary(tunes, out))
        return 0

    def _prompt(self, symbols: Sequence[str]) -> str:
        """The given beginning of every tune: the prompt, or the metre's line of the header."""
        from labs.music.data import read_tunes
        from labs.music.notation.keys import read_key, read_metre

        key = None if self.key is None else read_key(self.key)
        start = "" if self.metre is None else f"M:{read_metre(self.metre)}\n"
        if self.prompt is not None:
            if self.key or self.metre:
                raise CallerError("--prompt: its file already gives key and metre", "remove --key and --metre")
            tunes = read_tunes([self.prompt])
            if len(tunes) > 1:
                raise CallerError(
                    f"--prompt {self.prompt}: it contains {len(tunes)} tunes", "give the beginning of one tune"
                )
            start = tunes[0].text
        unknown = sorted(set(start + (key or "")) - set(symbols))
        if unknown:
            raise CallerError(
                f"the network does not know the characters {' '.join(map(repr, unknown))}",
                "it knows those of its training tunes: " + "".join(symbols[2:]).replace("\n", " "),
            )
        beginning = HEADER + len(f"K:{key}\n") if key else len(start)
        if beginning >= self.longest:
            raise CallerError(
                f"--longest {self.longest}: the beginning may have {beginning} characters", "give a larger number"
            )
        return start

    def _generate(self, run: Run, prompt: str) -> list[tuple[str, bool]]:
        """The texts of the tunes, and whether the network ended each."""
        from utils.base.keras_import import import_keras

        import_keras()
        from labs.music.data import vocabulary
        from labs.music.sampling import Writer
        from utils.export.formats import FORMATS, load_model

        model = load_model(run.path(FORMATS["keras"]))
        writer = Writer(model, vocabulary(run.labels["categories"]))
        return self._write(writer, self._headed(writer, prompt))

    def _headed(self, writer: Writer, prompt: str) -> list[str]:
        """The beginning of each tune; if only the key is given, the network writes the lines above it."""
        if self.key is None:
            return [prompt] * self.tunes
        from labs.music.notation.keys import read_key

        heads = self._write(writer, [prompt] * self.tunes, longest=HEADER)
        usual = (prompt or "M:4/4\n") + "L:1/8\n"  # for a poor network that has not written K:
        above = [text.split("K:")[0] if "K:" in text else usual for text, _ in heads]
        return [f"{head}K:{read_key(self.key)}\n" for head in above]

    def _write(self, writer: Writer, prompts: list[str], longest: int | None = None) -> list[tuple[str, bool]]:
        assert self.temperature is not None  # set by `execute`
        return writer.write(
            prompts,
            longest=longest or self.longest,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            seed=self.seed,
        )


def new_folder(out: Path | None, lab: str) -> Path:
    """The folder for tunes, checked before long work; defaults to one named after the time, beside the lab's runs.

    Raises:
        CallerError: it exists and is not an empty folder.
    """
    default = run_folder.runs_folder() / lab / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-tunes"
    return run_folder.new_folder(default if out is None else out)


def _trained(lab: str) -> Path:
    """The folder of the newest run of the lab; if there is none, of the network that comes with it."""
    from utils.runs.listing import finished_runs

    found = next((run.folder for run in finished_runs() if run.record["lab"] == lab), None)
    if found is None:
        say("there is no run of this lab yet: the network that comes with the lab generates, trained with preset best")
    return PRETRAINED / f"{lab}-best" if found is None else found


def summary(tunes: Sequence[Mapping[str, Any]], out: Path) -> str:
    """The tunes and what is known of them, as text."""
    lines = [line for tune in tunes for line in (f"{tune['name']}: {described(tune)}", tune["text"], "")]
    parsed = sum(tune["parsed"] for tune in tunes)
    return "\n".join([*lines, f"{len(tunes)} tune{'s' * (len(tunes) != 1)}, {parsed} parsed by music21: {out}"])
