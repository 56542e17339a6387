"""Draw the mosaic at the top of the README from runs of the labs.

    python -m benchmarks.mosaic CLASSIFICATION PNEUMONIA GALAXY MUSIC REGRESSION

Each argument is the folder of a run of that lab. The panels are a test digit with the predictions for its first lines,
Grad-CAM on a test radiograph, test images of galaxies, a generated tune on a staff, and the summary of a run.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from tyro.conf import Positional

import labs
from labs.cli import options
from labs.cli.main import status_of
from utils.base.atomic_files import replacing
from utils.base.config import from_json
from utils.base.keras_import import import_keras
from utils.base.paths import ROOT
from utils.figures.plots import RED, proportion
from utils.runs.record import Run

TARGET = ROOT / "benchmarks" / "recorded" / "mosaic.png"
DARK, LIGHT = "#1E1E1E", "#E6E6E6"
STAFF_STEPS = {0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 5, 10: 5, 11: 6}
"""Degree of the staff (C = 0) of each pitch class; raised ones are written with a sharp."""
MOST_NOTES = 60
SHARP = {1, 3, 6, 8, 10}
E4 = 2 + 7 * 4
"""Degree of the lowest line of the treble staff."""


def held_out(run: Run) -> Any:
    """The test split of the data that a run used, and its class names."""
    config = from_json(labs.find_lab(run.record["lab"]).config, json.dumps(run.record["config"]))
    splits = labs.find_data(run.record["lab"]).load(config)
    return splits.test, splits.class_names


def digit(panels: list[Axes], run: Run) -> None:
    """A digit that grows line by line, with the prediction for what is visible."""
    from utils.export.formats import open_model

    test, names = held_out(run)
    row = int(np.flatnonzero(test.targets == 3)[0])
    image = np.asarray(test.inputs[row : row + 1])
    inked = np.flatnonzero(image[0, ..., 0].max(axis=1))
    model = open_model(run.folder)
    for panel, share in zip(panels, (0.35, 0.6, 0.8, 1.0), strict=True):
        seen = image.copy()
        seen[:, inked[0] + round(share * len(inked)) :] = 0
        found = model.predict(seen)[0]
        panel.imshow(seen[0, ..., 0], cmap="gray_r")
        panel.set_title(f"{names[int(found.argmax())]} ({proportion(found.max())})", fontsize=9)


def radiograph(panel: Axes, run: Run) -> None:
    """Grad-CAM on the radiograph with pneumonia, of the first ones, that the network is most confident of."""
    from utils.export.formats import load_model
    from utils.networks.explain import grad_cam

    test, _ = held_out(run)
    model = load_model(run.folder / "model.keras")
    rows = np.flatnonzero(test.targets == 1)[:64]
    images = np.asarray(test.inputs[rows])
    row = int(np.ravel(model.predict(images, verbose=0)[:, -1]).argmax())
    heat = grad_cam(model, images[row : row + 1], [1])[0]
    panel.imshow(images[row, ..., 0], cmap="gray")
    panel.imshow(heat, cmap="inferno", alpha=0.45, vmin=0, vmax=1)


def galaxies(panels: list[Axes], run: Run) -> None:
    """The first test image of each class."""
    test, names = held_out(run)
    for panel, (number, name) in zip(panels, enumerate(names), strict=False):
        row = int(np.flatnonzero(test.targets == number)[0])
        panel.imshow(np.asarray(test.inputs[row : row + 1])[0])
        panel.set_title(name, fontsize=8)


def staff(panel: Axes, notes: list[tuple[float, float, int]], bars: list[float], *, lines: int = 3) -> None:
    """Notes on treble staffs, one below the other: note heads, stems, flags, ledger lines, sharps and bar lines.

    Args:
        panel: to draw on.
        notes: start and length in quarter notes, MIDI pitch.
        bars: starts of the bars in quarter notes.
        lines: number of staffs.
    """
    height, width, per_line = 17, 100.0, -(-len(notes) // lines)
    for number, (start, length, pitch) in enumerate(notes):
        line, place = divmod(number, per_line)
        base, x = -line * height, 4 + place / per_line * (width - 5)
        degree = STAFF_STEPS[pitch % 12] + 7 * (pitch // 12 - 1) - E4
        if start in bars[1:] and place:
            panel.plot([x - width / per_line / 2] * 2, [base, base + 8], color="black", linewidth=0.6)
        _note(panel, x, base, degree, length)
        if pitch % 12 in SHARP:
            panel.text(x - 2.2, base + degree, "♯", ha="center", va="center", fontsize=8)
    for line in range(lines):
        for degree in range(0, 10, 2):
            panel.plot([0, width], [degree - line * height] * 2, color="black", linewidth=0.5)
    panel.set_xlim(-1, width + 1)
    panel.set_ylim(-(lines - 1) * height - 5, 14)


def _note(panel: Axes, x: float, base: float, degree: int, length: float) -> None:
    """A note head with its ledger lines, stem and flag; degree 0 is the lowest line."""
    for ledger in [*range(-2, degree - 1, -2), *range(10, degree + 1, 2)]:
        panel.plot([x - 1.6, x + 1.6], [base + ledger] * 2, color="black", linewidth=0.5)
    head = Ellipse((x, base + degree), 1.8, 1.8, facecolor="black" if length < 2 else "white", edgecolor="black")
    panel.add_patch(head)
    down = degree >= 4
    side, end = (x - 0.85, base + degree - 6) if down else (x + 0.85, base + degree + 6)
    panel.plot([side, side], [base + degree, end], color="black", linewidth=0.8)
    if length < 1:
        panel.plot([side, side + 1.2], [end, end + (2 if down else -2)], color="black", linewidth=1.2)


def tune(panel: Axes, run: Run) -> None:
    """The longest of the generated tunes that the run shows."""
    from labs.music.notation import scores

    found = filter(None, map(scores.read, run.record["details"]["tunes"]["shown"]))
    reading = max(found, key=lambda each: len(each.notes))
    bars = [float(bar.offset) for bar in reading.score.parts[0].getElementsByClass("Measure")]
    staff(panel, reading.notes[:MOST_NOTES], bars)


def _cells(figure: Any, title: str, rows: int, columns: int) -> list[Axes]:
    """Empty panels below a title."""
    figure.suptitle(title, fontsize=10, x=0.02, ha="left")
    cells = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for cell in cells:
        cell.set_axis_off()
    return cells


def terminal(panel: Axes, run: Run) -> None:
    """The summary of a run, as a terminal shows it."""
    from utils.runs import card

    text = card.summary(run.record, Path("models") / run.record["lab"] / run.folder.name)
    shown = "\n".join(line[:78] for line in f"$ labs {run.record['lab']}\n{text}".splitlines()[:24])
    panel.text(0.02, 0.97, shown, family="monospace", fontsize=7.4, color=LIGHT, va="top", transform=panel.transAxes)


def mosaic(runs: dict[str, Run]) -> Figure:
    """The whole image."""
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=[1, 1.15])
    left, middle, right = halves[0].subfigures(1, 3, width_ratios=[1.5, 1, 1.1])
    digit(_cells(left, "MNIST digit, predicted line by line", 1, 4), runs["classification"])
    radiograph(_cells(middle, "X-ray: evidence for pneumonia", 1, 1)[0], runs["pneumonia"])
    galaxies(_cells(right, "Galaxies", 2, 2), runs["galaxy"])
    if runs["galaxy"].record["data"]["simulated"]:
        right.text(0.98, 0.98, "SIMULATED data", ha="right", va="top", fontsize=8, color=RED)
    music, shell = halves[1].subfigures(1, 2, width_ratios=[1, 1.1])
    tune(_cells(music, "A tune that the network wrote", 1, 1)[0], runs["music"])
    shell.set_facecolor(DARK)
    panel = shell.add_subplot()
    panel.set_axis_off()
    terminal(panel, runs["regression"])
    return figure


@dataclass(frozen=True)
class Mosaic:
    """Draw the mosaic of the README from five runs."""

    classification: Positional[Path]
    """Run of the classification lab."""
    pneumonia: Positional[Path]
    """Run of the pneumonia lab."""
    galaxy: Positional[Path]
    """Run of the galaxy lab."""
    music: Positional[Path]
    """Run of the music lab."""
    regression: Positional[Path]
    """Run of the regression lab."""

    def execute(self) -> int:
        """Write the image."""
        import_keras()
        runs = {name: Run.open(folder) for name, folder in vars(self).items()}
        buffer = io.BytesIO()
        mosaic(runs).savefig(buffer, format="png", dpi=150)
        from PIL import Image

        with replacing(TARGET) as temporary, Image.open(buffer) as image:
            image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(temporary, format="png", optimize=True)
        return 0


if __name__ == "__main__":
    import sys

    sys.exit(status_of(lambda: options.execute(Mosaic, sys.argv[1:], "python -m benchmarks.mosaic")))
