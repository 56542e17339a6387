"""Invalid files and folders, drawn at random, and the folder in which the commands are given."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

import labs
from benchmarks.drills.cases import Case
from utils.runs.record import digests

JUNK: list[Any] = [None, [], {}, "", "text", -1, 1e300, [[]], {"a": {}}, True]
NAMES = ["nowhere", "x" * 300, "file.txt/x", "ünïcode", "-", "a\nb", "~no-such-user/x", "empty", "file.txt"]
NAMES += [os.fsdecode(b"caf\xe9")]
"""Paths at which there is no run and no table."""
FEATURES = ["cement", "slag", "fly_ash", "water", "superplasticizer", "coarse_aggregate", "fine_aggregate", "age"]
ROW = ["540", "0", "0", "162", "2.5", "1040", "676", "28"]


# Runs


def _spoiled(random: random.Random, folder: Path) -> str:
    """Damage the copy of a run in one way."""
    record, labels = folder / "run.json", folder / "labels.json"
    read = json.loads(record.read_text())
    ways = "key type cut bytes schema lab tampered missing record config deep"
    way = random.choice(ways.split())
    needed = ["schema", "lab", "config", "data", "metrics", "units", "versions", "device", "files"]
    if way == "key":
        del read[random.choice(needed)]
    elif way == "type":
        key = random.choice(needed)
        read[key] = random.choice([junk for junk in JUNK if not isinstance(junk, type(read[key])) and junk is not True])
    elif way == "schema":
        read["schema"] = random.choice([0, 2, 99])
    elif way == "lab":
        read["lab"] = random.choice(["os", "nosuch", "", "os.path"])
    elif way == "config":
        read["config"][random.choice(["epochs", "nosuch", "units"])] = random.choice(["many", -1, []])
    if way in ("cut", "bytes", "deep"):
        text = record.read_bytes()
        spoiled = {
            "cut": text[: random.randrange(len(text) - 2)],
            "bytes": random.randbytes(random.randrange(1, 99)),
            "deep": b"[" * 100_000,
        }
        record.write_bytes(spoiled[way])
    elif way == "tampered":
        labels.write_bytes(labels.read_bytes() + b" ")
    elif way == "missing":
        labels.unlink()
    elif way == "record":
        record.unlink()
    else:
        record.write_text(json.dumps(read))
    return way


def damaged_run(random: random.Random, place: Path) -> Case:
    """A run that was damaged."""
    folder = place / f"run-{len(list(place.iterdir()))}"
    make_run(folder)
    way = _spoiled(random, folder)
    commands = [["evaluate"], ["predict"], ["compare"]] + ([["open"]] if way not in ("lab", "config") else [])
    command = random.choice([["evaluate"]] if way == "config" else commands)
    more = {"predict": ["good.csv"], "compare": ["run"]}.get(command[0], [])
    return Case(f"a damaged run ({way})", ["labs", *command, folder.name, *more])


def no_run(random: random.Random, _: Path) -> Case:
    """A path at which there is no run."""
    command, word = random.choice(["evaluate", "predict", "compare", "open", "clean"]), random.choice(NAMES)
    more = {"predict": ["good.csv"], "compare": ["run"]}.get(command, [])
    return Case("no run at the path", ["labs", command, "./" + word, *more])


def resume(random: random.Random, _: Path) -> Case:
    """Something that cannot be resumed."""
    lab = [f"labs.{random.choice(labs.NAMES)}"]
    command = random.choice([lab, ["labs", "sweep"], ["labs", "baseline", "regression", "--reason", "drill"]])
    place = random.choice(["run", "./" + random.choice([word for word in NAMES if word != "empty"])])
    return Case("nothing to resume at the path", [*command, "--resume", place])


def output(random: random.Random, _: Path) -> Case:
    """A folder for a run that cannot be used."""
    word = random.choice(["run", "file.txt", "file.txt/x", "full", "x.partial", "/", "x" * 300])
    return Case("an output folder that cannot be used", [f"labs.{random.choice(labs.NAMES)}", "--out", word])


# Files


def table(random: random.Random, place: Path) -> Case:
    """A table that is none, or has other columns or values."""
    rows = [list(FEATURES), *(list(ROW) for _ in range(random.randrange(1, 4)))]
    way = random.choice(["cell", "column", "cut", "bytes", "empty", "header", "twice", "wide", "gzip"])
    line, column = random.randrange(1, len(rows)), random.randrange(len(ROW))
    if way == "cell":
        rows[line][column] = random.choice(["", "wet", "nan", "inf", "1e300", "1;5", "--", "½", "0x10", "1 000 x"])
    elif way == "column":
        rows = [row[:column] + row[column + 1 :] for row in rows]
    elif way == "cut":
        rows[line] = rows[line][:-1]
    elif way == "twice":
        rows[0][column] = rows[0][column - 1]
    elif way == "wide":
        rows = [[*row, "1"] for row in rows[1:]]
    text = "\n".join(map(",".join, rows)).encode()
    header = rows[0] if way == "header" else FEATURES
    spoiled = {"bytes": random.randbytes(200), "empty": b"\n", "header": ",".join(header).encode()}
    text = spoiled.get(way, text)
    path = place / f"table-{len(list(place.iterdir()))}.csv{'.gz' if way == 'gzip' else ''}"
    path.write_bytes(gzip.compress(text)[:-9] if way == "gzip" else text)
    return Case(
        f"a table that is none ({way})", ["labs", "predict", "run", path.name, *random.choice([[], ["--json"]])]
    )


def no_table(random: random.Random, _: Path) -> Case:
    """A path at which there is no table, or options that do not fit the run."""
    more = random.choice([[], ["--top-k", "1"], ["--labels", "file.txt"], ["--grad-cam", "sheets"]])
    path = "good.csv" if more else "./" + random.choice(NAMES)
    return Case("no table at the path", ["labs", "predict", "run", path, *more])


def images(random: random.Random, place: Path) -> Case:
    """A folder of images that is none."""
    folder = place / f"images-{len(list(place.iterdir()))}"
    way = random.choice(["nothing", "no images", "one class", "damaged", "a file", "nowhere"])
    if way not in ("nowhere", "a file"):
        for number in range({"nothing": 0, "one class": 1}.get(way, 2)):
            (folder / f"class{number}").mkdir(parents=True)
            for image in range(3):
                content = b"text" if way == "no images" else b"\x89PNG\r\n\x1a\n" + random.randbytes(90)
                (folder / f"class{number}" / f"{image}.{'txt' if way == 'no images' else 'png'}").write_bytes(content)
        folder.mkdir(exist_ok=True)
    lab = random.choice(["pneumonia", "galaxy", "transfer", "music", "regression", "classification"])
    given = "file.txt" if way == "a file" else folder.name
    return Case(f"a folder of images that is none ({way})", [f"labs.{lab}", "--data-dir", given])


# The folder in which the commands are given


def make_run(folder: Path) -> None:
    """A run of the lab regression as its files describe it, without a model."""
    folder.mkdir()
    labels = {
        **{"features": FEATURES, "categories": {}, "trained_between": {}, "target": "compressive_strength"},
        **{"unit": "MPa", "class_names": [], "input_shape": [8], "threshold": None, "centre": 1.0},
    }
    (folder / "labels.json").write_text(json.dumps(labels))
    (folder / "report.html").write_text("<!DOCTYPE html>")
    record = {
        **{"schema": 1, "lab": "regression", "preset": "course", "config": {"seed": 7}, "versions": {}, "device": {}},
        "data": {"name": "concrete", "digest": "sha256:0", "simulated": False},
        "metrics": {"test": {"rmse": {"value": 5.0, "low": 4.0, "high": 6.0}}},
        **{"units": {"rmse": "MPa"}, "better": {"rmse": "lower"}, "files": digests(folder)},
    }
    (folder / "run.json").write_text(json.dumps(record))


def furnish(place: Path) -> None:
    """The folder in which the commands are given: a run, a table, and what is neither."""
    place.mkdir()
    make_run(place / "run")
    (place / "good.csv").write_text(",".join(FEATURES) + "\n" + ",".join(ROW) + "\n")
    (place / "file.txt").write_text("no run\n")
    (place / "empty").mkdir()
    (place / "full").mkdir()
    (place / "full" / "thesis.txt").write_text("mine")
