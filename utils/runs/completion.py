"""Completing a run of any lab: the record with its facts, the card, the digests, the name."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Any

from utils.base import config, machine
from utils.base.atomic_files import write_json
from utils.base.config import BaseConfig, Definition
from utils.base.paths import printable
from utils.datasets import catalog
from utils.datasets.splits import Source
from utils.runs.card import model_card
from utils.runs.lab import Lab, Request
from utils.runs.record import REPORT, SCHEMA, Run, digests
from utils.runs.report.page import report_page
from utils.runs.run_folder import RECORD, RunFolder

DEFAULTS: dict[str, Any] = {
    "baselines": {},
    "audit": {},
    "classes": [],
    "threshold": None,
    "details": {},
    "remarks": [],
    "parity": {},
    "warnings": [],
}
"""What a record contains where a lab has nothing to say."""


def complete(lab: Lab, request: Request, part: dict[str, Any], folder: RunFolder) -> Run:
    """Write `run.json` and the card of a run whose files are in the partial folder, and rename the folder.

    Args:
        lab: whose run it is.
        request: what it was asked for.
        part: what `Lab.run` returned.
        folder: begun, with the lab's files.

    Raises:
        CallerError: the name was taken in the meantime.
    """
    source: Source = request.data.source
    record = {
        "schema": SCHEMA,
        "lab": lab.name,
        "title": lab.title,
        "caution": lab.caution,
        "preset": request.preset,
        "command": command_of(lab.definition, request.preset, request.config),
        "seed": request.config.seed,
        "config": config.to_json(request.config),
        **DEFAULTS,
        **part,
        "data": {
            "name": source.name,
            "found": source.found,
            "simulated": source.simulated,
            "kind": source.kind,
            "digest": source.digest,
            "rows": {},
            **part["data"],
        },
        "about": _about(source),
        "better": {name: metric.better for name, metric in lab.metrics_on(source.name).items()},
        "peak_mb": machine.peak_megabytes(),
        "versions": machine.versions(),
        "device": machine.device(),
        "git": machine.commit(),
        "finished": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    card = model_card(record, lab.title, record["about"], lab.caution)
    (folder.partial / "README.md").write_text(printable(card), encoding="utf-8")
    page = report_page(record, folder.partial, folder.path)
    (folder.partial / REPORT).write_text(printable(page), encoding="utf-8")
    record["files"] = digests(folder.partial)
    write_json(folder.partial / RECORD, record)
    folder.finish()
    return Run(folder.path, record)


def command_of(definition: Definition, preset: str, settings: BaseConfig) -> str:
    """The command that repeats a run: the preset, and every option that differs from it."""
    words = [*definition.program.split(), "--preset", preset]
    usual = definition.preset(preset, settings.data, folder=settings.data_dir is not None)
    defaults = config.to_json(usual) | {"data": BaseConfig.data}
    for name, value in config.to_json(settings).items():
        option = name.replace("_", "-")
        if isinstance(value, bool) and value != defaults[name]:
            words.append(f"--{option}" if value else f"--no-{option}")
        elif value != defaults[name]:
            words += [f"--{option}", *map(str, value if isinstance(value, tuple) else [value])]
    return shlex.join(words)


def _about(source: Source) -> dict[str, str]:
    facts = ("title", "licence", "citation", "homepage")
    entry = catalog.catalogue().get(source.name)
    if entry is None:
        return {
            "title": f"your folder {source.name}" if source.found == "your folder" else source.name,
            **dict.fromkeys(facts[1:], ""),
        }
    return {name: getattr(entry, name) for name in facts}
