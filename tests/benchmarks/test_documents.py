"""No number in a document but the recorded one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from cogapp.cogapp import CogCheckFailed
from PIL import Image, PngImagePlugin

import benchmarks.pages
import labs
from benchmarks.pages import courses, documents, results
from labs.cli.help import COMMANDS
from labs.cli.options import find, options_of
from labs.cli.train import RunOptions
from notebooks.tools import script
from utils.base.paths import ROOT


def test_pages_are_up_to_date() -> None:
    documents.run_cog("--check", "--check-fail-msg=run `make pages`")


def test_cards_are_up_to_date() -> None:
    for path, text in documents.cards().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is stale: run `make pages`"


def test_a_changed_number_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "models/bands/README.md").read_text(encoding="utf-8")
    stale = tmp_path / "stale.md"
    stale.write_text(re.sub(r"\*\*(\d+) were caught\*\*", "**54 were caught**", text), encoding="utf-8")
    assert stale.read_text(encoding="utf-8") != text
    monkeypatch.setattr(documents, "PAGES", [stale])
    with pytest.raises(CogCheckFailed):
        documents.run_cog("--check")
    documents.run_cog("-r")
    assert stale.read_text(encoding="utf-8") == text


def test_the_overview_lists_every_notebook_in_the_order_of_its_prerequisites(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {name: {"seconds": 90.0, "words": 400} for name in courses.CONCEPTS}
    monkeypatch.setattr(courses, "recorded", lambda _: {"notebooks": measured})
    assert {courses.lab_of(name) for name in courses.CONCEPTS} <= set(labs.NAMES)
    assert set(courses.CONCEPTS) == set(script.published())
    rows = courses.overview().splitlines()[2:]
    before: set[str] = set()
    for row, name in zip(rows, courses.CONCEPTS, strict=True):
        assert f"[{name}]({name}.ipynb)" in row
        assert "| 1.5 | 2 |" in row
        assert set(re.findall(r"`(\w+)`", courses.PREREQUISITES[name])) <= before
        before.add(name)


def test_every_block_is_in_one_page() -> None:
    called = [
        call
        for path in documents.PAGES
        for call in re.findall(
            r"^<!-- \[\[\[cog import (benchmarks\.pages\.\w+) as page; cog\.outl\(page\.(\w+)\(\)\) \]\]\] -->$",
            path.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    ]
    modules = [
        importlib.import_module(f"benchmarks.pages.{found.name}")
        for found in pkgutil.iter_modules(benchmarks.pages.__path__)
    ]
    blocks = [
        (module.__name__, name)
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if hasattr(function, "is_block")
    ]
    assert sorted(called) == sorted(blocks)


def test_what_was_not_measured_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    regression = importlib.import_module("benchmarks.pages.regression")
    assert regression.protocols() == "Not measured yet."
    (card,) = (text for path, text in documents.cards().items() if path.parent.name == "regression")
    assert "Quality: not measured yet.\nTime:    not measured yet.\n" in card


def test_commands_of_the_pages_exist() -> None:
    """Every `python -m labs…` of a page is a command that is there, with options that it has."""
    lessons = [f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.py")]
    pages = [str(path.relative_to(ROOT)) for path in documents.PAGES]
    for name in [*pages, "data/README.md", "notebooks/README.md", *lessons]:
        text = (ROOT / name).read_text(encoding="utf-8")
        for module, rest in re.findall(r"python -m (labs[\w.]*)([^\n`|]*)", text):
            words = rest.split("#")[0].split()
            if module == "labs":
                commands = {*COMMANDS, "--help", "…"}
                assert not words or commands & {words[0], " ".join(words[:2])}, rest
                continue
            lab = labs.find_definition(module.removeprefix("labs."))
            kinds = [find(lab.commands[words[0]])] if words and words[0] in lab.commands else [RunOptions, lab.config]
            known = {option for kind in kinds for option in options_of(kind)} | {"--help"}
            for word in words:
                if word.startswith("--"):
                    assert word in known, f"{name}: {word}"


@pytest.mark.parametrize("lab", labs.finished())
def test_a_quantity_has_one_value_on_all_pages(lab: str) -> None:
    """The result of `course` on the lab's page is that of its band, which the card and the README use, too."""
    band = results.course_band(lab)
    found = results.recorded(lab)["data"][band.data]["course"]
    measured = {name: results.quartiles(values) for name, values in band.measures.items() if name.startswith("test ")}
    assert measured
    assert measured.items() <= {f"test {metric}": value for metric, value in found["test"].items()}.items()
    assert found["wall_seconds"] == band.command["seconds"]
    page = (ROOT / "labs" / lab / "README.md").read_text(encoding="utf-8")
    assert any(results.spread(value, digits) in page for value in found["test"].values() for digits in (1, 2, 3, 4))


def test_the_figures_of_the_foundations_page_are_those_of_its_notebooks() -> None:
    foundations = importlib.import_module("benchmarks.pages.foundations")
    folder = ROOT / "labs" / "foundations"
    page = (folder / "README.md").read_text(encoding="utf-8")
    for name, figure in foundations.figures().items():
        assert (folder / name).read_bytes() == figure, "make pages"
        assert f"]({name})" in page
    with Image.open(folder / "valley_animated.png") as animation:
        assert isinstance(animation, PngImagePlugin.PngImageFile)
        assert animation.n_frames > 20
    assert (folder / "valley_animated.png").stat().st_size < 1_500_000
