"""From command-line words to a dataclass, and from what tyro refuses to one line of error and one of hint."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import ValidationError

from utils.base.config import config_error
from utils.base.errors import CallerError

Parsed = TypeVar("Parsed")


def parse(kind: type[Parsed], words: Sequence[str], *, program: str, description: str, default: Any = None) -> Parsed:
    """Fill the dataclass `kind` from the words of a command.

    Args:
        kind: its fields are the options, their docstrings the help.
        words: without the program's name.
        program: the command, for the help and the hints.
        description: above the options in the help.
        default: an instance whose values stand where no option is given.

    Raises:
        CallerError: a word, a value or a combination that the dataclass does not take.
        SystemExit: after `--help`, with status 0.
    """
    import tyro

    # tyro has no public way to hand out a parse error; the module is private, and the tests hold it to what it does.
    from tyro import _errors

    def refuse(event: _errors.ParseErrorEvent) -> None:
        raise _explain(event, kind, program, words)

    with _errors.on_parse_error(refuse):
        return tyro.cli(
            kind,
            args=list(words),
            prog=program,
            description=description,
            config=(
                tyro.conf.OmitArgPrefixes,
                tyro.conf.PositionalMetavarFromFieldName,
            ),
            **({} if default is None else {"default": default}),
        )


def execute(kind: type[Any], words: Sequence[str], program: str, *arguments: Any) -> int:
    """Parse the words of a command into its dataclass and execute it; the exit status."""
    command = parse(kind, words, program=program, description=str(kind.__doc__))
    status: int = command.execute(*arguments)
    return status


def _explain(event: Any, kind: Any, program: str, words: Sequence[str]) -> CallerError:
    """The event of a refused command as the caller's mistake."""
    from tyro import _errors

    see = f"{program} --help lists the options"
    if isinstance(event, _errors.UnrecognizedArgs):
        return _unknown(event.tokens[0], kind, see)
    if isinstance(event, _errors.InvalidChoice):
        return CallerError(f"{_option(event)}: no {event.value!r} here", f"choose from: {', '.join(event.choices)}")
    if isinstance(event, _errors.BadValue):
        return CallerError(
            f"{_option(event)}: a value is missing", f"{program} --help says what {_option(event)} takes"
        )
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
    return CallerError(f"the options do not fit together: {' '.join(words)}", see)


def _option(event: Any) -> str:
    return "an option" if event.argument is None else _name(event.argument)


def _name(argument: Any) -> str:
    """A positional argument as the help writes it, an option with its dashes."""
    return str(argument.lowered.metavar if argument.is_positional() else argument.lowered.name_or_flags[-1])


def _unknown(word: str, kind: Any, see: str) -> CallerError:
    """An option that does not exist, with the nearest that does."""
    near = difflib.get_close_matches(word.split("=")[0].replace("_", "-"), list(options_of(kind)), n=1, cutoff=0.7)
    return CallerError(f"unknown option {word}", f"did you mean {near[0]}? {see}" if near else see)


def options_of(kind: Any) -> Iterator[str]:
    """The options of a dataclass and of the dataclasses in it, under the names that the command line gives them."""
    for field, annotated in get_type_hints(kind, include_extras=True).items():
        hint, *marks = get_args(annotated) if get_origin(annotated) is Annotated else (annotated,)
        if is_dataclass(hint):
            yield from options_of(hint)
        elif "Positional" not in map(str, marks):  # tyro's mark of a field that is no option
            name = next((mark.name for mark in marks if getattr(mark, "name", None)), field)
            yield "--" + name.replace("_", "-")
            if hint is bool:
                yield "--no-" + name.replace("_", "-")
