"""Bands: the reference metrics of a lab, measured over several seeds of one preset, data set and kind of device.

They are stored in `models/bands/<lab>.toml`. Only `python -m labs baseline` writes these files.
"""

from __future__ import annotations

import statistics
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from utils.base.atomic_files import replacing
from utils.base.errors import CheckError
from utils.base.paths import BANDS
from utils.gate.trial import Outcome

FEWEST_SEEDS = 20
"""Smallest number of seeds of a band."""


@dataclass(frozen=True)
class Band:
    """The results of several seeds with one preset, data set and kind of device.

    Attributes:
        lab: name of the lab.
        preset: name of the preset.
        data: name of the data set in the catalogue.
        device: `cpu` or `gpu`.
        reason: why the band was measured.
        date: UTC date of the measurement.
        git: commit that was measured.
        seeds: one per trial.
        measures: by name, one number per seed.
        better: by name of a measure, `lower` or `higher`.
        facts: by name, properties of the data and the network that do not depend on the seed.
        config: hyperparameters, without the seed.
        versions: versions of the packages that influence the metrics.
        turns: duration of each fit, as a multiple of the duration of a fixed loop on the same machine.
        peak_mb: peak memory of the process of each trial.
        command: seconds and peak memory of the lab's command, export included, without other load on the machine.
    """

    lab: str
    preset: str
    data: str
    device: str
    reason: str
    date: str
    git: str
    seeds: tuple[int, ...]
    measures: Mapping[str, tuple[float, ...]]
    better: Mapping[str, str]
    facts: Mapping[str, Any]
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    turns: tuple[float, ...]
    peak_mb: tuple[float, ...]
    command: Mapping[str, float]

    @property
    def name(self) -> str:
        """Lab, preset and data set, separated by spaces."""
        return f"{self.lab} {self.preset} {self.data}"


def band_of(outcomes: Sequence[Outcome], *, reason: str, date: str, command: Mapping[str, float]) -> Band:
    """Build a band from the outcomes of trials of one preset on one data set.

    Args:
        outcomes: one per seed.
        reason: see `Band`, also for the rest.
        date: see `Band`.
        command: see `Band`.

    Raises:
        CheckError: a trial failed, or the trials differ in something that must not depend on the seed.
    """
    first = outcomes[0]
    for outcome in outcomes:
        if "error" in outcome:
            raise CheckError(f"seed {outcome['trial']['seed']}: {outcome['error']}", outcome["hint"])
        for part in ("facts", "config", "data", "versions", "device", "git"):
            if outcome[part] != first[part]:
                raise CheckError(
                    f"the seeds differ in {part}", "run all seeds with the same code, packages, data and device"
                )
    return Band(
        lab=first["lab"],
        preset=first["trial"]["preset"],
        data=first["data"],
        device=first["device"],
        reason=reason,
        date=date,
        git=first["git"] or "",
        seeds=tuple(outcome["trial"]["seed"] for outcome in outcomes),
        measures={name: tuple(outcome["measures"][name] for outcome in outcomes) for name in first["measures"]},
        better=first["better"],
        facts=first["facts"],
        config=first["config"],
        versions=first["versions"],
        turns=tuple(outcome["seconds"] / outcome["pace"] for outcome in outcomes),
        peak_mb=tuple(outcome["peak_mb"] or 0.0 for outcome in outcomes),
        command=command,
    )


def bands_folder() -> Path:
    """The folder of the bands: `models/bands/` of a checkout, or its copy inside the wheel."""
    return BANDS


def bands_file(folder: Path, lab: str) -> Path:
    """The file with the bands of a lab."""
    return folder / f"{lab}.toml"


def read_bands(folder: Path, lab: str) -> list[Band]:
    """Read the bands of a lab.

    Returns:
        The bands; an empty list if the file does not exist.

    Raises:
        CheckError: the file is damaged.
    """
    path = bands_file(folder, lab)
    if not path.is_file():
        return []
    try:
        records = tomllib.loads(path.read_text(encoding="utf-8"))["band"]
        return [_band(record) for record in records]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckError(f"{path} is damaged ({error})", "restore it: git checkout models/bands") from error


def _band(record: dict[str, Any]) -> Band:
    measures = {name: tuple(measure["values"]) for name, measure in record["measures"].items()}
    better = {name: measure["better"] for name, measure in record["measures"].items()}
    lists = {name: tuple(record[name]) for name in ("seeds", "turns", "peak_mb")}
    return Band(**{**record, **lists, "measures": measures, "better": better})


def write_bands(folder: Path, lab: str, bands: Sequence[Band]) -> None:
    """Write the bands of a lab, sorted, in one atomic step.

    The mean and the standard deviation are written next to the values, for readers of the file.
    """
    import tomlkit

    records = []
    for band in sorted(bands, key=lambda band: (band.data, band.preset, band.device)):
        record = asdict(band)
        del record["better"]
        record["measures"] = {
            name: {
                "mean": statistics.mean(values),
                "std": statistics.stdev(values),
                "better": band.better[name],
                "values": list(values),
            }
            for name, values in band.measures.items()
        }
        records.append(_without_none(record))
    head = f"# Written by `python -m labs baseline {lab}`, and by nothing else.\n\n"
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(bands_file(folder, lab)) as temporary:
        temporary.write_text(head + tomlkit.dumps({"band": records}), encoding="utf-8")


def _without_none(value: Any) -> Any:
    """Leave out None, because TOML has no null."""
    if isinstance(value, Mapping):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_none(each) for each in value]
    return value
