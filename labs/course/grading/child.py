"""`python -m labs.course.grading.child FOLDER SECONDS MEGABYTES [HIDDEN …]`: the process that executes an answer.

It limits itself, reads the notebook's cells and the name of an answer, executes the statements that the answer needs,
and then calls the answer as often as the grader asks. Each message is a line of `labs.course.grading.values`:

    → {"cells": [source, …], "answer": name}       ← {"limits": […]}, then what the answer is:
                                                      {"value": …}, {"function": [parameter, …]} or {"fault": text}
    → {"call": [argument, …]}                       ← {"value": …} or {"raised": text}

The grader judges the values that come back, so nothing that is written here can be a verdict.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import linecache
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from labs.course.grading.isolation import isolate


def main() -> None:
    """Serve one answer until standard input ends."""
    folder, seconds, megabytes, *hidden = sys.argv[1:]
    requests, replies = _channels()
    limits = isolate(
        Path(folder), seconds=int(seconds), megabytes=int(megabytes), hidden=[Path(path) for path in hidden]
    )
    importlib.import_module("utils.teaching.answers")  # while there is memory
    from labs.course.grading.values import dumps, loads  # NumPy, under the limits

    replies.write(dumps({"limits": limits}))
    replies.flush()
    warnings.simplefilter("ignore")
    task = loads(requests.readline())
    found, reply = _answer(task["cells"], task["answer"])
    replies.write(_safely(dumps, reply))
    replies.flush()
    while line := requests.readline():
        replies.write(_safely(dumps, _called(found, loads(line)["call"])))
        replies.flush()


def _channels() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output for the grader alone; what the student's code prints is discarded."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that is too large is an OSError
    return requests, replies


def _answer(cells: list[str], name: str) -> tuple[Any, dict[str, Any]]:
    """The answer of a notebook, and what to reply about it."""
    from labs.course.grading.slices import needed, without_magic

    fault = ""
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        pieces = needed(cells, name)
    except (RecursionError, MemoryError) as error:
        return None, {"fault": f"the notebook cannot be read: {type(error).__name__}"}
    for piece in pieces:
        file = f"<cell {piece.cell}>"
        text = without_magic(cells[piece.cell])
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        try:
            exec(compile(ast.Module([piece.statement], []), file, "exec"), names)
        except BaseException as error:
            fault = fault or _failure(error)
    if name not in names:
        return None, {"fault": fault or f"the notebook does not define {name}"}
    found = names[name]
    if callable(found):
        return found, {"function": _parameters(found), "fault": fault}
    return found, {"value": found, "fault": fault}


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        return list(map(str, inspect.signature(function).parameters))
    except (TypeError, ValueError):
        return []


def _called(function: Any, arguments: list[Any]) -> dict[str, Any]:
    try:
        return {"value": function(*arguments)}
    except BaseException as error:  # also sys.exit
        return {"raised": _failure(error)}


def _failure(error: BaseException) -> str:
    from utils.teaching.answers import failure

    return failure(error, "<cell ")


def _safely(dumps: Callable[[Any], bytes], reply: dict[str, Any]) -> bytes:
    try:
        return dumps(reply)
    except BaseException as error:  # a value that contains itself, a tensor that cannot be read
        return dumps({"raised": f"the result cannot be read: {type(error).__name__}"})


if __name__ == "__main__":
    main()
