"""Records of benchmarks in `benchmarks/recorded/<name>.json`, and how the pages write them."""

from __future__ import annotations

import functools
import io
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

import labs
from labs.cli.gate.baseline import default_data
from utils.base import machine, text_tables
from utils.base.atomic_files import write_json
from utils.base.keras_import import import_keras
from utils.base.paths import ROOT
from utils.gate import bands
from utils.gate.bands import Band
from utils.metrics.baselines import ON_FROZEN_FEATURES

FOLDER = ROOT / "benchmarks" / "recorded"
COMMIT = machine.commit()
"""The commit that is measured, read at the start: a benchmark may change files before its figures are recorded."""


UNMEASURED = "not measured yet"


def measured(make: Callable[[], Any], otherwise: Any) -> Any:
    """The result of `make`, or `otherwise` if there is no record to make it from."""
    try:
        return make()
    except (FileNotFoundError, KeyError):  # no record at all, or none of this data set
        return otherwise


def block(make: Callable[[], str]) -> Callable[[], str]:
    """Mark a function that writes a block of a page; without a record, the block says "Not measured yet."."""

    @functools.wraps(make)
    def write() -> str:
        text: str = measured(make, f"{UNMEASURED.capitalize()}.")
        return text

    write.is_block = True  # type: ignore[attr-defined]
    return write


def recorded(name: str) -> dict[str, Any]:
    """The record of a benchmark.

    In the record of a lab, the test metrics, the wall time and the memory of a preset that has a band are those of the
    band, which has more seeds: a quantity has one value on all pages.
    """
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    if name in labs.NAMES:
        for band in bands.read_bands(bands.bands_folder(), name):
            known = found["data"].get(band.data, {}).get(band.preset)
            if known is not None:
                # A band has no metric that needs a file of a mirror.
                metrics = {
                    metric: quartiles(band.measures[f"test {metric}"]) if f"test {metric}" in band.measures else value
                    for metric, value in known["test"].items()
                }
                known |= {"test": metrics, "seeds": list(band.seeds), "peak_mb": band.command["peak_mb"]}
                known["wall_seconds"] = band.command["seconds"]
                known.pop("cores", None)  # the command of a band has all
    return found


OVER_SEEDS = (
    "Median with quartiles over the seeds of a [band](../../models/bands/README.md), else mean ± standard deviation"
)
"""What `spread` writes, for the pages of the labs."""


def quartiles(values: Sequence[float]) -> dict[str, float]:
    """Median and quartiles, which single seeds that fail do not move; the mean is for differences."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"mean": statistics.mean(values), "median": median, "low": low, "high": high}


def spread(value: Mapping[str, float | None], digits: int = 2) -> str:
    """A value over seeds or splits.

    Args:
        value: `quartiles`, written as in `5.13 (4.80–5.61)`; or `mean` and `std`, written as in `5.13 ± 0.85`; a `std`
            of None is that of a single run.
        digits: after the decimal point.
    """
    if "median" in value:
        return f"{value['median']:.{digits}f} ({value['low']:.{digits}f}–{value['high']:.{digits}f})"
    whole = f"{value['mean']:.{digits}f}"
    return whole if value["std"] is None else f"{whole} ± {value['std']:.{digits}f}"


def course_band(lab: str) -> Band:
    """The band of a lab's default preset on its default data.

    Raises:
        KeyError: it has none.
    """
    data = default_data(lab)
    known = bands.read_bands(bands.bands_folder(), lab)
    of_preset = {band.preset: band for band in known if data in (band.data, "auto")}
    return of_preset["course"]


def over_seeds(band: Band, measure: str, digits: int = 2) -> str:
    """Median and quartiles over the seeds of a band; see `spread`."""
    return spread(quartiles(band.measures[measure]), digits)


def course_time(lab: str) -> str:
    """Wall time of the lab's command, alone on the machine, as in `12 s`."""
    return f"{course_band(lab).command['seconds']:.0f} s"


def in_minutes(seconds: float) -> str:
    """Seconds in minutes: with one digit below ten, as in `0.2`."""
    minutes = seconds / 60
    return f"{minutes:.1f}" if minutes < 9.95 else f"{minutes:.0f}"


def wall_time(found: Mapping[str, Any]) -> str:
    """Wall time of a recorded preset, as in `12 s`; a run on one core says so, the others had two."""
    return f"{found['wall_seconds']:.0f} s" + (" on one core" if found.get("cores") == 1 else "")


def best_minutes(found: Mapping[str, Any]) -> str:
    """Wall time of a recorded preset in minutes, for the README; a run on one core says so."""
    return in_minutes(found["wall_seconds"]) + (" (one core)" if found.get("cores") == 1 else "")


METRICS = {"accuracy": "accuracy", "auc": "AUC"}
"""How a page writes the metric by which a lab is judged."""

Column = Callable[[dict[str, Any]], str]
"""From the record of one preset on one data set to the text of a cell."""


def metric(name: str, digits: int = 3) -> Column:
    """The column of a metric on the test split."""
    return lambda found: spread(found["test"][name], digits)


def logistic(found: dict[str, Any], metric: str = "accuracy") -> float:
    """The metric of logistic regression on the same rows."""
    return next(float(each[metric]) for name, each in found["baselines"].items() if name.startswith("logistic"))


def on_frozen_features(metric: str = "accuracy") -> Column:
    """The column of logistic regression on frozen features; a dash in records without this baseline."""

    def cell(found: dict[str, Any]) -> str:
        named = [each for name, each in found["baselines"].items() if name.startswith(ON_FROZEN_FEATURES)]
        return f"{named[0][metric]:.3f}" if named else "–"

    return cell


IMAGE_CLASSES: dict[str, Column] = {
    "accuracy": metric("accuracy"),
    "AUC": metric("auc"),
    "macro F1": metric("f1_macro"),
    "log loss (nat)": metric("log_loss"),
    "calibration error": metric("ece"),
}
"""The metrics of labs that classify images."""
COSTS: dict[str, Column] = {
    "parameters": lambda found: f"{found['parameters']:,}",
    "training": lambda found: f"{found['fit_seconds']:.0f} s",
    "wall time": lambda found: f"{found['wall_seconds']:.0f} s",
    "seeds": lambda found: str(len(found["seeds"])),
}


def quality_table(lab: str, titles: Mapping[str, str], columns: Mapping[str, Column]) -> str:
    """One row per data set and preset of a lab's record; `titles` describes the data sets."""
    rows = [
        [f"{titles[data]}, `{preset}`", *(column(found) for column in columns.values())]
        for data, presets in recorded(lab)["data"].items()
        for preset, found in presets.items()
    ]
    return text_tables.markdown_table(["data and preset", *columns], rows)


def course_candidates(lab: str, metric: str, title: str) -> str:
    """One row per candidate of `benchmarks.course_settings`, with the worst and the median seed of a metric."""
    found = recorded(f"course_{lab}")
    marks = {found["course"]: ", as in the course", found["chosen"]: ", chosen"}
    header = [title, "seeds", *(f"{METRICS[metric]} on {split}: worst, median" for split in ("validation", "test"))]
    rows = [
        [
            name + marks.get(name, ""),
            str(figures["seeds"]),
            *(
                f"{min(values):.3f}, {statistics.median(values):.3f}"
                for values in (figures["validation"][metric], figures["test"][metric])
            ),
        ]
        for name, figures in found["candidates"].items()
    ]
    return text_tables.markdown_table(header, rows)


def png(figure: Figure) -> bytes:
    """A figure of a page as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()


def record(name: str, figures: dict[str, Any]) -> None:
    """Write and print the figures of a benchmark, with versions, device and commit."""
    import_keras()  # quietly, for the versions and the device
    FOLDER.mkdir(exist_ok=True)
    whole = {**figures, "versions": machine.versions(), "device": machine.device(), "git": COMMIT}
    write_json(FOLDER / f"{name}.json", whole)
    print(json.dumps(figures, indent=2))
