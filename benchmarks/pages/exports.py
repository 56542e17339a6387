"""The table of labs and export formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.pages.results import block, recorded
from utils.base.text_tables import markdown_table, number


@block
def table() -> str:
    """One row per lab and export: metric, difference, size, latency."""
    found = recorded("exports")
    rows = [
        _row(lab, name, report) for lab, about in found["labs"].items() for name, report in about["exports"].items()
    ]
    tools = ", ".join(f"{name} {version}" for name, version in found["tools"].items())
    threads: dict[int, list[str]] = {}
    for lab, about in found["labs"].items():
        threads.setdefault(about["threads"], []).append(lab)
    often = max(threads, key=lambda number: len(threads[number]))
    others = [f"{', '.join(labs)}: {number}" for number, labs in threads.items() if number != often]
    cores = f"{often} cores" + (f" ({'; '.join(others)})" if others else "")
    return "\n".join(
        [
            f"One run of each lab with the preset `{found['preset']}`, on its default data; TensorFlow "
            f"{found['versions']['tensorflow']}, {tools}; {cores}.",
            "",
            markdown_table(["lab, format", "difference", "metric (Keras)", "kB", "ms (Keras)", ""], rows),
        ]
    )


def _row(lab: str, name: str, report: Mapping[str, Any]) -> list[str]:
    metric = "–"
    if report["metric"]:
        metric = f"{report['metric']} {number(report['value'])} ({number(report['keras'])})"
    latency = number(report["ms"]) + (f" ({number(report['ms_keras'])})" if "ms_keras" in report else "")
    difference = f"{report['max_rel_diff']:.1e}" if report["max_rel_diff"] else "0"
    if "exact_rel_diff" in report:
        difference += f"; {report['exact_rel_diff']:.1e} in float64"
    kilobytes = f"{report['bytes'] / 1000:,.0f}"
    return [f"{lab}, `{name}`", difference, metric, kilobytes, latency, "refused" if report["failed"] else ""]
