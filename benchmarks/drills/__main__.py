"""Run all drills and record what they found.

    make drills    # or: python -m benchmarks.drills [kills] [faults] [inputs]

It takes about half an hour on two quiet cores.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.drills import faults, inputs, kills
from benchmarks.drills.processes import Nursery
from benchmarks.pages.results import FOLDER, record

KILLS = 20
REPEATS = 5
INPUTS = 500
SEED = 21


def kill_drills() -> dict[str, Any]:
    """Kill a run, a sweep, an export and a download, by name of the window."""
    moments = random.Random(SEED)
    counts: dict[str, Counter[str]] = {}
    with kills.fetch() as fetch:
        for kinds in (kills.runs(), [kills.sweep()], [fetch], None):
            with _nursery() as nursery:
                counts |= kills.drill(kinds or [kills.export(nursery)], nursery, KILLS, moments)
            print(counts, flush=True)
    return {name: dict(found) for name, found in counts.items()}


def fault_drills() -> list[dict[str, Any]]:
    """Each fault, those at a random place several times; equal outcomes are counted."""
    found: Counter[str] = Counter()
    moments = random.Random(SEED)
    for fault in [*faults.ONCE.values(), *(list(faults.RANDOM.values()) * REPEATS)]:
        with _nursery() as nursery:
            outcome = fault(nursery, moments)
        print(outcome, flush=True)
        found[json.dumps(asdict(outcome))] += 1
    return [{**json.loads(outcome), "times": times} for outcome, times in found.items()]


def input_drills() -> dict[str, Any]:
    """Invalid inputs, by command."""
    with tempfile.TemporaryDirectory() as folder:
        return inputs.drill(Path(folder), INPUTS, SEED)


@contextmanager
def _nursery() -> Iterator[Nursery]:
    """A nursery in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder, Nursery(Path(folder) / "drill") as nursery:
        yield nursery


PARTS: dict[str, Callable[[], Any]] = {"kills": kill_drills, "faults": fault_drills, "inputs": input_drills}


def main() -> None:
    path = FOLDER / "drills.json"
    figures = (
        {part: found for part, found in json.loads(path.read_text()).items() if part in PARTS} if path.is_file() else {}
    )
    for part in sys.argv[1:] or PARTS:
        start = time.perf_counter()
        figures[part] = PARTS[part]()
        print(f"{part}: {time.perf_counter() - start:.0f} s", flush=True)
        record("drills", figures)


if __name__ == "__main__":
    main()
