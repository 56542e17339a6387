"""Grade 300 generated submissions, and 300 more with one hostile submission of each kind among them.

python -m benchmarks.classroom

The answers of a student are right, wrong or missing, at random; the points of every submission are compared with what
its answers deserve. The submissions of the largest notebook measure the time; those of the first one include the
attacks of the tests.
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.pages.results import record
from labs.course.handout import delivered, notebooks
from labs.exercises import recorded
from tests.course.hostile import write_all
from utils.base import machine

STUDENTS = 300
LARGEST = "music"
WITH_ATTACKS = "00_start_here"
SEED = 0


def submission(name: str, chance: random.Random) -> tuple[dict[str, Any], int]:
    """A notebook with answers, and the points that they deserve."""
    (path,) = (path for path in delivered() if path.stem == name)
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    points = 0
    for exercise in notebooks()[name]:
        about = recorded()[exercise]
        kind = chance.choice(["right", "right", "wrong", "missing"])
        points += kind == "right"
        wrong = f"def {about['answer']}(*anything):\n    return 0\n"
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            if "exercise" in cell["metadata"].get("tags", []) and source.startswith(
                (f"def {about['answer']}(", f"{about['answer']} =")
            ):
                cell["source"] = {"right": about["solution"], "wrong": wrong, "missing": source}[kind]
    return notebook, points


def graded(name: str, *, attacks: bool) -> dict[str, Any]:
    """Write the submissions of a class, grade them with the command, and compare the points."""
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        expected = {kind: attack.points for kind, attack in write_all(course).items()} if attacks else {}
        hostile = len(expected) - ("honest" in expected)
        for number in range(STUDENTS - len(expected)):
            path = course / "submitted" / f"student{number:03}" / f"{name}.ipynb"
            path.parent.mkdir(parents=True)
            notebook, expected[path.parent.name] = submission(name, chance)
            path.write_text(json.dumps(notebook), encoding="utf-8")
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = ["labs", "grade", "submitted", "--workers", str(machine.cores())]
        subprocess.run(
            [sys.executable, "-m", *command],
            cwd=course,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        with (course / "grades" / "grades.csv").open(encoding="utf-8", newline="") as file:
            points = {row["student"]: int(row["points"]) for row in csv.DictReader(file)}
    return {
        "command": " ".join(command),
        "submissions": len(points),
        "hostile": hostile,
        "exercises": len(notebooks()[name]),
        "seconds": seconds,
        "core_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "wrong_points": sorted(student for student in expected if points.get(student) != expected[student]),
    }


def main() -> None:
    record("classroom", {LARGEST: graded(LARGEST, attacks=False), WITH_ATTACKS: graded(WITH_ATTACKS, attacks=True)})


if __name__ == "__main__":
    main()
