"""The limits that a process sets for itself, with and without namespaces; each script runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labs.course.grading.isolation import FILES, MEMORY, NETWORK, PROCESSES
from tests.conftest import ROOT

SCRIPT = """
import json, os, resource, socket, sys, threading
from pathlib import Path
from labs.course.grading import isolation
if {refused}:
    isolation._own_namespaces = lambda *_: False
found = {{"limits": isolation.isolate(Path("own"), seconds=30, megabytes=600, hidden=[Path("hidden").resolve()])}}

def tried(name, action):
    try:
        found[name] = repr(action())
    except BaseException as error:
        found[name] = type(error).__name__

home = Path({home!r})
tried("own", lambda: (home / "own" / "file").write_text("x"))
tried("other", lambda: (home / "other").write_text("x"))
tried("hidden", lambda: (home / "hidden" / "secret").read_text())
tried("fork", lambda: os.fork() or os._exit(9))
tried("exec", lambda: os.execv(sys.executable, ["python"]))
tried("socket", socket.socket)
tried("kill", lambda: os.kill(os.getppid(), 0))
tried("limit of another", lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU))
tried("own limit", lambda: resource.getrlimit(resource.RLIMIT_AS)[0])
tried("memory", lambda: bytearray(2**30))
thread = threading.Thread(target=lambda: found.update(thread="ran"))
thread.start()
thread.join()
print(json.dumps(found))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces and seccomp are of Linux")
@pytest.mark.parametrize("refused", [False, True])
def test_isolation(refused: bool, tmp_path: Path) -> None:
    for name in ("own", "hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "hidden" / "secret").write_text("secret")
    script = SCRIPT.format(refused=refused, home=str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    limits = found.pop("limits")
    if PROCESSES not in limits or (FILES not in limits and not refused):
        pytest.skip(f"this system offers only {', '.join(limits)}")
    assert limits == [each for each in (MEMORY, FILES, NETWORK, PROCESSES) if each != FILES or not refused]
    denied = dict.fromkeys(("fork", "exec", "socket", "kill", "limit of another"), "PermissionError")
    files = {"other": "1", "hidden": "'secret'"} if refused else {"other": "OSError", "hidden": "FileNotFoundError"}
    own = {"own": "1", "own limit": str(600 * 2**20), "memory": "MemoryError", "thread": "ran"}
    assert found == denied | files | own
    assert (tmp_path / "other").exists() == refused
    assert (tmp_path / "hidden" / "secret").read_text() == "secret"
