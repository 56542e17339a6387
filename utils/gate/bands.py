"""The reference metrics of a lab: what N seeds of one preset on one data set and one kind of device gave.

They stand in `models/bands/<lab>.toml`, which `python -m labs baseline` writes and nothing else.
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


@dataclass(frozen=True)
class Band:
    """What the seeds of one preset on one data set gave.

    Attributes:
        lab: its name.
        preset: of the trials.
        data: catalogue name of the data set.
        device: `cpu` or `gpu`.
        reason: why it was measured anew.
        date: of that, UTC.
        git: the commit that was measured.
        seeds: of the trials.
        measures: by name, a number a seed.
        better: by name, `lower` or `higher`.
        facts: by name, what every seed has in common.
        config: the hyperparameters but the seed.
        versions: of the packages that decide the numbers.
        turns: seconds of each fit, divided by those of the fixed loop beside it.
        peak_mb: of each trial's process.
        command: seconds and peak memory of the lab's own command, alone on the machine, saving included.
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
        """Lab, preset and data set, as a person reads them."""
        return f"{self.lab} {self.preset} {self.data}"


def band_of(outcomes: Sequence[Outcome], *, reason: str, date: str, command: Mapping[str, float]) -> Band:
    """The band that outcomes of trials give, all of one preset on one data set.

    Raises:
        CheckError: a trial failed, or the seeds do not have in common what no seed changes.
    """
    first = outcomes[0]
    for outcome in outcomes:
        if "error" in outcome:
            raise CheckError(f"seed {outcome['trial']['seed']}: {outcome['error']}", outcome["hint"])
        for part in ("facts", "config", "data", "versions", "device", "git"):
            if outcome[part] != first[part]:
                raise CheckError(
                    f"the seeds differ in {part}", "measure them all on one state of the code and the data"
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
    """Where the bands of a lab stand."""
    return folder / f"{lab}.toml"


def read_bands(folder: Path, lab: str) -> list[Band]:
    """The bands of a lab; none where nobody has measured them.

    Raises:
        CheckError: the file is not one of bands.
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
    """Write the bands of a lab, sorted, whole or not at all; mean and standard deviation stand beside the values."""
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
    """TOML has no null: what is None is left out."""
    if isinstance(value, Mapping):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_none(each) for each in value]
    return value
