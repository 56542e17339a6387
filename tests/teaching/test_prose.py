"""What a notebook shows: prose with the numbers of a run, its data, figures with alternative texts."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from utils.base import console
from utils.datasets.splits import Source, Split, Splits
from utils.figures import plots
from utils.teaching import prose
from utils.teaching.prose import METADATA


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What is displayed, each with its metadata."""
    found: list[tuple[Any, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata=None, **_: found.append((data, metadata)))
    return found


def test_prose_is_filled_and_says_what_no_longer_holds(displayed: list[tuple[Any, Any]]) -> None:
    prose.prose("\n    {a:.1f} and {n:,}\n    ", claims={"a is small": True}, a=np.float32(2.04), n=np.int64(1200))
    prose.prose("{a}", claims={"a is small": False, "it is warm": False}, within=0.2, a=3)
    (first, about), (second, untrue) = displayed
    assert first == {"text/markdown": "2.0 and 1,200", "text/plain": "2.0 and 1,200"}
    assert json.loads(json.dumps(about))[METADATA]["values"]["n"] == 1200
    assert about[METADATA]["within"] == 0.05
    assert second["text/markdown"] == "3\n\n**This does not hold in this run:** a is small; it is warm."
    assert untrue[METADATA] == {
        "values": {"a": 3},
        "claims": {"a is small": False, "it is warm": False},
        "within": 0.2,
    }
    with pytest.raises(KeyError):
        prose.prose("{nothing}")


@pytest.mark.parametrize("simulated", [True, False])
def test_data_are_named_and_simulated_ones_loudly(displayed: list[tuple[Any, Any]], simulated: bool) -> None:
    part = Split(np.zeros((1200, 8), "float32"), np.zeros(1200))
    prose.data_check(Splits(part, part, part, Source("concrete", "embedded", "", simulated), "strength"))
    text = displayed[0][0]["text/markdown"]
    assert ("**SIMULATED data: they do not describe the real world.**" in text) == simulated
    assert ("Real data." in text) != simulated
    assert "| train | 1,200 |" in text
    assert "Inputs of a row: shape (8,), float32." in text


def test_a_picture_has_words(displayed: list[tuple[Any, Any]]) -> None:
    prose.picture(plots.new_figure("Empty")[0], "an empty plot")
    image = displayed[0][0]
    assert image.alt == "an empty plot"
    assert image.data.startswith(b"\x89PNG")


def test_what_a_lab_says_stands_on_the_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command tells it on standard error; a notebook shows that as a failure, so there it is ordinary text."""
    monkeypatch.setattr(console, "_asides", "stderr")
    console.say("before")
    console.say_on_the_page()
    console.say("after")
    assert capsys.readouterr() == ("after\n", "before\n")


def test_a_picture_of_few_colours_takes_less_room(displayed: list[tuple[Any, Any]]) -> None:
    grain = np.random.default_rng(0).normal(0.2, 0.05, (64, 64, 3)).clip(0, 1)
    for colours in (256, 32):
        figure, axes = plots.new_figure("Grain")
        axes.imshow(grain)
        prose.picture(figure, "coloured grain", colours=colours)
    (whole, _), (reduced, _) = displayed
    assert len(reduced.data) < len(whole.data) * 0.8
    pixels = [np.asarray(Image.open(io.BytesIO(one.data)).convert("RGB")).astype(int) for one in (whole, reduced)]
    assert len(np.unique(pixels[1].reshape(-1, 3), axis=0)) <= 32
    assert np.abs(pixels[0] - pixels[1]).mean() < 4  # of 255 levels: it is invisible
