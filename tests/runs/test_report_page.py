"""The page of a run: whole, self-contained, and with every number and figure of the run."""

from __future__ import annotations

import base64
import copy
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from utils.base.text_tables import interval, number
from utils.runs.report import charts, page, words
from utils.runs.report.page import report_page

VOID = {"meta", "link", "img", "line", "polyline", "br"}
RUN = Path("models/tides/20260101T000000Z-s7")
RECORD: dict[str, Any] = {
    "schema": 1,
    "lab": "tides",
    "title": "Heights of tides <from the moon>",
    "caution": "Not for navigation.",
    "preset": "course",
    "seed": 7,
    "command": "python -m labs.tides --preset course",
    "config": {"epochs": 3, "data_dir": None},
    "data": {
        "name": "tides",
        "found": "simulated",
        "simulated": True,
        "digest": "sha256:4711",
        "rows": {"train": 8000, "validation": 10, "test": 1200},
    },
    "about": {
        "title": "Tides",
        "licence": "CC BY 4.0",
        "citation": "A. & B.",
        "homepage": "https://example.org/a?b=1&c",
    },
    "metrics": {
        "test": {
            "rmse": {"value": 2.25, "low": 1.75, "high": 2.875},
            "bias": {"value": -0.125, "low": -0.5, "high": 0.375},
        },
        "train": {
            "rmse": {"value": 1.125, "low": 1.0, "high": 1.5},
            "bias": {"value": 0.0625, "low": 0.0, "high": 0.1},
        },
    },
    "units": {"rmse": "m", "bias": "m"},
    "better": {"rmse": "lower", "bias": "lower"},
    "baselines": {"mean_height": {"rmse": 3.875, "bias": 0.75}},
    "audit": {"duplicates_across_splits": 0, "groups_across_splits": 2, "test_rows_of_trained_groups": 31},
    "threshold": None,
    "classes": [],
    "remarks": ["Spring tides are the hardest."],
    "warnings": ["this split leaks: 3% of the test rows"],
    "parity": {},
    "seconds": {"fit": 2.5, "total": 4.5},
    "device": {"kind": "cpu", "threads": 2},
    "versions": {"python": "3.11.7"},
    "figures": ["learning_curves.png", "residuals.png"],
    "captions": {"learning_curves.png": "They fall.", "residuals.png": 'Look for a "trend".'},
    "layers": [
        {"name": "inputs", "kind": "InputLayer", "shape": "(rows, 4)", "parameters": 0, "depth": 0},
        {"name": "dense", "kind": "Dense", "shape": "(rows, 1)", "parameters": 123456, "depth": 1},
    ],
    "parameters": 123456,
    "finished": "2026-01-01T00:00:00Z",
}


class Reader(HTMLParser):
    """The text, the tags and what they refer to; fails where a tag is not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.images: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            (self.links if tag == "a" and name == "href" else self.loads).extend(
                [value or ""] if name in ("src", "href", "srcset", "action", "data") else []
            )
            if tag == "img" and name == "src":
                self.images.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def draw(folder: Path, *names: str, size: tuple[int, int] = (60, 40), noise: bool = False) -> None:
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name in names:
        pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3)).astype("uint8")
        Image.fromarray(pixels if noise else np.zeros_like(pixels)).save(folder / "figures" / name)


def test_it_contains_everything(tmp_path: Path) -> None:
    draw(tmp_path, *RECORD["figures"])
    html = report_page(RECORD, tmp_path, RUN)
    found = Reader(html)
    for scores in RECORD["metrics"].values():
        for score in scores.values():
            assert interval(score) in found.text
    for values in RECORD["baselines"].values():
        for value in values.values():
            assert number(value) in found.text
    expected = [
        *("Heights of tides <from the moon>", "Not for navigation.", "Spring tides are the hardest.", "SIMULATED"),
        *("this split leaks: 3% of the test rows", "python -m labs.tides --preset course", "sha256:4711"),
        *("8,000 train", "1,200 test", "123,456", "(rows, 4)", "CC BY 4.0", "A. & B.", "31 test rows"),
        *("They fall.", 'Look for a "trend".', "epochs", "3.11.7", "2026-01-01 00:00:00 UTC", RUN.name),
    ]
    assert [text for text in expected if text not in found.text] == []
    assert len(found.images) == len(RECORD["figures"])


def test_it_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    draw(tmp_path, *RECORD["figures"])
    html = report_page(RECORD, tmp_path, RUN)
    found = Reader(html)
    assert [source for source in found.loads if not source.startswith("data:")] == []
    assert found.links == ["https://example.org/a?b=1&c"], "a link is followed only by a click"
    assert "<script" not in html
    assert "@import" not in html
    assert "url(" not in html
    assert "default-src 'none'" in html
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html


def test_simulated_data_are_prominent_and_real_data_are_not_called_so(tmp_path: Path) -> None:
    assert '<p class="alarm" role="note"><strong>SIMULATED data</strong>' in report_page(RECORD, tmp_path, RUN)
    real = copy.deepcopy(RECORD)
    real["data"]["simulated"] = False
    assert "SIMULATED" not in report_page(real, tmp_path, RUN)


def test_a_bare_record_is_enough(tmp_path: Path) -> None:
    """A lab that is not supervised may have no figures, baselines, layers, history or exports."""
    bare = {
        name: value for name, value in RECORD.items() if name not in ("figures", "captions", "layers", "parameters")
    }
    bare |= {"baselines": {}, "audit": {}, "warnings": [], "remarks": [], "caution": "", "seconds": {"total": 1.0}}
    bare["metrics"] = {"test": RECORD["metrics"]["test"]}
    found = Reader(report_page(bare, tmp_path, RUN))
    assert "RMSE" in found.text
    assert "Layers" not in found.text
    assert "load_model" not in found.text
    draw(tmp_path, "reward.png")
    assert len(Reader(report_page(bare, tmp_path, RUN)).images) == 1


def test_learning_curves_without_a_figure_are_drawn_from_the_history(tmp_path: Path) -> None:
    record = RECORD | {"figures": []}
    assert "<svg" not in report_page(record, tmp_path, RUN)
    (tmp_path / "history.csv").write_text("phase,epoch,loss,val_loss,seconds\na,1,4.0,5.0,0.1\na,2,2.0,3.0,0.1\n")
    html = report_page(record, tmp_path, RUN)
    Reader(html)
    assert html.count("<polyline") == 2
    assert "validation" in html
    draw(tmp_path, "learning_curves.png")
    assert "<svg" not in report_page(RECORD, tmp_path, RUN)


def test_the_page_says_how_to_load_a_keras_model(tmp_path: Path) -> None:
    signature = {
        "inputs": {"recipe": {"dtype": "float32", "shape": [None, 8]}},
        "outputs": {"strength": {"dtype": "float32", "shape": [None, None, 1]}},
    }
    record = RECORD | {"parity": {"saved_model": {"signature": signature}}}
    (tmp_path / "model.keras").touch()
    labels = {"features": ["cement", "water"], "class_names": []}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    text = Reader(report_page(record, tmp_path, RUN)).text
    assert 'keras.saving.load_model("model.keras", compile=False)' in text
    assert "float32 (rows, 8)" in text
    assert "float32 (rows, any, 1)" in text
    assert "cement, water" in text
    assert f"python -m labs predict {RUN} FILE" in text


def test_large_figures_are_embedded_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(tmp_path, *RECORD["figures"], size=(600, 400), noise=True)
    before = Reader(report_page(RECORD, tmp_path, RUN)).images
    assert all(source.startswith("data:image/png;base64,") for source in before)
    monkeypatch.setattr(page, "MOST_BYTES", 1000)
    after = Reader(report_page(RECORD, tmp_path, RUN)).images
    assert sum(map(len, after)) < sum(map(len, before))
    for source in after:
        kind, content = source.split(",", 1)
        assert kind == "data:image/webp;base64"
        assert Image.open(io.BytesIO(base64.b64decode(content))).size == (600, 400)


@given(st.text(min_size=1, max_size=40))
@settings(deadline=None, max_examples=20)
def test_text_of_a_user_is_never_markup(text: str) -> None:
    hostile = f"<script>{text}</script><img src=http://example.org>"
    record = copy.deepcopy(RECORD)
    record["data"]["name"] = record["about"]["title"] = record["warnings"][0] = hostile
    record["classes"] = [hostile]
    html = report_page(record, Path(__file__).parent, RUN)
    assert "<script" not in html
    assert "<img src=http" not in html


finite = st.floats(-1e6, 1e6)


@given(finite, finite, finite, st.lists(st.one_of(finite, st.just(float("nan"))), max_size=4))
@settings(deadline=None, max_examples=50)
def test_every_model_is_on_the_scale(value: float, below: float, above: float, others: list[float]) -> None:
    score = {"value": value, "low": min(value, below), "high": max(value, above)}
    record = {
        "metrics": {"test": {"m": score}},
        "baselines": {f"b{place}": {"m": other} for place, other in enumerate(others)},
        "better": {"m": "lower"},
    }
    model, *rest = charts.bars(record, "m")
    assert model.low is not None
    assert model.at is not None
    assert model.high is not None
    assert 0 <= model.low <= model.at <= model.high <= 100
    assert len(rest) == len(others)
    for bar, other in zip(rest, others, strict=True):
        assert bar.at is None if np.isnan(other) else 0 <= (bar.at or 0) <= 100
    known = [other for other in (value, *others) if not np.isnan(other)]
    best = [bar for bar, other in zip([model, *rest], [value, *others], strict=True) if other == min(known)]
    assert all(bar.best for bar in best)


@pytest.mark.parametrize(
    ("baseline", "better", "said"),
    [
        (3.0, "lower", "It is better than the best baseline, mean height (3.00)."),
        (1.0, "lower", "It is worse than the best baseline, mean height (1.00)."),
        (3.0, "higher", "It is worse than the best baseline, mean height (3.00)."),
        (2.0, "lower", "It is not clearly different from the best baseline, mean height (2.00)."),
    ],
)
def test_the_result_in_words(baseline: float, better: str, said: str) -> None:
    record = copy.deepcopy(RECORD)
    record["baselines"] = {"mean_height": {"rmse": baseline}}
    record["better"]["rmse"] = better
    start = "On the 1,200 test rows, the model has RMSE 2.25 m (95 % interval 1.75 to 2.88). "
    assert words.result(record) == start + said
    assert words.result(record | {"baselines": {}}) == start.strip()
