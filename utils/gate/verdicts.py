"""Whether fresh seeds still reach what a band holds, and if not, what may have moved.

The mean of the fresh seeds is held in a two-sided prediction interval: a metric that is too good is as suspicious as
one that is too bad. What no seed changes (data, rows, leaks, parameters, hyperparameters) must be the same.
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
"""Chance that a verdict over all labs is red though nothing has moved, were every measure normal on its scale.

Seeds stray more often than that; that they give at most 1 % of false alarms is measured by `python -m benchmarks.gate`.
"""
UNJUDGED = frozenset({"first loss"})
"""Kept in the bands, not held: the mean over a first epoch is ruled by how a network happened to begin."""
SECONDS_FACTOR = 3.0
"""A fit may take so many times the band's seconds, both counted in turns of the fixed loop beside it."""
MEMORY_FACTOR = 1.25
"""The peak memory may be so many times the band's."""
NARROWEST = 1e-3
"""Least standard deviation of a measure on its scale: of seeds that all gave the same."""


def half_width(values: Sequence[float], fresh: int, error: float) -> float:
    """How far the mean of `fresh` further seeds may lie from the mean of `values`.

    Args:
        values: (N,) of one measure on its scale, a number a seed.
        fresh: further seeds whose mean is held against the band.
        error: chance that it lies farther though nothing has moved.

    Source:
        The prediction interval for the mean of m further observations of a normal distribution: Hahn and Meeker,
        Statistical Intervals (1991), section 4.2.
    """
    number = len(values)
    deviation = max(statistics.stdev(values), NARROWEST)
    return _quantile(1 - error / 2, number - 1) * deviation * math.sqrt(1 / fresh + 1 / number)


@cache
def _quantile(share: float, freedom: int) -> float:
    """Of Student's t; thousands of draws of the gate's own test ask for the same few."""
    from scipy.stats import t

    return float(t.ppf(share, freedom))


@dataclass(frozen=True)
class Held:
    """One measure of fresh seeds beside its band.

    Attributes:
        measure: what is held.
        mean: of the fresh seeds, taken on the measure's scale; so are the others.
        reference: mean of the band.
        low: where the mean may lie.
        high: to there.
        better: `lower` or `higher`; nothing where neither is.
    """

    measure: str
    mean: float
    reference: float
    low: float
    high: float
    better: str = ""

    @property
    def holds(self) -> bool:
        """Whether the mean lies in its interval; not a number lies nowhere."""
        return self.low <= self.mean <= self.high

    @property
    def moved(self) -> str:
        """`better`, `worse`, `moved`, or nothing where it holds."""
        if self.holds:
            return ""
        if not self.better or math.isnan(self.mean):
            return "moved"
        return "better" if (self.mean < self.low) == (self.better == "lower") else "worse"


class Difference(NamedTuple):
    """Something that no seed changes and that is no longer what the band has."""

    part: str
    name: str
    recorded: Any
    now: Any

    def __str__(self) -> str:
        """In words."""
        return f"{self.name}: {self.recorded} in the band, {self.now} now"


@dataclass(frozen=True)
class Verdict:
    """Fresh seeds of one preset beside their band.

    Attributes:
        band: that they are held against.
        seeds: of the trials.
        held: each measure.
        differences: what is no longer the same, whatever the seed.
        failed: what trials that did not end well said.
        seconds: of all fits.
    """

    band: Band
    seeds: tuple[int, ...]
    held: Sequence[Held]
    differences: Sequence[Difference]
    failed: Sequence[str]
    seconds: float

    @property
    def moved(self) -> list[Held]:
        """The measures that left their interval."""
        return [each for each in self.held if not each.holds]

    @property
    def changed(self) -> list[Difference]:
        """Differences that make the comparison void; other versions are only told."""
        return [each for each in self.differences if each.part != "versions"]

    @property
    def holds(self) -> bool:
        """Whether nothing moved."""
        return not (self.moved or self.changed or self.failed)


def verdict(band: Band, outcomes: Sequence[Outcome], error: float) -> Verdict:
    """Hold fresh seeds against their band.

    Args:
        band: what the seeds gave once.
        outcomes: of fresh seeds.
        error: chance of a false alarm of one measure.
    """
    failed = [f"seed {outcome['trial']['seed']}: {outcome['error']}" for outcome in outcomes if "error" in outcome]
    whole = [outcome for outcome in outcomes if "error" not in outcome]
    return Verdict(
        band,
        tuple(outcome["trial"]["seed"] for outcome in outcomes),
        hold(band, whole, error) if whole else (),
        differences(band, whole[0]) if whole else (),
        failed,
        sum(outcome["seconds"] for outcome in whole),
    )


def differences(band: Band, outcome: Outcome) -> list[Difference]:
    """What an outcome does not have in common with the band, though no seed changes it."""
    found = [] if outcome["data"] == band.data else [Difference("data", "data set", band.data, outcome["data"])]
    for part in ("facts", "config", "versions"):
        recorded: Mapping[str, Any] = getattr(band, part)
        for name in {**recorded, **outcome[part]}:
            pair = recorded.get(name), _plain(outcome[part].get(name))
            if pair[0] != pair[1]:
                found.append(Difference(part, name, *pair))
    return found


def _plain(value: Any) -> Any:
    """A value as it comes back from JSON and TOML."""
    return list(value) if isinstance(value, tuple) else value


def hold(band: Band, outcomes: Sequence[Outcome], error: float) -> list[Held]:
    """Each measure of fresh seeds beside its band, then seconds and memory.

    Args:
        band: what the seeds gave once.
        outcomes: of fresh seeds, none failed.
        error: chance of a false alarm of one measure.
    """
    held = []
    for name in judged(band):
        scale = scale_of(band.measures[name], band.better[name])
        known = [scale.there(value) for value in band.measures[name]]
        fresh = [scale.there(outcome["measures"].get(name, math.nan)) for outcome in outcomes]
        centre, half = statistics.mean(known), half_width(known, len(fresh), error)
        mean, low, high = statistics.mean(fresh), centre - half, centre + half
        mean, centre, low, high = map(scale.back, (mean, centre, low, high))
        held.append(Held(name, mean, centre, low, high, band.better[name]))
    turns = statistics.median(outcome["seconds"] / outcome["pace"] for outcome in outcomes)
    peak = statistics.median(outcome["peak_mb"] or 0.0 for outcome in outcomes)
    for name, value, usual, factor in (
        ("fit (turns of a fixed loop)", turns, statistics.median(band.turns), SECONDS_FACTOR),
        ("peak memory (MB)", peak, statistics.median(band.peak_mb), MEMORY_FACTOR),
    ):
        held.append(Held(name, value, usual, 0.0, usual * factor, "lower"))
    return held


def error_of_each(bands: Sequence[Band]) -> float:
    """Chance of a false alarm that each measure of all bands may have (Bonferroni)."""
    return FAMILY_ERROR / max(1, sum(len(judged(band)) for band in bands))


def judged(band: Band) -> list[str]:
    """The measures of a band that seeds are held to."""
    return [name for name in band.measures if name not in UNJUDGED]


def explain(verdict: Verdict) -> list[str]:
    """Sentences on what may have moved, the surest first; none where all holds."""
    return list(_explanations(verdict)) if not verdict.holds else []


def _explanations(verdict: Verdict) -> Iterator[str]:
    yield from verdict.failed
    names = {each.name for each in verdict.changed}
    for each in verdict.changed:
        yield f"{MEANINGS.get(each.name, 'a hyperparameter differs from the band')} ({each})"
    versions = [str(each) for each in verdict.differences if each.part == "versions"]
    if versions:
        yield f"packages differ from the band's: {'; '.join(versions)}"
    if not names and verdict.moved:
        yield pattern(verdict.moved)


MEANINGS = {
    "data set": "other data than the band's",
    "data digest": "the data set has other bytes",
    "train rows": "other rows train",
    "validation rows": "other rows choose",
    "test rows": "other rows judge",
    "duplicates across splits": "inputs of one split stand in another: a leak",
    "groups across splits": "groups have rows in more than one split: a leak",
    "majority": "the classes of the test split changed",
    "trainable parameters": "another network, or a layer that no longer trains",
}


def pattern(moved: Sequence[Held]) -> str:
    """What the measures that moved have in common, as a sentence that says where to look."""
    by_name = {each.measure: each for each in moved}
    test = [each for name, each in by_name.items() if name.startswith("test ")]
    learned = [name for name in by_name if name.startswith(("train ", "last "))]
    first = [name for name in by_name if name.startswith("first ")]
    training_loss, validation_loss = ("last loss" in by_name, "last val_loss" in by_name)
    losses = [name for name in by_name if name.endswith("loss") and not name.startswith("test ")]
    if not (test or learned or first):
        return "the numbers are the same at another price: look at what was added to the training step or the pipeline"
    if test and not learned and not first:
        return "training is as it was: look at how the test split is made and measured"
    if test and not losses:
        return "the losses are as they were: look at how predictions are measured, the order of the classes above all"
    if not test and first and training_loss and validation_loss:
        return "what was learned is the same, but the loss counts differently: look at its reduction and its weights"
    if training_loss and not validation_loss and "first val_loss" not in first:
        return (
            "the training rows look different to the network, the others do not: "
            "look at augmentation, dropout and the training labels"
        )
    if test and all(each.moved == "better" for each in test):
        return "better than any seed before: look for test rows in training before you celebrate"
    return "training itself moved: look at the learning rate, the normalisation, the labels and what is frozen"


def write_junit(path: Path, verdicts: Sequence[Verdict]) -> None:
    """The verdicts as JUnit XML: a suite a band, a case a measure and one for all that no seed changes."""
    suites = ElementTree.Element("testsuites")
    for each in verdicts:
        wrong = {held.measure: f"{held.mean:.6g} is not in {held.low:.6g} to {held.high:.6g}" for held in each.moved}
        if each.changed or each.failed:
            wrong["what no seed changes"] = "; ".join([*each.failed, *map(str, each.changed)])
        cases = [*(held.measure for held in each.held), "what no seed changes"]
        numbers = {"tests": str(len(cases)), "failures": str(len(wrong)), "time": f"{each.seconds:.1f}"}
        suite = ElementTree.SubElement(suites, "testsuite", {"name": each.band.name, **numbers})
        for name in cases:
            case = ElementTree.SubElement(suite, "testcase", classname=each.band.name, name=name)
            if name in wrong:
                ElementTree.SubElement(case, "failure", message=wrong[name]).text = " ".join(explain(each))
    with replacing(path) as temporary:
        ElementTree.ElementTree(suites).write(temporary, encoding="utf-8", xml_declaration=True)
