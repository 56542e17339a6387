"""`labs grade SUBMISSIONS …`: points for submitted notebooks, without trust in them."""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from labs.course.grading import gradebooks, isolation, submissions
from labs.course.grading.gradebooks import Points
from labs.course.grading.student import Limits, answered
from labs.course.grading.submissions import Submission
from labs.course.handout import notebooks
from labs.exercises import judged, recorded
from utils.base import text_tables
from utils.base.console import progress, say, show
from utils.base.errors import CallerError
from utils.base.machine import cores
from utils.base.paths import EXERCISES, ROOT
from utils.teaching.answers import NotYetError

GRADES = "grades.csv"


@dataclass(frozen=True)
class Grade:
    """Grade submitted notebooks: execute each answer in a process of its own, and judge what it returns."""

    submissions: Positional[tuple[Path, ...]]
    """Folders with one folder or one file per student, or single notebooks."""
    notebook: str = ""
    """Grade only this notebook; defaults to what each file contains."""
    out: Path = Path("grades")
    """Folder for grades.csv, the tables of a platform and a page of feedback per student."""
    csv: Literal["none", "moodle", "canvas", "gradescope"] = "none"
    """Also write the table that this platform imports, one per notebook."""
    roster: Path | None = None
    """CSV that the platform exported, whose rows are filled in."""
    variants: bool = False
    """Numeric exercises with each student's own numbers, as `labs start --student ID` gave them."""
    workers: int = 0
    """Number of students that are graded in parallel; 0 means one per core."""
    seconds: float = 20.0
    """Time limit of each exercise."""
    megabytes: int = 2048
    """Memory limit of each exercise."""
    overwrite: bool = False
    """Replace an earlier folder of grades."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Grade, write the folder, and print a table."""
        self._check()
        found = submissions.find(self.submissions, notebooks(), self.notebook)
        with isolation.shielded():
            graded = grade(found, self._limits(), self.workers or cores(), variants=self.variants)
        self._write(graded)
        points = [one.points for one in graded]
        if self.json:
            show(json.dumps([_as_json(one) for one in points], indent=2))
        else:
            rows = [[one.student, one.notebook or "–", f"{one.total}/{len(one.points)}", one.comment] for one in points]
            show(text_tables.table(["student", "notebook", "points", "comment"], rows, left=(1, 3)))
        say(f"\nwritten: {self.out}")
        return 0

    def _check(self) -> None:
        if not self.submissions:
            raise CallerError("missing: SUBMISSIONS", "give the folder with the notebooks of the students")
        if self.notebook and self.notebook not in notebooks():
            raise CallerError(f"--notebook {self.notebook}: there is none", f"choose from: {', '.join(notebooks())}")
        if self.roster is not None and self.csv == "none":
            raise CallerError("--roster needs --csv", "add --csv moodle, canvas or gradescope")
        if self.seconds < 1 or self.megabytes < 256 or self.workers < 0:
            raise CallerError("a limit is too small", "--seconds 1, --megabytes 256 and --workers 0 are the least")
        if self.out.exists() and not self.overwrite:
            raise CallerError(f"{self.out} already exists", "add --overwrite, or give another folder with --out")
        if self.out.exists() and not (self.out / GRADES).is_file():
            raise CallerError(f"{self.out} is not a folder of grades", "give another folder with --out")

    def _limits(self) -> Limits:
        """The limits, after a look at what this system offers."""
        needed = [Path(path).resolve() for path in (sys.prefix, sys.base_prefix, ROOT)]
        folders = {place.resolve() if place.is_dir() else place.resolve().parent for place in self.submissions}
        hidden = [each for each in folders if not any(each == one or each in one.parents for one in needed)]
        limits = Limits(self.seconds, self.megabytes, (*hidden, EXERCISES))
        with answered(["answer = 1"], "answer", replace(limits, seconds=60)) as probe:
            missing = [each for each in isolation.ALL if each not in probe.limits]
        if missing:
            say(
                f"note: this system does not limit {', '.join(missing)} of the students' code; grade in a container or "
                "a virtual machine without a network (notebooks/INSTRUCTORS.md)"
            )
        return limits

    def _write(self, graded: Sequence[Graded]) -> None:
        """Write the folder under a temporary name, and rename it."""
        temporary = self.out.with_name(f".{os.getpid()}-{self.out.name}")
        try:
            (temporary / "feedback").mkdir(parents=True)
            points = [one.points for one in graded]
            names = list(dict.fromkeys(name for one in points for name in one.points))
            _csv(temporary / GRADES, gradebooks.own(points, names))
            for one in graded:
                page = temporary / "feedback" / f"{one.points.student}-{one.points.notebook or 'unknown'}.md"
                page.write_text(one.feedback, encoding="utf-8", errors="backslashreplace")
            if self.csv != "none":
                self._export(temporary, points)
            if self.out.exists():
                shutil.rmtree(self.out)
            temporary.replace(self.out)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _export(self, folder: Path, points: Sequence[Points]) -> None:
        for name in notebooks():
            chosen = [one for one in points if one.notebook == name]
            if not chosen:
                continue
            text, missing = gradebooks.export(self.csv, name, chosen, self.roster)
            _csv(folder / f"{self.csv}-{name}.csv", text)
            if missing:
                say(f"note: {name}: not in the roster, or more than once: {', '.join(missing)}")


def _csv(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        file.write(text)


def _as_json(one: Points) -> dict[str, object]:
    return {"student": one.student, "notebook": one.notebook, "points": dict(one.points), "comment": one.comment}


@dataclass(frozen=True)
class Graded:
    """The points of a submission, and a page for the student."""

    points: Points
    feedback: str


def grade(found: Sequence[Submission], limits: Limits, workers: int, *, variants: bool = False) -> list[Graded]:
    """Grade submissions in parallel.

    Args:
        found: the submissions.
        limits: of each exercise.
        workers: number of submissions at a time; each has one process, one exercise after the other.
        variants: whether students have their own numbers.

    Returns:
        In the order of the submissions.
    """
    asked, answers = notebooks(), {name: about["answer"] for name, about in recorded().items()}
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(workers) as pool,
        progress(len(found), f"grading {len(found)} notebook{'s' * (len(found) != 1)}", "notebook") as bar,
    ):
        warnings.simplefilter("ignore")  # of values that students return, such as an overflow

        def one(submission: Submission) -> Graded:
            exercises = {name: answers[name] for name in asked.get(submission.notebook, [])}
            graded = _graded(submission, exercises, limits, submission.student if variants else "")
            bar.update()
            return graded

        return list(pool.map(one, found))


def _graded(submission: Submission, exercises: Mapping[str, str], limits: Limits, student: str) -> Graded:
    points, texts = {}, []
    for name, answer in exercises.items():
        solved, text = (False, submission.fault)
        if not submission.fault:
            solved, text = _verdict(submission, name, answer, limits, student)
        points[name] = int(solved)
        texts.append(f"## {name}: {'right' if solved else 'not yet'}\n\n```\n{text}\n```\n")
    left = [name.partition(".")[2] for name, reached in points.items() if not reached]
    comment = f"{sum(points.values())} of {len(points)}" + (f"; not yet: {', '.join(left)}" if left else "")
    comment = submission.fault or comment
    head = f"# {submission.notebook or submission.path.name}: {submission.student}\n\n{comment}.\n"
    return Graded(Points(submission.student, submission.notebook, points, comment), "\n".join([head, *texts]))


def _verdict(submission: Submission, name: str, answer: str, limits: Limits, student: str) -> tuple[bool, str]:
    """Whether an exercise is solved, and what to say about it. Only a judge in this process decides."""
    fault = ""
    try:
        with answered(submission.cells, answer, limits) as found:
            fault = found.fault
            return True, judged(name, found.value, student)
    except NotYetError as error:
        return False, f"{error}\n  notebook: {fault}" if fault else str(error)
    except Exception as error:  # a value for which a judge was not prepared is no right answer
        return False, f"the answer cannot be judged: {type(error).__name__}: {error}"
