"""A lab that is not supervised: an agent learns the arms of a bandit in NumPy, episode by episode."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic.dataclasses import dataclass

from labs.cli.main import run_lab
from utils.base.atomic_files import write_json
from utils.base.config import STRICT, BaseConfig, Count, Definition, Rate
from utils.datasets.splits import Source
from utils.metrics.metric import Measured, Metric, score
from utils.runs import predictions
from utils.runs.lab import Lab, Request
from utils.runs.record import LABELS, Run
from utils.training.results import Report

TITLE = "A bandit with five arms"
PRESETS: dict[str, dict[str, Any]] = {"course": {}, "quick": {"episodes": 50}}
MEANS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def mean_reward(truth: Any, rewards: Any) -> float:
    """Mean reward of the test episodes, (episodes,) each."""
    return float(np.mean(rewards))


METRICS = {"reward": Metric(mean_reward, "higher")}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(BaseConfig):
    """The hyperparameters."""

    episodes: Count = 200
    """Number of training episodes."""
    epsilon: Rate = 0.1
    """Probability of a random arm."""


class Bandit:
    """The environment."""

    source = Source("bandit", "simulated", "sha256:bandit", simulated=True)


def load(config: Config) -> Bandit:
    """The bandit."""
    return Bandit()


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Any:
    """Numbers of arms, one per line."""
    return np.concatenate([np.loadtxt(path, dtype="int64", ndmin=1) for path in paths])


class BanditLab(Lab):
    """An ε-greedy agent."""

    definition = Definition.of(sys.modules[__name__])
    metrics = METRICS
    load = staticmethod(load)
    read = staticmethod(read)

    def run(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        """Learn the value of each arm."""
        config, start = request.config, time.perf_counter()
        random = np.random.default_rng(config.seed)
        values, pulls = np.zeros(len(MEANS)), np.zeros(len(MEANS))
        for _ in range(config.episodes):
            arm = random.integers(len(MEANS)) if random.random() < config.epsilon else int(values.argmax())
            pulls[arm] += 1
            values[arm] += (float(random.random() < MEANS[arm]) - values[arm]) / pulls[arm]
        report({"epoch": 1, "reward": float(values.max())}, 1, 0.0)
        np.savez(folder / "values.npz", values=values)
        labels = {"features": [], "categories": {}, "trained_between": {}, "target": "value", "unit": ""}
        write_json(folder / LABELS, labels | {"class_names": [], "input_shape": [], "centre": 1.0})
        tested = _tested(values)
        predictions.save(folder, tested)
        seconds = time.perf_counter() - start
        return {
            "data": {"test_digest": "sha256:300 episodes of the generator with seed 0"},
            "metrics": {"test": score(METRICS, tested.truth, tested.prediction)},
            "units": {"reward": ""},
            "seconds": {"fit": seconds, "total": seconds},
        }

    def measured(self, run: Run, data: Any) -> Measured:
        """The test episodes of the saved agent."""
        return _tested(_values(run))

    def predict(self, run: Run, inputs: Any) -> Any:
        """The values of arms."""
        return _values(run)[inputs]


def _tested(values: Any) -> Measured:
    rewards = (np.random.default_rng(0).random(300) < MEANS[int(values.argmax())]).astype(float)
    return Measured(np.zeros(300), rewards)


def _values(run: Run) -> Any:
    with np.load(run.folder / "values.npz", allow_pickle=False) as arrays:
        return arrays["values"]


lab = BanditLab()
if __name__ == "__main__":
    run_lab("tests.templates.episodes")
