"""Command-line words as dataclasses, with `tyro`; what it refuses becomes one line of error and one of hint."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, TypedDict, TypeVar, get_args, get_origin, get_type_hints

from pydantic import ValidationError

from utils.base.config import config_error
from utils.base.console import wrapped
from utils.base.errors import CallerError

Parsed = TypeVar("Parsed")


def parse(kind: type[Parsed], words: Sequence[str], *, program: str, description: str) -> Parsed:
    """Fill the dataclass `kind` from the words of a command.

    Args:
        kind: its fields are the options, their docstrings the help.
        words: without the program's name.
        program: the command, for the help and the hints.
        description: printed above the options in the help.

    Raises:
        CallerError: a word, a value or a combination that the dataclass does not accept.
        SystemExit: after `--help`, with status 0.
    """
    parsed: Parsed = _parse(kind, words, program, description, options_of(kind))
    return parsed


def parse_given(
    kinds: dict[str, type[Any]], words: Sequence[str], *, program: str, description: str
) -> dict[str, dict[str, Any]]:
    """The options that were given, by group and name; those that were not given are absent.

    Args:
        kinds: a dataclass of options by the title of its group.
        words: see `parse`, also for the rest.
        program: see `parse`.
        description: see `parse`.
    """
    groups: dict[str, Any] = {title: _only_given(kind) for title, kind in kinds.items()}
    known = [option for kind in kinds.values() for option in options_of(kind)]
    # A TypedDict made of variables is beyond mypy.
    every = TypedDict("Options", groups)  # type: ignore[misc]
    found: dict[str, dict[str, Any]] = _parse(every, words, program, description, known)
    return found


def find(command: str) -> type[Any]:
    """The class of a command, from `module:Class`."""
    module, kind = command.split(":")
    found: type[Any] = getattr(importlib.import_module(module), kind)
    return found


def execute(kind: type[Any], words: Sequence[str], program: str, *arguments: Any) -> int:
    """Parse the words of a command into its dataclass and execute it; the exit status."""
    command = parse(kind, words, program=program, description=str(kind.__doc__))
    status: int = command.execute(*arguments)
    return status


def _parse(kind: Any, words: Sequence[str], program: str, description: str, known: Iterator[str] | list[str]) -> Any:
    import tyro

    # tyro has no public way to report a parse error; the module is private, and tests check what it does.
    from tyro import _errors

    def refuse(event: _errors.ParseErrorEvent) -> None:
        raise _explain(event, list(known), program, words)

    with _errors.on_parse_error(refuse):
        return tyro.cli(
            kind,
            args=list(words),
            prog=program,
            # As wide as tyro's own text in a pipe; it joins lines that begin with a letter.
            description=wrapped(description, hang=2, most=80),
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.PositionalMetavarFromFieldName),
        )


def _only_given(kind: type[Any]) -> Any:
    """A TypedDict with the fields of a dataclass, none of them required, with its help and defaults."""
    import tyro

    hints = get_type_hints(kind, include_extras=True)
    annotated = {
        field.name: Annotated[
            hints[field.name],
            tyro.conf.arg(help=describe(kind, field.name), help_behavior_hint=f"(default: {_shown(field.default)})"),
        ]
        for field in fields(kind)
    }
    made = TypedDict(kind.__name__, annotated, total=False)  # type: ignore[misc]
    made.__doc__ = kind.__doc__
    return made


def describe(kind: type[Any], name: str) -> str:
    """The docstring of a field, from the class nearest to `kind` that has one."""
    return next((_descriptions(each)[name] for each in kind.__mro__[:-1] if name in _descriptions(each)), "")


@cache
def _descriptions(kind: type[Any]) -> dict[str, str]:
    """The docstrings of the fields of a class, without those of its bases; they are parsed from its source."""
    import docstring_parser

    found = {each.arg_name: each.description for each in docstring_parser.parse_from_object(kind).params}
    return {name: " ".join(text.split()) for name, text in found.items() if text}


def _shown(default: Any) -> str:
    return "required" if default is MISSING else str(default)


def _explain(event: Any, known: Sequence[str], program: str, words: Sequence[str]) -> CallerError:
    """What tyro refused, as a mistake of the caller."""
    from tyro import _errors

    see = f"{program} --help lists the options"
    if isinstance(event, _errors.UnrecognizedArgs):
        return _unknown(event.tokens[0], known, see)
    if isinstance(event, _errors.InvalidChoice):
        return CallerError(
            f"{_option(event)}: invalid choice {event.value!r}", f"choose from: {', '.join(event.choices)}"
        )
    if isinstance(event, _errors.BadValue):
        return CallerError(f"{_option(event)}: a value is missing", f"{program} --help describes {_option(event)}")
    if isinstance(event, _errors.MissingArgs):
        names = ", ".join(_name(missing.arg) for missing in event.missing_arguments)
        return CallerError(f"missing: {names}", see)
    if isinstance(event, _errors.InstantiationFailure):
        error: BaseException | None = sys.exc_info()[1]
        while error is not None:
            if isinstance(error, ValidationError):
                return config_error(error, program)
            error = error.__cause__ or error.__context__
        return CallerError(f"{_option(event)}: {event.message}", see)
    return CallerError(f"these options cannot be combined: {' '.join(words)}", see)


def _option(event: Any) -> str:
    return "an option" if event.argument is None else _name(event.argument)


def _name(argument: Any) -> str:
    """A positional argument as the help writes it, an option with its dashes."""
    return str(argument.lowered.metavar if argument.is_positional() else argument.lowered.name_or_flags[-1])


def _unknown(word: str, known: Sequence[str], see: str) -> CallerError:
    """An option that does not exist, with the most similar one that does."""
    near = difflib.get_close_matches(word.split("=")[0].replace("_", "-"), known, n=1, cutoff=0.7)
    return CallerError(f"unknown option {word}", f"did you mean {near[0]}? {see}" if near else see)


def options_of(kind: Any) -> Iterator[str]:
    """The options of a dataclass and of the dataclasses in it, as the command line names them."""
    for field, annotated in get_type_hints(kind, include_extras=True).items():
        hint, *marks = get_args(annotated) if get_origin(annotated) is Annotated else (annotated,)
        if get_origin(hint) is ClassVar:
            continue
        if is_dataclass(hint):
            yield from options_of(hint)
        elif "Positional" not in map(str, marks):  # tyro's mark of a field that is not an option
            name = next((mark.name for mark in marks if getattr(mark, "name", None)), field)
            yield "--" + name.replace("_", "-")
            if hint is bool:
                yield "--no-" + name.replace("_", "-")
