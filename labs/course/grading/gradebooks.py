"""Tables of points as CSV: our own, and those that learning platforms import.

With the CSV that the platform exported (Moodle's grading worksheet, Canvas's gradebook, Gradescope's scores), its rows
and columns are kept and the points are filled in; a student is found by any column that identifies them. Without one, a
table with the platform's own columns is written, with the id in the column that identifies a student there.

The columns are those of the platforms' own exports: Moodle's "Download grading worksheet", Canvas's "Export" of the
gradebook with its row of points possible, and Gradescope's "Download grades" of an assignment.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from utils.base.errors import CallerError

Row = dict[str, str]


@dataclass(frozen=True)
class Points:
    """What a student reached in a notebook.

    Attributes:
        student: id.
        notebook: name.
        points: 1 or 0 by exercise.
        comment: one line for the student.
    """

    student: str
    notebook: str
    points: Mapping[str, int]
    comment: str = ""

    @property
    def total(self) -> int:
        """All points."""
        return sum(self.points.values())


@dataclass(frozen=True)
class Platform:
    """The columns of a learning platform.

    Attributes:
        header: of a table without an export.
        identifier: the column of the header for the student's id.
        identifying: columns of an export in which a student may be found, in lower case.
    """

    header: tuple[str, ...]
    identifier: str
    identifying: tuple[str, ...]


PLATFORMS = {
    "moodle": Platform(
        (
            *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed"),
            *("Last modified (submission)", "Last modified (grade)", "Feedback comments"),
        ),
        "Identifier",
        ("identifier", "username", "id number", "email address", "full name"),
    ),
    "canvas": Platform(
        ("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
        "ID",
        ("id", "sis user id", "sis login id", "integration id", "student"),
    ),
    "gradescope": Platform(
        (
            *("First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points", "Status"),
            *("Submission ID", "Submission Time", "Lateness (H:M:S)", "View Count", "Submission Count"),
        ),
        "SID",
        ("sid", "email", "name"),
    ),
}


def table(header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    """A CSV table."""
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _harmless(text: str) -> str:
    """A student's id; one that a spreadsheet would take for a formula is preceded by an apostrophe."""
    return f"'{text}" if re.match(r"[=+@\t\r]|-(?!\d)", text) else text


def own(graded: Sequence[Points], exercises: Sequence[str]) -> str:
    """One row per student and notebook: total, maximum, and the points of each exercise."""
    rows = [
        {
            "student": _harmless(one.student),
            "notebook": one.notebook,
            "points": str(one.total),
            "maximum": str(len(one.points)),
        }
        | {name: str(points) for name, points in one.points.items()}
        | {"comment": one.comment}
        for one in graded
    ]
    return table(["student", "notebook", "points", "maximum", *exercises, "comment"], rows)


def export(platform: str, notebook: str, graded: Sequence[Points], roster: Path | None) -> tuple[str, list[str]]:
    """The table that a platform imports for one notebook.

    Args:
        platform: a key of PLATFORMS.
        notebook: name of the notebook, and of the assignment.
        graded: its points, one per student.
        roster: the CSV that the platform exported; None if there is none.

    Returns:
        The CSV, and the students who are not in the export.

    Raises:
        CallerError: the export cannot be read, or identifies no students.
    """
    kind = PLATFORMS[platform]
    exercises = list(graded[0].points)
    if roster is None:
        header = list(kind.header)
        rows = [{kind.identifier: _identifier(platform, one.student)} for one in graded]
        places = {one.student: row for one, row in zip(graded, rows, strict=True)}
        if platform == "canvas":
            rows.insert(0, {"Student": "    Points Possible"})
    else:
        header, rows = _roster(roster)
        places = _matched(header, rows, kind, graded, roster)
    filled = [(one, places[one.student]) for one in graded if one.student in places]
    if platform == "moodle":
        _moodle(header, filled, exercises)
    elif platform == "canvas":
        _canvas(header, rows, filled, notebook, exercises)
    else:
        _gradescope(header, filled, exercises)
    return table(header, rows), [one.student for one in graded if one.student not in places]


def _identifier(platform: str, student: str) -> str:
    return f"Participant {student}" if platform == "moodle" and student.isdigit() else _harmless(student)


def _roster(path: Path) -> tuple[list[str], list[Row]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            rows = [{str(key): str(value) for key, value in row.items()} for row in reader]
            header = list(reader.fieldnames or [])
    except (OSError, ValueError, csv.Error) as error:
        raise CallerError(f"--roster {path}: it cannot be read ({error})", "give the CSV of the platform") from None
    if not header:
        raise CallerError(f"--roster {path}: the file is empty", "give the CSV that the platform exported")
    return header, rows


def _matched(
    header: Sequence[str], rows: Sequence[Row], kind: Platform, graded: Sequence[Points], path: Path
) -> dict[str, Row]:
    """The row of each student who is in an export."""
    columns = [name for name in header if name.strip().lower() in kind.identifying]
    if not columns:
        raise CallerError(f"--roster {path}: no column identifies students", f"one of: {', '.join(kind.identifying)}")
    index: dict[str, list[Row]] = {}
    for row in rows:
        for key in {_key(row[column]) for column in columns} | {_key(row[c].split("@")[0]) for c in columns}:
            index.setdefault(key, []).append(row)
    found = {one.student: index.get(_key(one.student), []) for one in graded if _key(one.student)}
    return {student: matches[0] for student, matches in found.items() if len(matches) == 1}


def _key(text: str) -> str:
    """An id as it is compared: Moodle writes `Participant 123456`."""
    return re.sub(r"^participant ", "", " ".join(text.lower().split()))


Filled = Sequence[tuple[Points, Row]]


def _column(header: list[str], name: str) -> str:
    """The column of this name in any case; it is added if it is missing."""
    for present in header:
        if present.strip().lower() == name.lower():
            return present
    header.append(name)
    return name


def _moodle(header: list[str], filled: Filled, exercises: Sequence[str]) -> None:
    grade, maximum = _column(header, "Grade"), _column(header, "Maximum Grade")
    comments = _column(header, "Feedback comments")
    for one, row in filled:
        row |= {grade: f"{one.total:.2f}", maximum: row.get(maximum) or f"{len(exercises):.2f}", comments: one.comment}


def _canvas(header: list[str], rows: list[Row], filled: Filled, notebook: str, exercises: Sequence[str]) -> None:
    # Canvas adds the number of an assignment to its name: "regression (1234)".
    present = [name for name in header if re.fullmatch(rf"{re.escape(notebook)}(?: \(\d+\))?", name.strip())]
    column = present[0] if present else _column(header, notebook)
    for row in rows:
        if row.get("Student", "").strip() == "Points Possible" and not row.get(column):
            row[column] = str(len(exercises))
    for one, row in filled:
        row[column] = str(one.total)


def _gradescope(header: list[str], filled: Filled, exercises: Sequence[str]) -> None:
    total, maximum, status = (_column(header, name) for name in ("Total Score", "Max Points", "Status"))
    columns = [_column(header, f"{n}: {name.split('.')[1]} (1.0 pts)") for n, name in enumerate(exercises, 1)]
    for one, row in filled:
        row |= {total: f"{one.total:.1f}", maximum: f"{len(exercises):.1f}", status: "Graded"}
        row |= {column: f"{points:.1f}" for column, points in zip(columns, one.points.values(), strict=True)}
