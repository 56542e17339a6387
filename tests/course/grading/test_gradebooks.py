"""The tables that learning platforms import."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from labs.course.grading.gradebooks import Points, export, own
from utils.base.errors import CallerError

GRADED = [
    Points("1234", "regression", {"regression.rmse": 1, "regression.parameters": 0}, "1 of 2; not yet: parameters"),
    Points("77", "regression", {"regression.rmse": 1, "regression.parameters": 1}, "2 of 2"),
]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_our_own_table() -> None:
    found = rows(own([*GRADED, Points("=cmd()", "regression", {"regression.rmse": 0})], list(GRADED[0].points)))
    assert found[0] | {"student": "1234", "points": "1", "maximum": "2", "regression.parameters": "0"} == found[0]
    assert found[2]["student"] == "'=cmd()"


def test_without_an_export_the_platforms_own_columns_are_written() -> None:
    text, missing = export("moodle", "regression", GRADED, None)
    assert text.splitlines()[0] == (
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
        "Last modified (submission),Last modified (grade),Feedback comments"
    )
    assert rows(text)[0]["Identifier"] == "Participant 1234"
    assert [(row["Grade"], row["Maximum Grade"]) for row in rows(text)] == [("1.00", "2.00"), ("2.00", "2.00")]
    text, missing = export("canvas", "regression", GRADED, None)
    assert text.splitlines()[:3] == [
        "Student,ID,SIS User ID,SIS Login ID,Section,regression",
        "    Points Possible,,,,,2",
        ",1234,,,,1",
    ]
    text, missing = export("gradescope", "regression", GRADED, None)
    assert text.splitlines()[0] == (
        "First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID,Submission Time,"
        "Lateness (H:M:S),View Count,Submission Count,1: rmse (1.0 pts),2: parameters (1.0 pts)"
    )
    assert rows(text)[0]["Total Score"] == "1.0"
    assert missing == []


@pytest.mark.parametrize(
    ("platform", "exported", "filled"),
    [
        (
            "moodle",
            "\ufeffIdentifier,Full name,Email address,Status,Group,Grade,Maximum grade,Grade can be changed,"
            "Feedback comments\r\nParticipant 1234,Ada,ada@x.org,Submitted,A,,10.00,Yes,\r\n"
            "Participant 9,Eve,eve@x.org,,A,,10.00,Yes,\r\n",
            [
                "Participant 1234,Ada,ada@x.org,Submitted,A,1.00,10.00,Yes,1 of 2; not yet: parameters",
                "Participant 9,Eve,eve@x.org,,A,,10.00,Yes,",
            ],
        ),
        (
            "canvas",
            "Student,ID,SIS User ID,SIS Login ID,Section,regression (55),Final\r\n"
            '"    Points Possible",,,,,4,(read only)\r\n"Byron, Ada",1234,s1,ada,A,,\r\n',
            ["    Points Possible,,,,,4,(read only)", '"Byron, Ada",1234,s1,ada,A,1,'],
        ),
        (
            "gradescope",
            "First Name,Last Name,SID,Email,Total Score,Max Points,Status\r\nAda,Byron,1,1234@x.org,,,Missing\r\n",
            ["Ada,Byron,1,1234@x.org,1.0,2.0,Graded,1.0,0.0"],
        ),
    ],
)
def test_an_export_keeps_its_rows_and_columns(platform: str, exported: str, filled: list[str], tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(exported, encoding="utf-8", newline="")
    text, missing = export(platform, "regression", GRADED, path)
    assert text.splitlines()[0].startswith(exported.splitlines()[0].lstrip("\ufeff"))
    assert text.splitlines()[1:] == filled
    assert missing == ["77"]


def test_exports_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    for text, message in (("", "the file is empty"), ("a,b\n1,2\n", "no column identifies students")):
        path.write_text(text)
        with pytest.raises(CallerError, match=message):
            export("canvas", "regression", GRADED, path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CallerError, match="cannot be read"):
        export("canvas", "regression", GRADED, path)
    path.write_text("Student,ID\nAda,1234\nAda,1234\n")  # twice: nobody is guessed
    assert export("canvas", "regression", GRADED, path)[1] == ["1234", "77"]
