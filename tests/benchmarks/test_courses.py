"""The page for instructors names every notebook, and only notebooks and labs that exist."""

from __future__ import annotations

import labs
from benchmarks.pages.courses import CONCEPTS, COURSES, lab_of
from notebooks.tools import script


def test_every_notebook_is_in_a_course() -> None:
    assert set(CONCEPTS) == set(script.published())
    assert {week.notebook for weeks in COURSES.values() for week in weeks} == set(CONCEPTS)
    assert {lab_of(notebook) for notebook in CONCEPTS} == set(labs.finished())
