"""Errors of the project, as a process hands them to another."""

from __future__ import annotations

import pickle

import pytest

from utils.base.errors import CallerError, CheckError, LabsError, UnobtainableError


@pytest.mark.parametrize("kind", [LabsError, CallerError, CheckError, UnobtainableError])
def test_errors_reach_another_process(kind: type[LabsError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what is wrong", "how to correct it")))
    assert type(error) is kind
    assert (error.message, error.hint) == ("what is wrong", "how to correct it")
