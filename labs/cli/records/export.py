"""`python -m labs export`: the model of a run in other formats, each checked in a fresh process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

import labs
from labs.cli.records.evaluate import own_data
from labs.cli.records.open import opened
from utils.base import text_tables
from utils.base.atomic_files import beside, make_folder, write_json
from utils.base.config import Definition
from utils.base.console import say, say_progress, show
from utils.base.errors import CallerError, CheckError
from utils.base.keras_import import import_keras
from utils.export import extras
from utils.runs import run_folder
from utils.runs.record import Run

ALL = ",".join(extras.FILES)


@dataclass(frozen=True)
class Export:
    """Write the model of a run in other formats, and compare the predictions of each with those of the Keras model."""

    run: Positional[Path]
    """The folder of a run."""
    format: str | None = None
    """Formats, separated by commas: keras, h5, saved_model, onnx, litert; defaults to all that are possible."""
    int8: bool = False
    """Write LiteRT with integers of eight bits, too; refused if a metric leaves its interval."""
    out: Path | None = None
    """The folder for the files; defaults to exports/ in the folder of the run."""
    overwrite: bool = False
    """Replace files of an earlier export."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Write and check the formats; status 1 if a check fails, which leaves no file of that format."""
        forms = self._forms()
        run, definition = opened(self.run)
        if extras.FILES["keras"] not in run.record["files"]:
            raise CallerError(
                f"{self.run}: the lab {definition.name} saves no Keras model to export", "export a run of another lab"
            )
        forms = self._possible(forms, run, stepped=True, tokenized=True)
        out = run_folder.named(self.out or run.folder / "exports")
        self._check_free(out, forms)
        reports = self._exported(run, definition, forms, out)
        if self.json:
            show(json.dumps({"folder": str(out), "exports": reports}, indent=2))
        else:
            show(report_of(reports))
        for name, report in reports.items():
            if report["failed"]:
                raise CheckError(
                    f"{name}: {report['failed']}; {report['file']} was not kept",
                    "use another format" if self.int8 else "please report this with the versions in run.json",
                )
        say(f"exports: {out}")
        return 0

    def _exported(self, run: Run, definition: Definition, forms: Sequence[str], out: Path) -> dict[str, Any]:
        """Write and check the formats; files that fail are not kept. The reports by name of the export."""
        say_progress("load the data")
        data = own_data(run, definition)
        import_keras()
        from utils.export.exporting import export, planned

        subject = labs.find_lab(definition.name).subject(run, data)
        forms = self._possible(forms, run, stepped=subject.stepped is not None, tokenized=subject.tokenized is not None)
        items = planned(subject, forms, int8=self.int8)
        with _staged(out) as folder:
            reports = export(subject, items, folder, say_progress)
            failed = {report["file"] for report in reports.values() if report["failed"]}
            files = [file for file in {item.file: None for item in items} if file not in failed]
            passed = {name: report for name, report in reports.items() if report["file"] in files}
            if subject.vocabulary or any(item.takes_tokens(subject) and item.file in files for item in items):
                files.append(extras.VOCABULARY)
            about = {"run": run.folder.name, "lab": definition.name, "data": data.source.name}
            versions = run.record["versions"] | extras.versions()
            _publish(folder, out, files, {**about, "versions": versions, "exports": passed})
        return reports

    def _forms(self) -> list[str]:
        """The formats that were asked for, in the order of all; empty words count as an error."""
        words = [word.strip() for word in (self.format or ALL).split(",")]
        unknown = [word for word in words if word not in extras.FILES]
        if unknown:
            raise CallerError(f"--format: there is no format {unknown[0]!r}", f"choose from: {ALL}")
        if self.int8 and "litert" not in words:
            raise CallerError("--int8 concerns the format litert", "add litert to --format")
        return [form for form in extras.FILES if form in words]

    def _possible(self, forms: Sequence[str], run: Run, *, stepped: bool, tokenized: bool) -> list[str]:
        """The formats that model and machine allow; one that was asked for and is not possible is an error."""
        possible = []
        for form in forms:
            missing = extras.missing_extra(form)
            reason = extras.impossible(form, run.record, stepped=stepped, tokenized=tokenized)
            message, hint = missing or (reason, "choose other formats with --format")
            if message is None:
                possible.append(form)
            elif self.format or (self.int8 and form == "litert"):
                raise CallerError(message, hint)
            else:
                say(f"note: {message}" + (f" ({hint})" if missing else ""))
        return possible

    def _check_free(self, out: Path, forms: Sequence[str]) -> None:
        """Refuse before any work if a file exists."""
        if out.exists() and not out.is_dir():
            raise CallerError(f"--out {out}: it is not a folder", "give the name of a folder")
        names = {*(extras.FILES[form] for form in forms), *(extras.STEP_FILES.get(form, "") for form in forms)} - {""}
        names |= set(extras.PART_FILES.values()) if "onnx" in forms else set()
        names |= {extras.INT8_FILES[name] for name in names if name in extras.INT8_FILES} if self.int8 else set()
        taken = sorted(name for name in names if (out / name).exists())
        if taken and not self.overwrite:
            raise CallerError(f"{out / taken[0]}: it exists", "add --overwrite, or give another folder with --out")


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out`, which is removed at the end."""
    folder = beside(out)
    make_folder(folder, out)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(folder: Path, out: Path, files: Sequence[str], record: Mapping[str, Any]) -> None:
    """Move the files into place, one by one, and the record last; files of other formats and their reports stay."""
    out.mkdir(exist_ok=True)
    kept = {name: report for name, report in _earlier(out).items() if report["file"] not in files}
    for name in files:
        place = out / name
        if place.is_dir():
            shutil.rmtree(place)
        (folder / name).replace(place)
    write_json(out / extras.RECORD, {**record, "exports": kept | record["exports"]})


def _earlier(out: Path) -> dict[str, Any]:
    """The reports of an earlier export to the same folder, as far as its files are still there."""
    try:
        found = json.loads((out / extras.RECORD).read_text(encoding="utf-8"))["exports"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {name: report for name, report in found.items() if (out / report["file"]).exists()}


def report_of(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Two tables: size, difference, the first metric and milliseconds of each export; and its signature."""
    rows = [_row(name, report) for name, report in reports.items()]
    metric = next((next(iter(report["metrics"])) for report in reports.values() if report.get("metrics")), "metric")
    header = ["export", "kB", "difference", f"{metric} (Keras)", "ms (Keras)"]
    described = [
        [name, *map(_described, (report["signature"]["inputs"], report["signature"]["outputs"]))]
        for name, report in reports.items()
    ]
    signatures = text_tables.table(["export", "inputs", "outputs"], described, left=(1, 2))
    return f"{text_tables.table(header, rows)}\n\n{signatures}"


def _row(name: str, report: Mapping[str, Any]) -> list[str]:
    metrics = report.get("metrics", {})
    first = next(iter(metrics.values()), None)
    return [
        name,
        f"{report['bytes'] / 1000:,.0f}",
        f"{report['max_rel_diff']:.1e}" if report["max_rel_diff"] else "0",
        "–" if first is None else f"{first['value']:.4g} ({first['keras']:.4g})",
        f"{report['ms']:.2f}" + (f" ({report['ms_keras']:.2f})" if "ms_keras" in report else ""),
    ]


def _described(tensors: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {spec['dtype']} {_shape(spec['shape'])}" for name, spec in tensors.items())


def _shape(sizes: Sequence[int | None]) -> str:
    return "[" + "×".join("?" if size is None else str(size) for size in sizes) + "]"
