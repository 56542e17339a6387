"""The files of tunes: ABC, MIDI, MusicXML, a piano roll, staff notation, sound, and a page with all of them."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from labs.music.config import Instrument
from labs.music.notation import scores
from labs.music.notation.staff import staffs
from labs.music.sound.performance import perform
from labs.music.sound.synthesiser import synthesise, wav

PAGE = "tunes.html"


class Text(NamedTuple):
    """A tune as text, its title, and whether it is complete."""

    title: str
    text: str
    ended: bool = True


def save(tunes: Sequence[Text], folder: Path, instrument: Instrument) -> list[dict[str, Any]]:
    """Save tunes in every format that is possible, and the page; one that music21 cannot parse is saved as .abc only.

    Returns:
        For each its `name`, `title`, `text`, `files`, whether it `ended` and was `parsed`, and its `bars_right` and
        `ends_on_tonic`.
    """
    saved = [_saved(tune, number, folder, instrument) for number, tune in enumerate(tunes, 1)]
    readable = [tune for tune in saved if tune["parsed"]]
    for tune, staff in zip(readable, staffs([tune["text"] for tune in readable]), strict=True):
        if staff is not None:
            (folder / f"{tune['name']}.svg").write_text(staff, encoding="utf-8")
            tune["files"].append(f"{tune['name']}.svg")
    (folder / PAGE).write_text(_page(saved, folder), encoding="utf-8")
    return saved


def _saved(tune: Text, number: int, folder: Path, instrument: Instrument) -> dict[str, Any]:
    name = f"tune-{number:03}"
    (folder / f"{name}.abc").write_text(scores.as_file(tune.text, number, tune.title), encoding="utf-8")
    files, facts = [f"{name}.abc"], {}
    reading = scores.read(tune.text, number, tune.title)
    if reading is not None:
        files += scores.save(reading, folder / name)
        scores.piano_roll(reading.notes, tune.title).savefig(folder / f"{name}.png", dpi=120)
        files.append(f"{name}.png")
        facts = {"bars_right": reading.bars_right, "ends_on_tonic": reading.ends_on_tonic}
    notes = perform(tune.text)
    if notes:
        (folder / f"{name}.wav").write_bytes(wav(synthesise(notes, instrument)))
        files.append(f"{name}.wav")
    return {"name": name, **tune._asdict(), "files": files, "parsed": reading is not None, **facts}


STYLE = """
:root { --page: #f6f7f9; --card: #fff; --text: #1b1f24; --soft: #57606a; --line: #d8dee4; --code: #f0f2f5; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1216; --card: #181c22; --text: #e6e9ee; --soft: #9aa4b0; --line: #2d333b; --code: #11151a; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 900px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 0 0 8px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin: 16px 0; }
.staff { overflow-x: auto; border-radius: 6px; }
.staff svg { display: block; width: 100%; min-width: 640px; height: auto; background: #fff; color: #000; }
audio { display: block; width: 100%; margin: 12px 0; }
pre { overflow-x: auto; background: var(--code); padding: 10px; border-radius: 6px; font-size: .85rem; }
summary, .soft { color: var(--soft); }
"""


def _page(tunes: Sequence[Mapping[str, Any]], folder: Path) -> str:
    """The page: one file that works without the others, so that it can be sent to somebody."""
    policy = "default-src 'none'; media-src data:; img-src data:; style-src 'unsafe-inline'"
    sections = "\n".join(_section(tune, folder) for tune in tunes)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,">
<title>Tunes</title>
<style>{STYLE}</style>
</head>
<body><main>
<h1>Tunes</h1>
{sections}
</main></body>
</html>
"""


def _section(tune: Mapping[str, Any], folder: Path) -> str:
    staff, sound = folder / f"{tune['name']}.svg", folder / f"{tune['name']}.wav"
    drawing = f'<div class="staff">{staff.read_text(encoding="utf-8")}</div>' if staff.is_file() else ""
    player = (
        f'<audio controls src="data:audio/wav;base64,{base64.b64encode(sound.read_bytes()).decode()}"></audio>'
        if sound.is_file()
        else ""
    )
    return f"""<section>
<h2>{html.escape(tune["title"])}</h2>
{drawing}
{player}
<p class="soft">{html.escape(described(tune))}</p>
<details><summary>ABC</summary><pre>{html.escape(tune["text"])}</pre></details>
</section>"""


def described(tune: Mapping[str, Any]) -> str:
    """What is known of a saved tune, in words."""
    marks = [] if tune["ended"] else ["not ended"]
    marks += [] if tune["parsed"] else ["music21 cannot parse it: saved as .abc only"]
    marks += ["all inner bars correct"] if tune.get("bars_right") else []
    marks += ["ends on the tonic"] if tune.get("ends_on_tonic") else []
    return ", ".join(marks) or "parsed by music21"
