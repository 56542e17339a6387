"""`python -m labs new NAME`: write the skeleton of a lab from `labs/cli/template`."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

import labs
from labs.cli import help
from utils.base.atomic_files import replacing
from utils.base.console import show
from utils.base.errors import CallerError
from utils.base.paths import ROOT

TEMPLATE = Path(__file__).parent / "template"
"""The files of a skeleton, laid out as in a checkout. `NAME` in a path and `{{name}}` in a text mean the name of
the lab, `{{Name}}` for the name as a class; `.txt` at the end keeps the tools from reading them as code."""
LONGEST = 17
"""Longest name in characters: the first cell of a notebook has to stay within its line length."""
LINE_LENGTH = 120


@dataclass(frozen=True)
class New:
    """Write the skeleton of a new lab into the checkout; it runs unmodified on generated data."""

    name: Positional[str]
    """Name of the lab: a Python identifier in lower case."""

    def execute(self) -> int:
        """Write the files, and print them with the next steps."""
        checked(self.name)
        written = write(skeleton(self.name), self.name)
        show("\n".join(f"written: {path.relative_to(ROOT)}" for path in written))
        show(f"changed: labs/__init__.py\n\nrun it with: python -m labs.{self.name} --preset quick")
        show("the next steps are in CONTRIBUTING.md, under: How to add a lab")
        return 0


def checked(name: str) -> str:
    """The name, if a lab may have it.

    Raises:
        CallerError: this is no checkout, or the name is invalid or taken.
    """
    if not ((ROOT / "pyproject.toml").is_file() and (ROOT / "tests").is_dir()):
        raise CallerError(f"{ROOT} is not a checkout of the project", "clone the project and run the command there")
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or name.endswith("_") or keyword.iskeyword(name):
        raise CallerError(f"{name!r} is not a valid name", "use lower-case letters, digits and _, such as tides")
    if len(name) > LONGEST:
        raise CallerError(f"{name} has {len(name)} characters", f"use at most {LONGEST}")
    if name in labs.NAMES:
        raise CallerError(f"there is already a lab {name}", "choose another name")
    if any(command.split()[0] == name for command in help.COMMANDS):
        raise CallerError(f"{name} is a command of python -m labs", "choose another name")
    if (ROOT / "labs" / name).exists() or (ROOT / "labs" / f"{name}.py").exists():
        raise CallerError(f"labs/{name} already exists", "choose another name")
    return name


def skeleton(name: str) -> dict[Path, str]:
    """The text of each file of a new lab by its path in the checkout.

    Raises:
        CallerError: one of the files exists.
    """
    words = {"{{name}}": name, "{{Name}}": name.title().replace("_", "")}
    texts = {}
    for path in sorted(TEMPLATE.rglob("*.txt")):
        target = ROOT / path.relative_to(TEMPLATE).as_posix().replace("NAME", name).removesuffix(".txt")
        if target.exists():
            raise CallerError(f"{target.relative_to(ROOT)} already exists", "choose another name")
        text = path.read_text(encoding="utf-8")
        for placeholder, word in words.items():
            text = text.replace(placeholder, word)
        texts[target] = text
    return texts


def write(texts: Mapping[Path, str], name: str) -> list[Path]:
    """Write the files of a lab and add its name to NAMES; after an error none of the files is left.

    Args:
        texts: by path; none of the files exists.
        name: of the lab.

    Returns:
        The files that were written.
    """
    registry = ROOT / "labs" / "__init__.py"
    changed = with_name(registry.read_text(encoding="utf-8"), name)
    done: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(exist_ok=True)
            done.append(path)
            path.write_text(text, encoding="utf-8")
        with replacing(registry) as temporary:
            temporary.write_text(changed, encoding="utf-8")
    except BaseException:
        for path in done:
            path.unlink(missing_ok=True)
        if (ROOT / "labs" / name).is_dir():
            (ROOT / "labs" / name).rmdir()
        raise
    return done


def with_name(source: str, name: str) -> str:
    """The source of `labs/__init__.py` with a name added to NAMES, formatted as `ruff format` does."""
    (node,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAMES"
    )
    names = [f'"{each}"' for each in (*ast.literal_eval(node.value), name)]
    line = f"NAMES = ({', '.join(names)})"
    if len(line) > LINE_LENGTH:
        line = "\n".join(["NAMES = (", *(f"    {each}," for each in names), ")"])
    lines = source.splitlines()
    assert node.end_lineno is not None
    lines[node.lineno - 1 : node.end_lineno] = line.splitlines()
    return "\n".join([*lines, ""])
