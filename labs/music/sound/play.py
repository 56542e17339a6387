"""`python -m labs.music play FILE…`: tunes of ABC files as sound and staff notation, on a page in a browser."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass
from tyro.conf import Positional

from labs.music.config import Instrument
from labs.music.generate import new_folder, summary
from labs.music.notation.staff import check_verovio
from labs.music.sound.files import PAGE, Text, save
from utils.base.atomic_files import staged
from utils.base.config import STRICT, Count, Definition
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.base.paths import files_below


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Play:
    """Play tunes of ABC files: save their sound and staff notation, and open a page with both in a browser."""

    tunes: Positional[tuple[Path, ...]]
    """ABC files, or folders of them, such as one that `generate` wrote."""
    instrument: Instrument = "string"
    """A plucked string or a flute."""
    first: Count = 20
    """Largest number of tunes; the others are left out."""
    out: Path | None = None
    """A new folder for the files; defaults to one below models/music/, named after the time."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Save the tunes, print what is known of them and open the page."""
        from labs.cli.records.open import in_browser
        from labs.music.data import check_music21, read_tunes

        check_music21()
        check_verovio()
        out = new_folder(self.out, definition.name)
        tunes = read_tunes(self._files())
        if len(tunes) > self.first:
            say(f"note: {len(tunes)} tunes; the first {self.first} are played")
        chosen = [Text(tune.title or f"Tune {n}", tune.text) for n, tune in enumerate(tunes[: self.first], 1)]
        with staged(out) as folder:
            saved = save(chosen, folder, self.instrument)
        self._report(saved, out)
        if not self.json and not in_browser((out / PAGE).resolve()):
            say(f"note: no browser can be opened from here; open {out / PAGE} in one")
        return 0

    def _files(self) -> list[Path]:
        files: list[Path] = []
        for path in self.tunes:
            found = [file for file in files_below(path) if file.suffix.lower() == ".abc"] if path.is_dir() else [path]
            if not path.exists() or not found:
                what = "it contains no .abc file" if path.exists() else "no such file or folder"
                raise CallerError(f"{path}: {what}", "give .abc files, or folders of them")
            files += found
        if not files:
            raise CallerError("no file is given", "give .abc files, or folders of them")
        return files

    def _report(self, saved: Sequence[Mapping[str, Any]], out: Path) -> None:
        show(json.dumps({"tunes": saved, "folder": str(out)}, indent=2) if self.json else summary(saved, out))
