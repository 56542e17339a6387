"""Relative links of pages and notebooks lead to files and headings that exist, also in a student's folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from labs.course import start
from tests.conftest import ROOT

CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]\n]+\]: (\S+)$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z]+:|#")


def pages() -> list[Path]:
    """The pages and notebooks of the project."""
    found = [*ROOT.glob("*.md")]
    for folder in ("benchmarks", "data", "labs", "models/bands", "models/pretrained", "notebooks"):
        found += [*(ROOT / folder).rglob("*.md"), *(ROOT / folder).rglob("*.ipynb")]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts))


def text(path: Path) -> str:
    """The Markdown of a page or of the cells of a notebook, without code."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(content)["cells"]
        content = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return CODE.sub("", content)


def anchors(path: Path) -> set[str]:
    """The anchors of the headings of a page, as hosts of Markdown form them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(path: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    found = []
    for target in (first or second for first, second in LINK.findall(text(path))):
        if ELSEWHERE.match(target):
            continue
        name, _, anchor = target.partition("#")
        linked = path.parent / name
        if not linked.exists() or (anchor and linked.suffix == ".md" and anchor not in anchors(linked)):
            found.append(target)
    return found


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_pages_and_notebooks_exist(path: Path) -> None:
    assert broken(path) == []


def test_links_in_a_students_folder_exist(tmp_path: Path) -> None:
    start.deliver(tmp_path)
    assert (tmp_path / "COURSE_CODE.md").is_file()
    written = [*tmp_path.glob("*.ipynb")]
    assert written
    assert {path.name: broken(path) for path in written if broken(path)} == {}
    assert "(`labs/music/README.md` in the project)" in text_with_code(tmp_path / "music.ipynb")


def text_with_code(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[a](missing.md) [b](page.md#none) `[c](code.md)` [d](https://x.org)\n\n[e]: gone.md\n")
    assert broken(page) == ["missing.md", "page.md#none", "gone.md"]
