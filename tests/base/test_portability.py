"""No module needs a call that only POSIX systems have."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from utils.base.paths import child_environment

ONLY_POSIX = {
    *(
        "fork",
        "forkpty",
        "pread",
        "preadv",
        "pwrite",
        "pwritev",
        "getuid",
        "geteuid",
        "getgid",
        "chown",
        "lchown",
        "setsid",
    ),
    *(
        "getpgid",
        "killpg",
        "nice",
        "sysconf",
        "statvfs",
        "mkfifo",
        "mknod",
        "uname",
        "sched_getaffinity",
        "sched_setaffinity",
    ),
    *("posix_fadvise", "posix_fallocate", "sendfile", "wait3", "wait4", "getloadavg", "ctermid", "sync", "fchmod"),
}
MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline"}


def posix_only(source: str) -> list[str]:
    """Uses of such calls and modules outside `hasattr(…)` conditions and `try` blocks."""
    tree = ast.parse(source)
    guarded: set[ast.AST] = set()
    for node in ast.walk(tree):
        tested = isinstance(node, ast.If | ast.IfExp) and "hasattr" in ast.dump(node.test)
        if tested or isinstance(node, ast.Try):
            guarded |= set(ast.walk(node))
    found = []
    for node in ast.walk(tree):
        if node in guarded:
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            found += [f"os.{node.attr}"] * (node.attr in ONLY_POSIX)
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        found += [name for name in [*names, getattr(node, "module", None)] if name in MODULES]
    return found


def test_sources_do_without() -> None:
    files = [path for top in ("utils", "labs") for path in (ROOT / top).rglob("*.py")]
    uses = {path.relative_to(ROOT).as_posix(): posix_only(path.read_text(encoding="utf-8")) for path in files}
    # Its functions for Linux are called only there.
    assert {path for path, found in uses.items() if found} == {"labs/course/grading/isolation.py"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os\nos.pwrite(1, b'', 0)", ["os.pwrite"]),
        ("import fcntl", ["fcntl"]),
        ("from resource import getrusage", ["resource"]),
        ("import os\nif hasattr(os, 'pwrite'):\n    os.pwrite(1, b'', 0)", []),
        ("try:\n    import resource\nexcept ImportError:\n    resource = None", []),
    ],
)
def test_such_calls_are_found(source: str, found: list[str]) -> None:
    assert posix_only(source) == found


def test_images_are_decoded_without_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i in range(3):
            pixels = np.random.default_rng(i).integers(0, 256, (20, 20)).astype("uint8")
            Image.fromarray(pixels).save(tmp_path / "in" / name / f"{i}.png")
    code = """if True:
        import os
        for name in ("pread", "preadv", "pwrite", "pwritev", "sched_getaffinity", "posix_fadvise", "sendfile"):
            if hasattr(os, name):
                delattr(os, name)
        from pathlib import Path
        from utils.images import image_folders
        print(image_folders.load(Path("in"), (16, 16), "rgb").pictures[:].shape)
    """
    environment = {**child_environment(), "LABS_DATA_HOME": str(tmp_path / "cache")}
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.stdout == "(6, 16, 16, 3)\n", ended.stderr
