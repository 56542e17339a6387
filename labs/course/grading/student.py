"""The answer of a student in a process of its own, as the grader sees it: a value, or a function that can be called.

The process has a folder of its own, which is removed afterwards, and is killed with its whole process group when its
time is up. Everything that comes from it is data.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

from labs.course.grading.values import LONGEST, BrokenValueError, dumps, loads
from utils.base.paths import child_environment
from utils.teaching.answers import NotYetError, RaisedError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "PYTHONPATH", "PYTHONSAFEPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""Environment variables that a student's process gets; others may be secrets."""


@dataclass(frozen=True)
class Limits:
    """What the process of one answer may use.

    Attributes:
        seconds: wall time, and processor time.
        megabytes: address space.
        hidden: folders that it may not read, where the system can hide them.
    """

    seconds: float = 20.0
    megabytes: int = 2048
    hidden: tuple[Path, ...] = ()


class EndedError(NotYetError):
    """The student's process ended or sent no value."""

    def __init__(self, got: str) -> None:
        super().__init__("an answer within the limits", got, "run the cell and its check in the notebook")


@dataclass
class Answer:
    """A running process with the answer of a student.

    Attributes:
        limits: the achieved ones of `labs.course.grading.isolation.ALL`.
        value: the answer, or a function that calls it in the process.
        fault: what went wrong in the notebook before the answer; empty if nothing did.
    """

    limits: list[str]
    value: Any
    fault: str


@contextmanager
def answered(cells: Sequence[str], name: str, limits: Limits) -> Iterator[Answer]:
    """Execute what an answer needs in a new process, which ends with the block.

    Args:
        cells: sources of the notebook's code cells.
        name: of the answer.
        limits: of the process.

    Raises:
        EndedError: the process did not get to an answer.
    """
    with tempfile.TemporaryDirectory(prefix="labs-grade-", ignore_cleanup_errors=True) as folder:
        process = _start(Path(folder), limits)
        late = threading.Event()
        timer = threading.Timer(limits.seconds, _kill, [process, late])
        timer.start()
        try:
            yield _answer(_Line(process, late, limits), cells, name)
        finally:
            timer.cancel()
            _kill(process)


def _start(folder: Path, limits: Limits) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in child_environment().items() if key in KEPT}
    environment |= dict.fromkeys(THREADS, "1")
    environment |= {"HOME": str(folder), "TMPDIR": str(folder), "LABS_MODELS": str(folder), "LABS_OFFLINE": "1"}
    environment |= {"LABS_DATA_HOME": str(folder), "MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": "-1"}
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "labs.course.grading.child", str(folder), str(int(limits.seconds) + 1)),
            *(str(limits.megabytes), *map(str, limits.hidden)),
        ],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kill(process: subprocess.Popen[bytes], late: threading.Event | None = None) -> None:
    """Kill a process and its process group, and wait for it."""
    if late is not None:
        late.set()
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
    else:
        process.kill()
    if late is None:
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            try:
                stream.close()
            except OSError:
                continue
        process.wait()


@dataclass
class _Line:
    """The line to a process: a message is sent, and an answer read within the limits."""

    process: subprocess.Popen[bytes]
    late: threading.Event
    limits: Limits

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline(LONGEST)
        if not line.endswith(b"\n"):
            raise EndedError(self._reason(line))
        try:
            reply = loads(line)
        except BrokenValueError as error:
            raise EndedError(str(error)) from None
        if not isinstance(reply, dict):
            raise EndedError("no value")
        return reply

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(dumps(message))
            self.process.stdin.flush()
        except OSError:
            raise EndedError(self._reason(b"")) from None
        return self.read()

    def _reason(self, line: bytes) -> str:
        if self.late.is_set():
            return f"no result after {self.limits.seconds:.0f} s"
        if line:
            return "a result that is too long"
        return "the process ended: it left Python, or used too much memory or time"


def _answer(line: _Line, cells: Sequence[str], name: str) -> Answer:
    limits = line.read().get("limits", [])
    reply = line.ask({"cells": list(cells), "answer": name})
    fault = str(reply.get("fault", ""))
    if "function" in reply:
        return Answer(limits, _function(line, reply["function"]), fault)
    return Answer(limits, reply.get("value"), fault or str(reply.get("raised", "")))


def _function(line: _Line, parameters: Any) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        reply = line.ask({"call": list(arguments)})
        if "raised" in reply:
            raise RaisedError(str(reply["raised"])[:400])
        return reply.get("value")

    with suppress(TypeError, ValueError):  # the names are only shown
        call.__signature__ = Signature(  # type: ignore[attr-defined]
            [Parameter(str(each), Parameter.POSITIONAL_ONLY) for each in parameters]
        )
    return call
