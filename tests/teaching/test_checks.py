"""Every check accepts right answers however they are written, and refuses wrong ones with the hint they need."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from labs.exercises import NotYetError, check, exercises
from tests.exercises import Answers, Wrong, answers
from utils.base.errors import CallerError
from utils.teaching.answers import Mistake, array, number

NAMES = sorted(exercises())


def raising(*_: Any) -> Any:
    raise ZeroDivisionError("by nothing")


NEVER_RIGHT: list[Any] = [
    None,
    ...,
    "an answer",
    math.nan,
    [],
    {},
    object(),
    np.zeros((2, 3)),
    raising,
    lambda: 1,
    *(lambda *_, given=given: given for given in (None, ..., "an answer", math.nan, math.inf, [], [[1], [1, 2]])),
]


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_answers(name: str) -> None:
    known = answers(name)
    assert len(known.right) >= 3
    assert len(known.wrong) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_right_answers_are_accepted(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for answer in answers(name).right:
        check(name, answer)
    verdicts = capsys.readouterr().out
    assert verdicts.count(f"✔ {name}: right\n") == len(answers(name).right)
    assert max(map(len, verdicts.splitlines())) <= 88


@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_are_refused_with_their_hint(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for number_, (answer, hint) in enumerate(answers(name).wrong):
        with pytest.raises(NotYetError) as refused:
            check(name, answer)
        assert hint in refused.value.hint, f"wrong answer {number_} of {name}"
        assert refused.value.expected
        assert refused.value.got
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_answer_at_all(name: str) -> None:
    for answer in NEVER_RIGHT:
        with pytest.raises(NotYetError):
            check(name, answer)


def test_a_verdict_is_three_lines_and_no_traceback() -> None:
    with pytest.raises(NotYetError) as refused:
        check("regression.rmse", lambda truth, prediction: np.mean((truth - prediction) ** 2))
    (shown,) = refused.value._render_traceback_()
    assert [line.split(":")[0].strip() for line in shown.splitlines()[:4]] == ["✘ not yet", "expected", "got", "hint"]
    assert "Traceback" not in shown
    with pytest.raises(NotYetError) as refused:
        check("regression.rmse", raising)
    assert refused.value.got == "ZeroDivisionError: by nothing"


def test_an_exercise_that_is_not_there() -> None:
    with pytest.raises(CallerError, match=r"no exercise regression\.nothing"):
        check("regression.nothing", 1)


def test_numbers_and_arrays_near_the_right_one() -> None:
    mistakes = [Mistake(4.0, "halve it")]
    for given in (2, 2.00001, np.float32(2), [2.0], np.array([[2]])):
        number(given, 2.0, what="two", mistakes=mistakes, hint="look")
    for wrong, hint in ((2.01, "look"), (4, "halve it"), (2 + 0j, "look"), (True, "look"), ("2", "look"), (-2, "look")):
        with pytest.raises(NotYetError) as refused:
            number(wrong, 2.0, what="two", mistakes=mistakes, hint="look")
        assert refused.value.hint == hint
    array([[1, 2]], np.array([[1.0, 2.0]]), what="a row", hint="look")
    for values in ([1, 2], [[1], [2]], [[1, 2.01]], [[math.nan, 2]]):
        with pytest.raises(NotYetError):
            array(values, np.array([[1.0, 2.0]]), what="a row", hint="look")


def test_the_catalogue_itself_can_fail() -> None:
    """A wrong answer that is accepted, or refused with another hint, fails the check."""
    slack = Answers(right=[], wrong=[Wrong(621, "bias")])
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"), pytest.raises(NotYetError):
        check("regression.parameters", slack.wrong[0].answer)
