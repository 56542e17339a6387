"""Every check accepts right answers however they are written, and refuses wrong ones with the hint they need."""

from __future__ import annotations

import importlib
import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import labs.exercises
from labs.exercises import (
    MODULES,
    WITHOUT_LAB,
    NotYetError,
    check,
    exercises,
    hint,
    judged,
    notebooks_of,
    recorded,
    solution,
    variants,
)
from tests.exercises import Answers, Wrong, answers
from utils.base.errors import CallerError
from utils.teaching.answers import Mistake, array, number, shown, value_of
from utils.teaching.variants import FOLDER_RECORD

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
    for number_, (answer, words) in enumerate(answers(name).wrong):
        with pytest.raises(NotYetError) as refused:
            check(name, answer)
        assert words in refused.value.hint, f"wrong answer {number_} of {name}"
        assert refused.value.expected
        assert refused.value.got
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_answer_at_all(name: str) -> None:
    for answer in NEVER_RIGHT:
        with pytest.raises(NotYetError):
            check(name, answer)


@pytest.fixture(autouse=True)
def _no_attempt_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labs.exercises, "_attempted", set())
    monkeypatch.setattr(labs.exercises, "_solved", set())


def refusal(name: str, answer: Any) -> str:
    """The lines that a notebook shows for a wrong answer."""
    with pytest.raises(NotYetError) as refused:
        check(name, answer)
    (lines,) = refused.value._render_traceback_()
    return lines


def test_a_result_shows_inputs_expectation_answer_and_hint_without_a_traceback() -> None:
    lines = refusal("regression.rmse", lambda truth, prediction: np.mean((truth - prediction) ** 2))
    first = [line.split(":")[0].strip() for line in lines.splitlines() if ":" in line[:12]]
    assert first == ["inputs", "expected", "got", "hint", "more"]
    assert "rmse(truth=[30. , 42.5, 55. , 18. ], prediction=[33. , 40.5, 49. , 18. ])" in " ".join(lines.split())
    assert lines.splitlines()[0] == "✘ not yet"
    assert "Traceback" not in lines
    assert max(map(len, lines.splitlines())) <= 88
    assert "inputs:" not in refusal("regression.parameters", 1)


def test_an_exception_is_shown_with_its_line_in_the_students_code() -> None:
    with pytest.raises(NotYetError) as refused:
        check("regression.rmse", raising)
    line = raising.__code__.co_firstlineno + 1
    assert refused.value.got == (f'ZeroDivisionError: by nothing (line {line}: raise ZeroDivisionError("by nothing"))')
    with pytest.raises(NotYetError) as refused:  # the student's line, not that of NumPy
        check("regression.rmse", lambda truth, prediction: np.linalg.inv(truth + prediction))
    assert "test_checks" not in refused.value.got
    assert "check(" in refused.value.got
    with pytest.raises(NotYetError) as refused:
        check("regression.rmse", lambda truth: truth)
    assert "positional argument" in refused.value.got


def test_a_truncated_array_ends_with_an_ellipsis() -> None:
    assert shown(np.arange(9.0)) == "an array of shape (9,): [0. 1. 2. 3. …]"
    assert shown(np.arange(4.0)) == "an array of shape (4,): [0. 1. 2. 3.]"
    assert value_of(np.arange(3)) == "[0, 1, 2]"
    assert value_of(np.zeros((100, 2))).endswith(" …]")
    assert value_of("x" * 500).endswith("…")


def test_progress_counts_the_exercises_that_are_solved_now(capsys: pytest.CaptureFixture[str]) -> None:
    right = {name: answers(name).right[0] for name in NAMES if name.startswith("regression.")}
    for number_, (name, answer) in enumerate(right.items(), 1):
        check(name, answer)
        assert capsys.readouterr().out.endswith(f"  {number_} of 4 solved\n")
    assert refusal("regression.parameters", 1).endswith("3 of 4 solved")
    assert refusal("galaxy.flat", 1).endswith("0 of 4 solved")


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_has_a_second_hint(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    hint(name)
    said = capsys.readouterr().out
    assert said.startswith("  hint:")
    for wrong in answers(name).wrong:
        with pytest.raises(NotYetError) as refused:
            check(name, wrong.answer)
        assert refused.value.hint not in " ".join(said.split()), "it says no more than the first one"


def test_hints_and_variants_belong_to_exercises() -> None:
    for module in map(importlib.import_module, MODULES.values()):
        assert set(module.HINTS) == set(module.EXERCISES)
        assert set(getattr(module, "VARIANTS", {})) <= set(module.EXERCISES)


@pytest.mark.parametrize("name", [name for name in NAMES if name in recorded()])
def test_a_solution_is_shown_after_an_attempt_and_is_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    solution(name)
    refusal(name, ...)
    solution(name)
    assert capsys.readouterr().out.count("Try it first") == 2
    assert f'solution("{name}")' in refusal(name, answers(name).wrong[0].answer)
    solution(name)
    code = capsys.readouterr().out
    names: dict[str, Any] = {"np": np, "keras": keras, "layers": keras.layers, "tf": tf}
    exec(code, names)
    check(name, names[recorded()[name]["answer"]])


@pytest.mark.parametrize("name", [name for name in NAMES if variants(name)])
def test_students_get_numbers_of_their_own(name: str) -> None:
    differing = variants(name)
    assert differing is not None
    exercise = name.split(".")[1]
    judge = exercises()[name]
    names = [str(number_) for number_ in range(200)]
    numbers = {tuple(differing.of(name, student).values()) for student in names}
    assert len(numbers) >= 8
    assert differing.of(name, " Ada ") == differing.of(name, "ada")
    assert not differing.of(name, "")
    for student in names:
        told = differing.told(name, student)
        assert all(str(value) in told for value in differing.of(name, student).values())
        with pytest.raises(NotYetError) as refused:  # the text's answer
            judged(name, answers(name).right[0], student)
        assert refused.value.expected
        judge(right(exercise, differing.of(name, student)), **differing.of(name, student))


def right(exercise: str, numbers: dict[str, int]) -> float:
    """Each numeric exercise solved with other numbers, independently of its judge."""
    match numbers:
        case {"inputs": inputs, "width": width}:
            return sum((before + 1) * after for before, after in [(inputs, width), (width, width), (width, 1)])
        case {"words": words, "width": width}:
            return words * width
        case {"perplexity": perplexity, "length": length}:
            return float(np.log2(perplexity) / length)
        case {"length": length}:
            return float(np.sqrt(length))
        case {"width": width, "heads": _}:
            return 4 * width * width
        case {"per_million": per_million, "threshold": threshold}:
            return float(np.sqrt(threshold / per_million))
        case {"tokens": tokens, "units": units}:
            return 2 * units * tokens
        case {"units": units, "classes": classes}:
            return 785 * units + (units + 1) * classes
        case {"filters": filters, "size": size, "channels": channels}:
            return filters * (size * size * channels + 1)
        case {"n": n, "m": m}:
            return 4 * n * (n + m + 1)
        case {"features": features, "classes": classes}:
            return (features + 1) * classes
        case {"width": side}:
            for kernel in (3, 2, 3, 2):
                side = (side - kernel) // 2 + 1
            return 8 * side**2
    raise AssertionError(exercise)


def test_the_folder_of_a_student_names_them(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check("galaxy.flat", 392)
    differing = variants("galaxy.flat")
    assert differing is not None
    (tmp_path / FOLDER_RECORD).write_text('{"student": "ada"}')
    check("galaxy.flat", right("flat", differing.of("galaxy.flat", "ada")))
    refusal("galaxy.flat", 392)
    for damaged in ("[]", "{", '{"student": 3}'):
        (tmp_path / FOLDER_RECORD).write_text(damaged)
        check("galaxy.flat", 392)


def test_an_exercise_that_is_not_there() -> None:
    with pytest.raises(CallerError, match=r"no exercise regression\.nothing"):
        check("regression.nothing", 1)


def test_numbers_and_arrays_near_the_right_one() -> None:
    mistakes = [Mistake(4.0, "halve it")]
    for given in (2, 2.00001, np.float32(2), [2.0], np.array([[2]])):
        number(given, 2.0, what="two", mistakes=mistakes, hint="look")
    for wrong, words in (
        (2.01, "look"),
        (4, "halve it"),
        (2 + 0j, "look"),
        (True, "look"),
        ("2", "look"),
        (-2, "look"),
    ):
        with pytest.raises(NotYetError) as refused:
            number(wrong, 2.0, what="two", mistakes=mistakes, hint="look")
        assert refused.value.hint == words
    array([[1, 2]], np.array([[1.0, 2.0]]), what="a row", hint="look")
    for values in ([1, 2], [[1], [2]], [[1, 2.01]], [[math.nan, 2]]):
        with pytest.raises(NotYetError):
            array(values, np.array([[1.0, 2.0]]), what="a row", hint="look")


def test_the_catalogue_itself_can_fail() -> None:
    """A wrong answer that is accepted, or refused with another hint, fails the check."""
    slack = Answers(right=[], wrong=[Wrong(621, "bias")])
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"), pytest.raises(NotYetError):
        check("regression.parameters", slack.wrong[0].answer)


def test_a_lab_may_have_several_notebooks() -> None:
    assert notebooks_of("music") == ["music"]
    assert sorted(notebooks_of("foundations")) == ["foundations_learning", "foundations_neuron"]
    assert MODULES["foundations_neuron"] == "labs.foundations.exercises.neuron"
    assert notebooks_of("exercises") == [*WITHOUT_LAB]
