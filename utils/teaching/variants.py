"""Variants of numeric exercises: each student gets their own numbers, chosen by their id.

A judge of such an exercise takes its numbers as arguments, with those of the notebook's text as defaults. `Variants`
lists the values that may replace them. The student's folder names the student (`labs start --student ID` writes it),
and a grader chooses the numbers by the id under which the notebook was handed in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER_RECORD = ".labs-start.json"
"""File in a student's folder: what was delivered, and to whom."""


@dataclass(frozen=True)
class Variants:
    """The numbers of an exercise that differ between students.

    Attributes:
        text: the numbers in words, with a placeholder `{name}` for each.
        numbers: the possible values of each argument of the judge; none of them is its default.
    """

    text: str
    numbers: Mapping[str, Sequence[int]]

    def of(self, exercise: str, student: str) -> dict[str, int]:
        """The numbers of a student, the same on every machine.

        Args:
            exercise: full name of the exercise.
            student: id; case and surrounding spaces are ignored. Empty for the numbers of the text.
        """
        student = student.strip().lower()
        if not student:
            return {}
        digest = hashlib.sha256(f"{exercise}:{student}".encode()).digest()
        return {
            name: values[digest[position] % len(values)] for position, (name, values) in enumerate(self.numbers.items())
        }

    def told(self, exercise: str, student: str) -> str:
        """The numbers of a student in words."""
        return self.text.format(**self.of(exercise, student))


def student_of(folder: Path) -> str:
    """The student to whom the notebooks of a folder were delivered; empty if the folder names none."""
    try:
        found = json.loads((folder / FOLDER_RECORD).read_text(encoding="utf-8")).get("student", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""
