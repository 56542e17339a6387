"""The learning curve of a notebook: one output, replaced, with all epochs at the end."""

from __future__ import annotations

from typing import Any

import IPython.display
import pytest

from utils.teaching.live_curve import LIVE, LiveCurve


class Output:
    """What a notebook shows of one display."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.states = [data]

    def update(self, data: dict[str, Any], *, raw: bool, metadata: dict[str, Any]) -> None:
        assert raw
        assert metadata == {LIVE: True}
        self.states.append(data)


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[Output]:
    shown: list[Output] = []

    def display(data: dict[str, Any], **_: Any) -> Output:
        shown.append(Output(data))
        return shown[-1]

    monkeypatch.setattr(IPython.display, "display", display)
    return shown


def trained(curve: LiveCurve, epochs: int, pace: float) -> None:
    curve.stage("build")
    curve.stage("train")
    for epoch in range(1, epochs + 1):
        curve({"epoch": epoch, "loss": 1 / epoch, "val_loss": 2 / epoch}, epochs, pace * (epochs - epoch))
    curve.stage("")


def test_a_long_training_shows_one_output_with_all_epochs_at_the_end(outputs: list[Output]) -> None:
    trained(LiveCurve(), 30, pace=1.0)
    (output,) = outputs
    assert output.states[0]["text/plain"] == "learning curve, 1 epochs"
    assert output.states[-1]["text/plain"] == "learning curve, 30 epochs"
    assert len(output.states) < 5, "drawing takes a small part of the time"
    assert output.states[-1]["image/png"].startswith(b"\x89PNG")


def test_a_short_training_shows_nothing(outputs: list[Output]) -> None:
    trained(LiveCurve(), 30, pace=0.001)
    assert outputs == []


def test_a_single_epoch_has_no_curve(outputs: list[Output]) -> None:
    curve = LiveCurve()
    curve.stage("train")
    curve({"epoch": 1, "loss": 1.0}, 1, 60.0)
    curve.stage("")
    assert outputs == []
