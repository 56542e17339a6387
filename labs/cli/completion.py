"""`labs --completion SHELL`: a script that completes commands, labs, options and their values."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import labs
from labs.cli import help, options
from labs.cli.train import RunOptions
from utils.base.config import Definition
from utils.base.errors import CallerError
from utils.datasets.catalog import catalogue


def script(words: Sequence[str]) -> str:
    """The script for a shell: `eval "$(labs --completion bash)"` activates it.

    Raises:
        CallerError: there is no such shell.
    """
    import shtab

    if len(words) != 1 or words[0] not in shtab.SUPPORTED_SHELLS:
        given = " ".join(words) or "a value is missing"
        raise CallerError(f"--completion: {given}", f"choose from: {', '.join(shtab.SUPPORTED_SHELLS)}")
    found: str = shtab.complete(parser(), shell=words[0])
    return found


def parser() -> argparse.ArgumentParser:
    """All commands and labs with their options, for `shtab`; it parses nothing."""
    import shtab

    root = argparse.ArgumentParser(prog="labs")
    root.add_argument("--version", action="store_true", help="print the version")
    root.add_argument("--completion", choices=shtab.SUPPORTED_SHELLS, help="print a script for a shell")
    _add_quiet(root)
    below = root.add_subparsers()
    groups: dict[str, Any] = {}
    for name, (where, about) in help.COMMANDS.items():
        first, _, second = name.partition(" ")
        if second and first not in groups:
            groups[first] = below.add_parser(first, help=f"commands on {first}").add_subparsers()
        added = groups[first].add_parser(second, help=about) if second else below.add_parser(name, help=about)
        _add_options(added, options.find(where), _positional(name))
        _add_quiet(added)
    for name in labs.NAMES:
        _add_lab(below.add_parser(name, help=labs.find_definition(name).title), labs.find_definition(name))
    return root


def _add_lab(added: argparse.ArgumentParser, definition: Definition) -> None:
    data = [entry.name for entry in catalogue().values() if definition.name in entry.labs and entry.samples]
    _add_options(added, RunOptions, {"preset": definition.preset_names})
    _add_options(added, definition.config, {"data": data})
    _add_quiet(added)
    if definition.commands:
        below = added.add_subparsers()
        for name, where in definition.commands.items():
            _add_options(below.add_parser(name), options.find(where), {"preset": definition.preset_names})


def _positional(command: str) -> dict[str, list[str]]:
    """Values that the command line accepts but no type says."""
    names = {"lab": list(labs.NAMES), "labs": list(labs.NAMES)}
    return {**names, "names": list(catalogue()), "name": list(catalogue())} if command.startswith("data ") else names


def _add_quiet(added: argparse.ArgumentParser) -> None:
    added.add_argument("-q", "--quiet", action="store_true", help="no progress")


def _add_options(added: argparse.ArgumentParser, kind: type[Any], values: dict[str, list[str]]) -> None:
    import shtab

    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint, marks = _unmarked(hints[field.name])
        text = options.describe(kind, field.name)
        several = get_origin(hint) is tuple
        choices = values.get(field.name) or _choices(hint)
        if "Positional" in map(str, marks):
            argument = added.add_argument(field.name, nargs="*" if several or _has_default(field) else None, help=text)
        else:
            name = "--" + next((mark.name for mark in marks if getattr(mark, "name", None)), field.name)
            name = name.replace("_", "-")
            if hint is bool:
                added.add_argument(name, action="store_true", help=text)
                if field.default is True:
                    added.add_argument(f"--no-{name[2:]}", action="store_true", help=text)
                continue
            argument = added.add_argument(name, nargs="*" if several else None, help=text)
        if choices:
            argument.choices = choices
        elif Path in (hint, *get_args(hint)):
            argument.complete = shtab.FILE  # type: ignore[attr-defined]


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _unmarked(hint: Any) -> tuple[Any, list[Any]]:
    """A type without its annotations, and these."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        return inner, marks
    return hint, []


def _choices(hint: Any) -> list[str]:
    return list(map(str, get_args(hint))) if get_origin(hint) is Literal else []
