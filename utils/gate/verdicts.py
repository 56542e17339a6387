"""Compare the measures of new seeds with a band, and explain what may have caused a difference.

The mean over the new seeds must lie in a two-sided prediction interval: a metric that is too good is as suspicious as
one that is too bad. Facts that do not depend on the seed (data, rows, leaks, parameters) and the hyperparameters must
be the same.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from utils.base.atomic_files import replacing
from utils.gate.bands import Band
from utils.gate.scales import scale_of
from utils.gate.trial import Outcome

FAMILY_ERROR = 0.005
"""Probability of a false alarm in a verdict over all labs, if every measure were normal on its scale.

The measures have heavier tails. `python -m benchmarks.gate` measures the actual rate, which must be at most 1%.
"""
NOT_COMPARED = frozenset({"first loss"})
"""Measures that are recorded but not compared: the loss of the first epoch depends mostly on the initial weights."""
SECONDS_FACTOR = 3.0
"""Largest allowed ratio of the duration of a fit to that of the band, both as multiples of the fixed loop."""
MEMORY_FACTOR = 1.25
"""Largest allowed ratio of the peak memory to that of the band."""
SMALLEST_STD = 1e-3
"""Lower limit of the standard deviation of a measure on its scale, for seeds that all gave the same value."""


def half_width(values: Sequence[float], fresh: int, error: float) -> float:
    """Half the width of the prediction interval for the mean over new seeds.

    Args:
        values: (N,) values of one measure on its scale, one per seed of the band.
        fresh: number of new seeds.
        error: probability that the mean lies outside the interval although nothing has changed.

    Source:
        The prediction interval for the mean of m further observations of a normal distribution: Hahn and Meeker,
        Statistical Intervals (1991), section 4.2.
    """
    number = len(values)
    deviation = max(statistics.stdev(values), SMALLEST_STD)
    return _quantile(1 - error / 2, number - 1) * deviation * math.sqrt(1 / fresh + 1 / number)


@cache
def _quantile(share: float, freedom: int) -> float:
    """Quantile of Student's t distribution; cached, because `benchmarks.gate` computes the same few very often."""
    from scipy.stats import t

    return float(t.ppf(share, freedom))


@dataclass(frozen=True)
class Comparison:
    """One measure of the new seeds, compared with the band.

    Attributes:
        measure: name of the measure.
        mean: mean over the new seeds, computed on the scale of the measure; so are the other values.
        reference: mean of the band.
        low: lower end of the interval in which the mean must lie.
        high: upper end of that interval.
        better: `lower` or `higher`; empty if neither is better.
    """

    measure: str
    mean: float
    reference: float
    low: float
    high: float
    better: str = ""

    @property
    def holds(self) -> bool:
        """Whether the mean lies in the interval; False for NaN."""
        return self.low <= self.mean <= self.high

    @property
    def moved(self) -> str:
        """`better`, `worse` or `moved`; empty if the mean lies in the interval."""
        if self.holds:
            return ""
        if not self.better or math.isnan(self.mean):
            return "moved"
        return "better" if (self.mean < self.low) == (self.better == "lower") else "worse"


class Difference(NamedTuple):
    """A fact, hyperparameter or version that differs from the band."""

    part: str
    name: str
    recorded: Any
    now: Any

    def __str__(self) -> str:
        """The difference as a phrase."""
        return f"{self.name}: {self.recorded} in the band, {self.now} now"


@dataclass(frozen=True)
class Verdict:
    """The comparison of the new seeds of one preset with their band.

    Attributes:
        band: the band.
        seeds: seeds of the trials.
        held: one comparison per measure.
        differences: facts, hyperparameters and versions that differ from the band.
        failed: error messages of failed trials.
        seconds: total duration of all fits.
    """

    band: Band
    seeds: tuple[int, ...]
    held: Sequence[Comparison]
    differences: Sequence[Difference]
    failed: Sequence[str]
    seconds: float

    @property
    def moved(self) -> list[Comparison]:
        """The measures outside their interval."""
        return [each for each in self.held if not each.holds]

    @property
    def changed(self) -> list[Difference]:
        """The differences that invalidate the comparison: all but those of package versions."""
        return [each for each in self.differences if each.part != "versions"]

    @property
    def holds(self) -> bool:
        """Whether no measure moved, no fact or hyperparameter changed and no trial failed."""
        return not (self.moved or self.changed or self.failed)


def verdict(band: Band, outcomes: Sequence[Outcome], error: float) -> Verdict:
    """Compare new seeds with their band.

    Args:
        band: the band.
        outcomes: one per new seed.
        error: probability of a false alarm per measure.
    """
    failed = [f"seed {outcome['trial']['seed']}: {outcome['error']}" for outcome in outcomes if "error" in outcome]
    whole = [outcome for outcome in outcomes if "error" not in outcome]
    return Verdict(
        band,
        tuple(outcome["trial"]["seed"] for outcome in outcomes),
        compare(band, whole, error) if whole else (),
        differences(band, whole[0]) if whole else (),
        failed,
        sum(outcome["seconds"] for outcome in whole),
    )


def differences(band: Band, outcome: Outcome) -> list[Difference]:
    """The facts, hyperparameters and versions of an outcome that differ from the band."""
    found = [] if outcome["data"] == band.data else [Difference("data", "data set", band.data, outcome["data"])]
    for part in ("facts", "config", "versions"):
        recorded: Mapping[str, Any] = getattr(band, part)
        for name in {**recorded, **outcome[part]}:
            pair = recorded.get(name), _plain(outcome[part].get(name))
            if pair[0] != pair[1]:
                found.append(Difference(part, name, *pair))
    return found


def _plain(value: Any) -> Any:
    """A tuple as a list, which is what JSON and TOML return."""
    return list(value) if isinstance(value, tuple) else value


def compare(band: Band, outcomes: Sequence[Outcome], error: float) -> list[Comparison]:
    """Compare each measure of the new seeds with the band, then the duration of the fit and the peak memory.

    Args:
        band: the band.
        outcomes: one per new seed, none of them failed.
        error: probability of a false alarm per measure.
    """
    compared = []
    for name in compared_measures(band):
        scale = scale_of(band.measures[name], band.better[name])
        known = [scale.forward(value) for value in band.measures[name]]
        fresh = [scale.forward(outcome["measures"].get(name, math.nan)) for outcome in outcomes]
        centre, half = statistics.mean(known), half_width(known, len(fresh), error)
        mean, low, high = statistics.mean(fresh), centre - half, centre + half
        mean, centre, low, high = map(scale.inverse, (mean, centre, low, high))
        compared.append(Comparison(name, mean, centre, low, high, band.better[name]))
    turns = statistics.median(outcome["seconds"] / outcome["pace"] for outcome in outcomes)
    peak = statistics.median(outcome["peak_mb"] or 0.0 for outcome in outcomes)
    for name, value, usual, factor in (
        ("fit (turns of a fixed loop)", turns, statistics.median(band.turns), SECONDS_FACTOR),
        ("peak memory (MB)", peak, statistics.median(band.peak_mb), MEMORY_FACTOR),
    ):
        compared.append(Comparison(name, value, usual, 0.0, usual * factor, "lower"))
    return compared


def error_of_each(bands: Sequence[Band]) -> float:
    """Allowed probability of a false alarm per measure, given all bands (Bonferroni correction)."""
    return FAMILY_ERROR / max(1, sum(len(compared_measures(band)) for band in bands))


def compared_measures(band: Band) -> list[str]:
    """The measures of a band that new seeds are compared with."""
    return [name for name in band.measures if name not in NOT_COMPARED]


def explain(verdict: Verdict) -> list[str]:
    """Sentences on the possible causes of a failed verdict, most certain first; empty if the verdict holds."""
    return list(_explanations(verdict)) if not verdict.holds else []


def _explanations(verdict: Verdict) -> Iterator[str]:
    yield from verdict.failed
    names = {each.name for each in verdict.changed}
    for each in verdict.changed:
        yield f"{MEANINGS.get(each.name, 'a hyperparameter changed')} ({each})"
    versions = [str(each) for each in verdict.differences if each.part == "versions"]
    if versions:
        yield f"package versions differ from the band: {'; '.join(versions)}"
    if not names and verdict.moved:
        yield pattern(verdict.moved)


MEANINGS = {
    "data set": "the data set is not that of the band",
    "data digest": "the content of the data set changed",
    "train rows": "the size of the training split changed",
    "validation rows": "the size of the validation split changed",
    "test rows": "the size of the test split changed",
    "duplicates across splits": "data leakage: the same inputs are in more than one split",
    "groups across splits": "data leakage: the same group is in more than one split",
    "majority": "the class distribution of the test split changed",
    "trainable parameters": "the number of trainable parameters changed: another network or a frozen layer",
}


def pattern(moved: Sequence[Comparison]) -> str:
    """A sentence on the most probable cause, from which measures moved and which did not."""
    by_name = {each.measure: each for each in moved}
    test = [each for name, each in by_name.items() if name.startswith("test ")]
    learned = [name for name in by_name if name.startswith(("train ", "last "))]
    first = [name for name in by_name if name.startswith("first ")]
    training_loss, validation_loss = ("last loss" in by_name, "last val_loss" in by_name)
    losses = [name for name in by_name if name.endswith("loss") and not name.startswith("test ")]
    if not (test or learned or first):
        return (
            "only the duration or the memory changed: check what was added to the training step or the input pipeline"
        )
    if test and not learned and not first:
        return "only the test metrics moved: check how the test split is made and evaluated"
    if test and not losses:
        return "the metrics moved but the losses did not: check how metrics are computed and the order of the classes"
    if not test and first and training_loss and validation_loss:
        return "the losses moved but the test metrics did not: check the reduction and the weights of the loss"
    if training_loss and not validation_loss and "first val_loss" not in first:
        return (
            "the training loss moved but the validation loss did not: "
            "check augmentation, dropout and the training labels"
        )
    if test and all(each.moved == "better" for each in test):
        return "all test metrics that moved are better: check whether test rows are in the training split"
    return "training moved: check the learning rate, the normalization, the labels and frozen layers"


def write_junit(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write the verdicts as JUnit XML.

    There is one suite per band, with one case per measure and one for the facts and the hyperparameters.
    """
    suites = ElementTree.Element("testsuites")
    for each in verdicts:
        wrong = {one.measure: f"{one.mean:.6g} is not between {one.low:.6g} and {one.high:.6g}" for one in each.moved}
        if each.changed or each.failed:
            wrong["facts and hyperparameters"] = "; ".join([*each.failed, *map(str, each.changed)])
        cases = [*(one.measure for one in each.held), "facts and hyperparameters"]
        numbers = {"tests": str(len(cases)), "failures": str(len(wrong)), "time": f"{each.seconds:.1f}"}
        suite = ElementTree.SubElement(suites, "testsuite", {"name": each.band.name, **numbers})
        for name in cases:
            case = ElementTree.SubElement(suite, "testcase", classname=each.band.name, name=name)
            if name in wrong:
                ElementTree.SubElement(case, "failure", message=wrong[name]).text = " ".join(explain(each))
    with replacing(path) as temporary:
        ElementTree.ElementTree(suites).write(temporary, encoding="utf-8", xml_declaration=True)
