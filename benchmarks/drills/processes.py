"""Processes that can be killed: each is a fork of one that has imported Keras, so that it starts at once.

`python -m benchmarks.drills.processes` is that one. It reads a line of JSON per process from standard input.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.base.paths import child_environment

READ = 0.01
"""Seconds between two looks at a folder."""


@dataclass(frozen=True)
class Ended:
    """A process that ended: its status, negative after a signal, and its outputs."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The line of its error, without the paths of the drill."""
        return next((line for line in self.err.splitlines() if line.startswith("error: ")), "")

    @property
    def is_clear(self) -> bool:
        """Whether it ended well, or with one line of error, one of hint, and no traceback."""
        errors, hints = (
            [line for line in self.err.splitlines() if line.startswith(kind)] for kind in ("error: ", "hint: ")
        )
        return "Traceback" not in self.err and len(errors) == len(hints) == (self.status != 0)


class Started:
    """A process of the nursery."""

    def __init__(self, nursery: Nursery, pid: int, log: Path) -> None:
        self._nursery, self.pid, self._log = nursery, pid, log

    def kill(self) -> Ended:
        """End it as `kill -9` does."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait(self) -> Ended:
        """Wait until it ends."""
        status = self._nursery.ask({"wait": self.pid})
        out, err = (self._log.with_suffix(end).read_text(errors="replace") for end in (".out", ".err"))
        return Ended(status, out, err)

    @property
    def runs(self) -> bool:
        """Whether it still runs: a process that ended is a zombie until it is waited for."""
        state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"


class Nursery:
    """Starts processes in a folder. Use it as a context manager.

    Args:
        folder: the current folder of the processes; runs are written to its `models/`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._logs = 0

    def __enter__(self) -> Nursery:
        (self.folder / ".logs").mkdir(parents=True)
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.drills.processes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment(),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.communicate()

    def ask(self, request: Mapping[str, Any]) -> int:
        """Send a request to the process that forks, and return its answer."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(request) + "\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())

    def start(self, call: str, *words: object, fault: str = "", **environment: str) -> Started:
        """Start a process.

        Args:
            call: `labs`, `labs.<lab>`, or a function `module:name` that takes the words and returns a status.
            words: of the command.
            fault: a function `module:name` that is called first.
            environment: further variables.
        """
        self._logs += 1
        log = self.folder / ".logs" / str(self._logs)
        request = {"call": call, "words": list(map(str, words)), "fault": fault, "folder": str(self.folder)}
        return Started(self, self.ask({**request, "log": str(log), "environment": environment}), log)

    def run(self, call: str, *words: object, fault: str = "", **environment: str) -> Ended:
        """Start a process and wait until it ends."""
        return self.start(call, *words, fault=fault, **environment).wait()


def wait_for(pattern: str, folder: Path, process: Started, since: float) -> bool:
    """Wait until a file or a folder of this pattern was written after a time; False if the process ends before."""
    while not any(path.stat().st_mtime >= since for path in folder.glob(pattern) if path.exists()):
        if not process.runs:
            return False
        time.sleep(READ)
    return True


def _called(name: str, *words: Any) -> Any:
    module, function = name.split(":")
    return getattr(importlib.import_module(module), function)(*words)


def _execute(call: str, words: Sequence[str]) -> int:
    from labs.cli import main

    if ":" in call:
        status: int = _called(call, *words)
        return status
    lab = call.removeprefix("labs").removeprefix(".")
    return main.status_of(lambda: main.execute_lab(lab, words) if lab else main.execute(words))


def _child(request: Mapping[str, Any]) -> None:
    os.setsid()
    os.chdir(request["folder"])
    os.environ.update({"LABS_MODELS": str(Path(request["folder"]) / "models"), **request["environment"]})
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, end in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(request["log"] + end, os.O_WRONLY | os.O_CREAT), descriptor)
    status = 1
    try:
        if request["fault"]:
            _called(request["fault"])
        status = _execute(request["call"], request["words"])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Import what a lab needs, and fork on each request."""
    from utils.base.keras_import import import_keras

    import_keras()
    for module in ("matplotlib.pyplot", "pandas", "sklearn.ensemble", "scipy.stats", "labs.regression.lab"):
        importlib.import_module(module)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                _child(request)
        print(answer, flush=True)


if __name__ == "__main__":
    main()
