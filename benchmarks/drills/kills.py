"""Kill commands at random moments, and start them again: only complete runs are seen, and nothing is lost.

A kind of drill is a window of the life of a command. The command is killed in it, started again, killed again, and
finally left to its end, with the result that it has undisturbed.
"""

from __future__ import annotations

import json
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.drills.processes import Nursery, wait_for
from utils.base.atomic_files import digest
from utils.runs import listing
from utils.runs.record import Run

CHAIN = 5
"""How often a command is killed before it is left to its end."""
PARTIAL = "run.partial"


@dataclass(frozen=True)
class Kind:
    """What is killed, and when.

    Attributes:
        name: of the drill.
        command: the module and the words of the first start.
        resume: the words of the next start, from the folder; empty if there is nothing to resume.
        begins: pattern of the file whose writing begins the window; empty for the start of the process.
        ends: pattern of the file whose writing ends the window.
        check: what must hold after each kill, and whether the command had ended before it.
        result: of the finished command, which the kills must not change.
    """

    name: str
    command: Sequence[str]
    resume: Callable[[Path], Sequence[str]]
    begins: str
    ends: str
    check: Callable[[Path], bool]
    result: Callable[[Path], Any]

    def words(self, folder: Path) -> Sequence[str]:
        """The words of the next start."""
        return [self.command[0], *(self.resume(folder) or self.command[1:])]


# A run: fit, save, and the check of its exports


def _resume_run(folder: Path) -> Sequence[str]:
    return ["--resume", PARTIAL] if (folder / PARTIAL / "request.json").is_file() else []


def _check_run(folder: Path) -> bool:
    """The run is listed as finished, with files that match their digests, or it is unfinished; never both."""
    finished, unfinished = listing.finished_runs(folder), listing.unfinished_runs(folder)
    assert len(finished) + len(unfinished) <= 1, f"{finished} {unfinished}"
    for found in finished:
        Run.open(found.folder)
    return bool(finished)


def _result_of_run(folder: Path) -> Any:
    assert [path.name for path in folder.iterdir() if "run" in path.name] == ["run"], (
        "a lock or a half of a run is left"
    )
    record = Run.open(folder / "run").record
    assert {path.name for path in (folder / "run").iterdir()} == FILES
    return record["metrics"]


FILES = {"run.json", "README.md", "report.html", "history.csv", "labels.json", "predictions.npz"}
FILES |= {"figures", "model.keras", "model.h5", "saved_model"}
RUN = ("labs.regression", "--preset", "quick", "--epochs", "100", "--dropout", "0.1", "--out", "run", "--overwrite")
WINDOWS = {
    "fit": ("", f"{PARTIAL}/model.keras"),
    "save": (f"{PARTIAL}/model.keras", f"{PARTIAL}/parity.npz"),
    "exports": (f"{PARTIAL}/parity.npz", "run/run.json"),
}
"""The windows of a run: the training, writing its files, and the check of its exports in a fresh process."""


def runs() -> list[Kind]:
    """The kinds of drill of a run."""
    return [
        Kind(name, RUN, _resume_run, begins, ends, _check_run, _result_of_run)
        for name, (begins, ends) in WINDOWS.items()
    ]


# A sweep


def _sweep(folder: Path) -> list[Path]:
    return sorted((folder / "models" / "sweeps").glob("[!.]*"))


def _check_sweep(folder: Path) -> bool:
    """Every outcome is complete: it was written in one step."""
    for path in folder.glob("models/sweeps/*/trials/[!.]*.json"):
        assert json.loads(path.read_text())["measures"]
    return bool(list(folder.glob("models/sweeps/*/comparison.png")))


def _resume_sweep(folder: Path) -> Sequence[str]:
    begun = [path for path in _sweep(folder) if (path / "request.json").is_file()]
    return ["sweep", "--resume", str(begun[0]), "--workers", "2"] if begun else []


def _result_of_sweep(folder: Path) -> Any:
    (sweep,) = [path for path in _sweep(folder) if (path / "table.csv").is_file()]
    rows = [json.loads(path.read_text())["measures"] for path in sorted((sweep / "trials").glob("[!.]*.json"))]
    assert len(rows) == (sweep / "table.csv").read_text().count("\n") - 1 == 2
    return rows


def sweep() -> Kind:
    """The drill of a sweep of two trainings."""
    words = [
        "labs",
        "sweep",
        "regression",
        "--preset",
        "quick",
        "--data",
        "concrete",
        "--set",
        "epochs=2,3",
        "--seeds",
        "1",
        "--workers",
        "2",
    ]
    return Kind("sweep", words, _resume_sweep, "", "models/sweeps/*/comparison.png", _check_sweep, _result_of_sweep)


# An export


def export(nursery: Nursery) -> Kind:
    """The drill of the exports of a finished run, which lies outside of the folder of the drill."""
    run = nursery.folder.parent / "exported"
    ended = nursery.run("labs.regression", "--preset", "quick", "--epochs", "2", "--out", str(run))
    assert ended.status == 0, ended.err
    words = ["labs", "export", str(run), "--format", "keras,h5,saved_model", "--out", "exports", "--overwrite"]
    return Kind("export", words, lambda _: [], "", "exports/exports.json", _check_exports, _result_of_exports)


def _check_exports(folder: Path) -> bool:
    """What the record lists is there."""
    record = folder / "exports" / "exports.json"
    if record.is_file():
        exports = json.loads(record.read_text())["exports"]
        assert all((folder / "exports" / export["file"]).exists() for export in exports.values())
    return record.is_file()


def _result_of_exports(folder: Path) -> Any:
    assert [path.name for path in folder.iterdir() if "exports" in path.name] == ["exports"], "something is left"
    exports = json.loads((folder / "exports" / "exports.json").read_text())["exports"]
    return {name: export["max_rel_diff"] for name, export in exports.items()}


# A download

CONTENT = bytes(range(256)) * 16_000
PIECE = 1 << 16


class _Slow(BaseHTTPRequestHandler):
    """Sends the content in a second, from where a resumed download asks for it."""

    def do_GET(self) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        for at in range(start, len(CONTENT), PIECE):
            try:
                self.wfile.write(CONTENT[at : at + PIECE])
            except OSError:  # the process that asked was killed
                return
            time.sleep(PIECE / len(CONTENT))

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def fetch() -> Iterator[Kind]:
    """The drill of a download, with its server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/a.bin"
    try:
        yield Kind(
            "fetch",
            ("benchmarks.drills.kills:fetch_once", url),
            lambda folder: [url] if (folder / f"{TARGET}.part").is_file() else [],
            "",
            TARGET,
            _check_file,
            _result_of_fetch,
        )
    finally:
        server.shutdown()
        server.server_close()


TARGET = "cache/set/a.bin"
DIGEST = f"sha256:{sha256(CONTENT).hexdigest()}"


def fetch_once(url: str) -> int:
    """Fetch the file into the cache below the current folder."""
    import os

    from utils.datasets import obtain
    from utils.datasets.catalog import Entry, File

    os.environ |= {
        "LABS_DATA_HOME": str(Path("cache").absolute()),
        "LABS_OFFLINE": "0",
        "LABS_MIRROR": "",
        "no_proxy": "*",
    }
    file = File("a.bin", len(CONTENT), DIGEST, urls=(url,))
    obtain.fetch(Entry("set", "", "", "files", (), "", "", "", "", 1, (file,)))
    return 0


def _check_file(folder: Path) -> bool:
    """Under its name the file is complete."""
    path = folder / TARGET
    assert not path.exists() or digest(path) == DIGEST
    return path.exists()


def _result_of_fetch(folder: Path) -> Any:
    left = sorted(path.name for path in (folder / TARGET).parent.iterdir())
    assert left == [".lock", "a.bin"], left
    return digest(folder / TARGET)


# The drill


def windows(kinds: Sequence[Kind], nursery: Nursery) -> tuple[dict[str, float], Any]:
    """Run the common command of some kinds undisturbed: the length of each window in seconds, and the result."""
    _clear(nursery.folder)
    start = time.time()
    process = nursery.start(*kinds[0].words(nursery.folder))
    marks = {"": start}
    for mark in dict.fromkeys(mark for kind in kinds for mark in (kind.begins, kind.ends) if mark):
        wait_for(mark, nursery.folder, process, start)
        marks[mark] = time.time()
    ended = process.wait()
    assert ended.status == 0, ended.err
    return {kind.name: marks[kind.ends] - marks[kind.begins] for kind in kinds}, kinds[0].result(nursery.folder)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != ".logs":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def drill(
    kinds: Sequence[Kind], nursery: Nursery, kills: int, moments: random.Random, *, chain: int = CHAIN
) -> dict[str, Counter[str]]:
    """Kill a command several times in each window, and compare what it gives in the end with what it gives undisturbed.

    Args:
        kinds: windows of one command, which take turns.
        nursery: starts the processes.
        kills: number of kills in each window.
        moments: draws the moments.
        chain: how often the command is killed before it is left to its end.

    Returns:
        By name of the kind: how many kills met the command while it ran and how many came after its end; how many
        starts resumed, and how many started again. `completed` counts the commands that were left to their end.

    Raises:
        AssertionError: something incomplete was seen as complete, or the result differs.
    """
    seconds, expected = windows(kinds, nursery)
    counts: dict[str, Counter[str]] = {kind.name: Counter() for kind in kinds}
    _clear(nursery.folder)
    since = 0
    for kind in list(kinds) * kills:
        while not _killed(kind, nursery, seconds[kind.name], moments, expected):
            counts[kind.name]["ended before"] += 1
            seconds[kind.name] *= 0.8  # the machine was busier when the window was measured
        counts[kind.name]["killed"] += 1
        counts[kind.name]["resumed" if kind.resume(nursery.folder) else "started again"] += 1
        since += 1
        if since == chain:
            _complete(kind, nursery, expected)
            counts[kind.name]["completed"] += 1
            since = 0
    if since:
        _complete(kinds[-1], nursery, expected)
        counts[kinds[-1].name]["completed"] += 1
    return counts


def _killed(kind: Kind, nursery: Nursery, seconds: float, moments: random.Random, expected: Any) -> bool:
    """Kill the command at a random moment of its window; False if it had ended, with the expected result."""
    start = time.time()
    process = nursery.start(*kind.words(nursery.folder))
    if kind.begins:
        wait_for(kind.begins, nursery.folder, process, start)
    time.sleep(moments.uniform(0, seconds))
    ended = process.kill()
    assert ended.status in (-9, 0), ended.err
    kind.check(nursery.folder)
    if ended.status == 0:
        assert kind.result(nursery.folder) == expected
        _clear(nursery.folder)
    return ended.status != 0


def _complete(kind: Kind, nursery: Nursery, expected: Any) -> None:
    """Leave the command to its end."""
    ended = nursery.run(*kind.words(nursery.folder))
    assert ended.status == 0, ended.err
    assert kind.result(nursery.folder) == expected
    _clear(nursery.folder)
