"""`python -m labs.music generate RUN`: tunes as ABC, MIDI, MusicXML, images and, with a synthesiser, sound."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from utils.base import config
from utils.base.atomic_files import staged, write_json
from utils.base.config import STRICT, Definition, Natural, Positive, Seed, Share
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.runs import run_folder

if TYPE_CHECKING:
    from labs.music.sampling import Writer
    from utils.runs.record import Run

HEADER = 40
"""Number of characters within which a network writes a header."""
SOUND_FONTS = ("/usr/share/sounds/sf2", "/usr/share/soundfonts")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Generate:
    """Generate tunes with the network of a run, and save them as ABC, MIDI, MusicXML, images and sound."""

    run: Positional[Path | None] = None
    """The folder of a run of this lab; defaults to the newest one."""
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
    seed: Seed = 7
    """Seed of the random draws: the same seed and options give the same tunes."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Generate the tunes, then save and print them."""
        from labs.cli.records.open import opened
        from labs.music.data import check_music21
        from utils.runs.listing import newest

        run, its_definition = opened(newest(definition.name).folder if self.run is None else self.run)
        if its_definition.name != definition.name:
            raise CallerError(f"{self.run} is a run of the lab {its_definition.name}", "give a run of this lab")
        if self.temperature is None:
            temperature = run.record["config"]["temperature"]
            return replace(self, run=run.folder, temperature=temperature).execute(definition)
        check_music21()
        out = run_folder.named(self.out or self._default_folder(definition.name))
        if (out.exists() and not out.is_dir()) or run_folder.is_not_empty(out):
            raise CallerError(f"--out {out}: it exists and is not an empty folder", "give the name of a new folder")
        prompt = self._prompt(run.labels["categories"]["character"])
        with staged(out) as folder:
            texts = self._generate(run, prompt)
            tunes = [save(text, ended, number, folder) for number, (text, ended) in enumerate(texts, 1)]
            record = {"options": config.to_json(replace(self, run=run.folder, out=out)), "tunes": tunes}
            write_json(folder / "tunes.json", record)
        show(json.dumps(record, indent=2) if self.json else _summary(tunes, out))
        _note_missing_sound(tunes)
        return 0

    def _default_folder(self, lab: str) -> Path:
        return run_folder.runs_folder() / lab / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-tunes"

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


def save(text: str, ended: bool, number: int, folder: Path) -> dict[str, Any]:
    """Save a tune in every format that is possible; a tune that music21 cannot parse is saved as .abc only.

    Returns:
        Its `name`, `text`, `files`, whether it `ended` and was `parsed`, and its `bars_right` and `ends_on_tonic`.
    """
    from labs.music.notation import scores

    name = f"tune-{number:03}"
    (folder / f"{name}.abc").write_text(scores.as_file(text, number, f"Tune {number}"), encoding="utf-8")
    files = [f"{name}.abc"]
    reading = scores.read(text, number, f"Tune {number}")
    if reading is not None:
        files += scores.save(reading, folder / name)
        scores.piano_roll(reading.notes, f"Tune {number}").savefig(folder / f"{name}.png", dpi=120)
        files.append(f"{name}.png")
    if f"{name}.mid" in files and sound(folder / f"{name}.mid"):
        files.append(f"{name}.wav")
    facts = {} if reading is None else {"bars_right": reading.bars_right, "ends_on_tonic": reading.ends_on_tonic}
    return {"name": name, "text": text, "files": files, "ended": ended, "parsed": reading is not None, **facts}


def tool() -> str | None:
    """The installed synthesiser: timidity, or fluidsynth with a sound font; None if there is none."""
    if shutil.which("timidity"):
        return "timidity"
    return "fluidsynth" if shutil.which("fluidsynth") and _sound_font() else None


def _sound_font() -> Path | None:
    fonts = [font for folder in SOUND_FONTS for font in sorted(Path(folder).glob("*.sf[23]"))]
    return fonts[0] if fonts else None


def sound(midi: Path) -> bool:
    """Synthesise a .mid to a .wav beside it; whether that succeeded."""
    wav = midi.with_suffix(".wav")
    commands = {
        "timidity": ["timidity", str(midi), "-Ow", "-o", str(wav)],
        "fluidsynth": ["fluidsynth", "-ni", "-F", str(wav), str(_sound_font()), str(midi)],
    }
    name = tool()
    made = name is not None and subprocess.run(commands[name], capture_output=True).returncode == 0 and wav.is_file()
    if not made:
        wav.unlink(missing_ok=True)
    return made


def sounds(tune: Mapping[str, Any]) -> bool:
    """Whether a tune that `save` saved has a .wav."""
    return f"{tune['name']}.wav" in tune["files"]


def _note_missing_sound(tunes: Sequence[Mapping[str, Any]]) -> None:
    if not tool():
        say("note: no .wav files: install timidity, or fluidsynth with a sound font (on Debian: apt install timidity)")
    elif silent := [tune["name"] for tune in tunes if f"{tune['name']}.mid" in tune["files"] and not sounds(tune)]:
        say(f"note: {tool()} failed on {', '.join(silent)}")


def _summary(tunes: Sequence[dict[str, Any]], out: Path) -> str:
    lines = []
    for tune in tunes:
        marks = [] if tune["ended"] else ["not ended"]
        marks += [] if tune["parsed"] else ["music21 cannot parse it: saved as .abc only"]
        marks += ["all inner bars correct"] if tune.get("bars_right") else []
        marks += ["ends on the tonic"] if tune.get("ends_on_tonic") else []
        lines += [f"{tune['name']}: {', '.join(marks) or 'parsed by music21'}", tune["text"], ""]
    parsed = sum(tune["parsed"] for tune in tunes)
    return "\n".join([*lines, f"{len(tunes)} tune{'s' * (len(tunes) != 1)}, {parsed} parsed by music21: {out}"])
