"""No number in a document but the recorded one."""

from __future__ import annotations

import re

import labs
from benchmarks.pages import documents
from labs.cli.help import COMMANDS
from labs.cli.options import find, options_of
from labs.cli.train import RunOptions
from utils.base.paths import ROOT


def test_pages_and_cards_say_what_was_recorded() -> None:
    for path, text in documents.rendered().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: python -m benchmarks.pages.documents"


def test_commands_of_the_pages_exist() -> None:
    """Every `python -m labs…` of a page is a command that is there, with options that it has."""
    lessons = [f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.py")]
    for name in [*documents.blocks(), "data/README.md", "notebooks/README.md", *lessons]:
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
