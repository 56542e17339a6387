"""Exports: what each format can represent, what the conversions keep, and what fails a check."""

from __future__ import annotations

import ast
import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import labs
from benchmarks.exports import REFUSED
from labs.cli.records.export import _publish, report_of
from tests.cli.test_records import made
from tests.conftest import PARALLEL, Command, Ended, QuickRun, called
from tests.test_house import imports
from utils.base.errors import CallerError
from utils.datasets.splits import Split
from utils.export import checks, exporting, extras, reading
from utils.export.checks import outside, softmax
from utils.export.exporting import Item, planned
from utils.export.extras import FILES, impossible, limit
from utils.export.formats import save_model, save_saved_model
from utils.export.image_bytes import SERVE_IMAGES, image_endpoint, on_canvas
from utils.export.litert import to_litert
from utils.export.onnx import to_onnx
from utils.export.predictor import predictor
from utils.export.scans.saved_models import outside_operations
from utils.export.subject import Subject
from utils.images.decode import Mode, read_picture
from utils.metrics.metric import Metric, score
from utils.metrics.regression import rmse
from utils.runs.record import digests
from utils.text.generating.stepping import Stepped
from utils.training.results import predictions

RANDOM = np.random.default_rng(0)


def table_model(seed: int = 1) -> keras.Model:
    """Four columns of different scales, normalised with statistics that are constants of the graph."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4,), name="features")
    values = keras.layers.Normalization(mean=[0.0, 5.0, 90.0, 1e3], variance=[1.0, 4.0, 400.0, 1e5])(inputs)
    hidden = keras.layers.Dense(16, activation="relu")(values)
    return keras.Model(inputs, keras.layers.Dense(1, name="strength")(hidden), name="table")


def rows(number: int = 40) -> Any:
    return (RANDOM.normal(size=(number, 4)) * [1, 2, 20, 300] + [0, 5, 90, 1e3]).astype("float32")


def subject(model: keras.Model, **changes: Any) -> Subject:
    inputs = rows()
    truth = predictor(model).predict(inputs) + 0.1
    metrics = {"rmse": Metric(rmse, "lower")}
    recorded = score(metrics, truth, predictor(model).predict(inputs))
    facts: dict[str, Any] = {"measure": predictions, "metrics": metrics, "recorded": recorded} | changes
    return Subject(model=model, test=Split(inputs, truth), training=Split(rows(), truth), **facts)


def test_the_fresh_process_needs_nothing_of_this_project() -> None:
    source = Path(reading.__file__).read_text(encoding="utf-8")
    assert not {name.split(".")[0] for name in imports(source)} & {"labs", "utils"}
    assert ast.get_docstring(ast.parse(source))


def test_statistics_of_a_normalization_are_no_inputs_of_onnx(tmp_path: Path) -> None:
    model, inputs = table_model(), rows(33)
    save_saved_model(model, tmp_path / "m")
    loaded = tf.saved_model.load(tmp_path / "m")
    (tmp_path / "m.onnx").write_bytes(to_onnx(loaded.signatures["serving_default"], "table"))
    opened = reading.open_onnx(str(tmp_path / "m.onnx"), "")
    assert opened.signature == {
        "inputs": {"features": {"dtype": "float32", "shape": [None, 4]}},
        "outputs": {"strength": {"dtype": "float32", "shape": [None, 1]}},
    }
    expected = model(inputs).numpy()
    for size in (1, 33):
        found = reading.in_batches(opened.call, {"features": inputs}, size)["strength"]
        np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


class Gradient(tf.Module):
    """tf2onnx leaves its operation unconverted, without an error."""

    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
    def serve(self, x: Any) -> dict[str, Any]:
        return {"y": tf.raw_ops.ReluGrad(gradients=x, features=x)}


class Text(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="x")])
    def serve(self, x: Any) -> dict[str, Any]:
        return {"y": tf.strings.length(tf.strings.lower(x))}


def test_an_operation_that_a_format_lacks_is_named(tmp_path: Path) -> None:
    for module in (Gradient(), Text()):
        tf.saved_model.save(module, tmp_path / type(module).__name__, signatures=module.serve)
    loaded = tf.saved_model.load(tmp_path / "Gradient")
    with pytest.raises(CallerError, match="onnx cannot represent this model: it has no operator for ReluGrad"):
        to_onnx(loaded.signatures["serving_default"], "gradient")
    with pytest.raises(CallerError, match=r"litert cannot represent this model: .*StringLower"):
        to_litert(tmp_path / "Text")


def record(*layers: str, dtype: str = "float32") -> dict[str, Any]:
    signature = {"inputs": {"x": {"dtype": dtype, "shape": [None, 1]}}, "outputs": {}}
    return {"layers": [{"kind": kind} for kind in layers], "parity": {"keras": {"signature": signature}}}


def test_what_a_format_cannot_represent_follows_from_the_record() -> None:
    text, strings, recurrent = record("TextVectorization", "Dense"), record(dtype="string"), record("LSTM", "Dense")
    for form in ("onnx", "litert"):
        assert "TextVectorization" in str(impossible(form, text, stepped=False, tokenized=False))
        assert "is a string" in str(impossible(form, strings, stepped=False, tokenized=False))
        assert impossible(form, record("Dense"), stepped=False, tokenized=False) is None
        assert "levels of a column (IntegerLookup)" in str(
            impossible(form, record("IntegerLookup"), stepped=False, tokenized=False)
        )
    assert "LSTM" in str(impossible("litert", recurrent, stepped=False, tokenized=False))
    assert impossible("litert", recurrent, stepped=True, tokenized=False) is None
    assert impossible("onnx", recurrent, stepped=False, tokenized=False) is None
    assert {impossible(form, text, stepped=False, tokenized=False) for form in ("keras", "h5", "saved_model")} == {None}
    assert impossible("onnx", {"parity": {}}, stepped=False, tokenized=False) is None  # of an earlier version


def test_limits() -> None:
    assert limit("keras", ["LSTM"]) == limit("saved_model", ["Dense"]) == 1e-7
    assert limit("onnx", ["Dense"]) == limit("litert", ["Conv2D"] * 2) == 1e-6
    assert limit("onnx", ["LSTM"]) == limit("litert", ["Conv2D"] * 7) == limit("onnx", ["MultiHeadAttention"]) == 5e-6


def test_a_metric_is_outside_its_interval_only_where_it_is_worse() -> None:
    interval = {"value": 5.0, "low": 4.0, "high": 6.0}
    assert [outside(value, interval, "lower") for value in (3.0, 6.0, 6.1, float("nan"))] == [False, False, True, True]
    assert [outside(value, interval, "higher") for value in (3.9, 4.0, 7.0)] == [True, False, False]
    undefined = dict.fromkeys(interval, float("nan"))
    assert not outside(float("nan"), undefined, "higher")


def test_stepwise_passes_the_states_on() -> None:
    def call(arrays: dict[str, Any]) -> dict[str, Any]:
        total = arrays["sum"] + arrays["token"][:, None]
        return {"logits": total * 2, "sum_next": total}

    facts = {"token": "token", "logits": "logits", "states": {"sum": [1]}, "after": "_next"}
    found = reading.stepwise(call, np.array([[1, 2, 3], [4, 0, 0]]), facts)
    assert found[..., 0].tolist() == [[2, 6, 12], [8, 8, 8]]
    np.testing.assert_allclose(softmax(np.array([[1e3, 1e3]])), [[0.5, 0.5]])


def test_a_network_whose_own_rounding_is_large_is_compared_in_float64() -> None:
    model, inputs = table_model(), {"features": rows(33)}
    expected = checks.exact(model, inputs)
    assert expected is not None
    assert expected["strength"].dtype == np.float64
    assert keras.config.floatx() == "float32"
    absolute, relative = checks.differences([({"strength": model(inputs["features"]).numpy()}, expected)])
    assert 0 < relative < 1e-6
    assert relative == pytest.approx(absolute / np.abs(expected["strength"]).max())
    checker = object.__new__(checks.Checker)
    checker.subject, checker._compared = subject(model), inputs
    judged = {"limit": 1e-6, "failed": "its predictions differ"}
    found = checker._judged_exactly(judged, expected)
    assert (found["failed"], found["exact_rel_diff"]) == ("", 0.0)
    wrong = {"strength": expected["strength"] * 1.00001}
    assert checker._judged_exactly(judged, wrong)["failed"] == "its predictions differ"


def test_calls_take_turns() -> None:
    turns: list[str] = []
    found = reading.milliseconds({name: partial(turns.append, name) for name in "ab"}, 0.0)
    assert set(found) == {"a", "b"}
    rounds = [turns[start : start + 2] for start in range(0, len(turns), 2)]
    assert [sorted(each) for each in rounds] == [["a", "b"]] * 6  # once to warm up, then the least number of times
    assert ["b", "a"] in rounds


# ---- images -------------------------------------------------------------------------------------------------------


def image_model(channels: int, side: int = 20) -> keras.Model:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((side, side, channels), dtype="uint8", name="pictures")
    values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="kind")(values))


def encoded(pixels: Any, form: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, quality=80)
    return file.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize(("channels", "mode"), [(1, "grey"), (3, "rgb")])
def test_encoded_images_are_decoded_as_predict_does(form: str, channels: int, mode: Mode, tmp_path: Path) -> None:
    """Colour files for a grey model and the reverse, too; both formats in one batch."""
    model = image_model(channels)
    endpoint = image_endpoint(model)
    assert endpoint is not None
    files, expected = [], []
    for shape in ((20, 20, 3), (20, 20)):
        files.append(encoded(RANDOM.integers(0, 256, shape, "uint8"), form))
        (tmp_path / "image").write_bytes(files[-1])
        expected.append(read_picture(tmp_path / "image", (20, 20), mode))
    found = endpoint.function(tf.constant(files))["kind"]
    np.testing.assert_allclose(found, model(np.stack(expected)), atol=1e-7)


def test_a_centre_is_cut_and_other_sizes_are_resized(tmp_path: Path) -> None:
    model, pixels = image_model(1), RANDOM.integers(0, 256, (20, 20, 1), "uint8")
    for centre in (0.5, 0.37, 1.0):
        canvas = on_canvas(pixels, centre)
        endpoint = image_endpoint(model, centre)
        assert endpoint is not None
        found = endpoint.function(tf.constant([encoded(canvas[..., 0], "PNG")]))["kind"]
        np.testing.assert_allclose(found, model(pixels[None]), atol=1e-7)
    smooth = np.tile(np.linspace(0, 255, 64).astype("uint8"), (48, 1))
    (tmp_path / "image").write_bytes(encoded(smooth, "PNG"))
    endpoint = image_endpoint(model)
    assert endpoint is not None
    resized = read_picture(tmp_path / "image", (20, 20), "grey")
    found = endpoint.function(tf.constant([encoded(smooth, "PNG")]))["kind"]
    np.testing.assert_allclose(found, model(np.asarray(resized)[None]), atol=0.02)


def test_the_signature_for_images_is_safe_to_open_and_others_have_none(tmp_path: Path) -> None:
    model = image_model(3)
    endpoint = image_endpoint(model)
    assert endpoint is not None
    save_saved_model(model, tmp_path / "m", {SERVE_IMAGES: endpoint})
    assert outside_operations(tmp_path / "m") == set()
    assert image_endpoint(table_model()) is None


# ---- sequences ----------------------------------------------------------------------------------------------------


def counter() -> Stepped:
    """Counts 0, 1, 2, 0, … and ends with 2."""
    return Stepped(lambda tokens, states: (20 * tf.one_hot((tokens + 1) % 3, 3), states), {"s": (1,)}, end=2)


def test_generate_is_a_signature(tmp_path: Path) -> None:
    stepped = counter()
    save_model(table_model(), tmp_path, stepped.endpoints())
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    options = {"temperature": tf.constant(1.0), "top_k": tf.constant(0), "top_p": tf.constant(1.0)}
    prompt = tf.constant([[0, -1, -1, -1, -1], [1, 0, 1, 0, -1]])
    found = loaded.signatures["generate"](prompt=prompt, seed=tf.constant(1, tf.int64), **options)["tokens"]
    assert found.numpy().tolist() == [[0, 1, 2, 2, 2], [1, 0, 1, 0, 1]]
    step = loaded.signatures["step"](token=tf.constant([0]), s=tf.zeros((1, 1)))
    assert set(step) == {"logits", "s_after"}


def test_what_is_planned() -> None:
    whole = subject(table_model())
    assert [item.name for item in planned(whole, list(FILES), int8=True)] == [*FILES, "litert-int8"]
    by_steps = subject(table_model(), stepped=counter(), endpoints=counter().endpoints())
    names = [item.name for item in planned(by_steps, list(FILES), int8=True)]
    assert names[2:5] == ["saved_model", "saved_model/step", "saved_model/generate"]
    assert names[5:] == ["onnx", "onnx/step", "litert/step", "litert-int8/step"]


# ---- the command --------------------------------------------------------------------------------------------------


def run_of(folder: Path, **changes: Any) -> Path:
    """A run of the regression lab, as its record describes it."""
    made(folder)
    (folder / "model.keras").write_bytes(b"a model")
    written = json.loads((folder / "run.json").read_text()) | record("Dense") | {"units": {}}
    (folder / "run.json").write_text(json.dumps(written | {"files": digests(folder)} | changes))
    return folder


def test_mistakes_are_reported_before_any_work(command: Command, tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", parity=record(dtype="string")["parity"])
    for words, message in (
        (("--format", "h5,tensorrt"), "--format: there is no format 'tensorrt'"),
        (("--format", "onnx,"), "--format: there is no format ''"),
        (("--format", "h5", "--int8"), "--int8 concerns the format litert"),
        (("--format", "litert"), "litert cannot represent this model: its input x is a string"),
        (("--int8",), "litert cannot represent this model"),
    ):
        ended = command("labs", "export", run, *words)
        assert (ended.status, ended.out) == (2, "")
        assert f"error: {message}" in ended.err
        assert "hint: " in ended.err
    (run / "exports").mkdir()
    (run / "exports" / "model.h5").write_bytes(b"mine")
    ended = command("labs", "export", run, "--format", "h5")
    assert "model.h5: it exists" in ended.err
    assert (run / "exports" / "model.h5").read_bytes() == b"mine"
    assert command("labs", "export", run, "--out", run / "run.json").status == 2


def test_a_missing_extra_and_a_run_without_a_model(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(tmp_path / "run")
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    ended = command("labs", "export", run, "--format", "onnx")
    assert "error: the format onnx needs onnx, onnxruntime, tf2onnx\nhint: pip install '.[onnx]'" in ended.err
    (run / "run.json").write_text(json.dumps(json.loads((run / "run.json").read_text()) | {"files": {}}))
    ended = command("labs", "export", run)
    assert (ended.status, ended.out) == (2, "")
    assert "saves no Keras model to export" in ended.err


def test_files_of_other_formats_and_their_reports_stay(tmp_path: Path) -> None:
    out = tmp_path / "exports"
    for number, names in enumerate((["model.h5", "saved_model"], ["saved_model", "model.onnx"])):
        folder = tmp_path / f"staged-{number}"
        (folder / "saved_model").mkdir(parents=True)
        (folder / "saved_model" / f"{number}.pb").write_bytes(b"")
        for name in names:
            if name != "saved_model":
                (folder / name).write_bytes(b"")
        _publish(folder, out, names, {"exports": {name: {"file": name, "at": number} for name in names}})
    assert [path.name for path in (out / "saved_model").iterdir()] == ["1.pb"]
    found = json.loads((out / "exports.json").read_text())["exports"]
    assert {name: report["at"] for name, report in found.items()} == {"model.h5": 0, "saved_model": 1, "model.onnx": 1}


def test_the_report_fits_sixty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    tensors = {"pictures": {"dtype": "uint8", "shape": [None, 224, 224, 3]}}
    report = {
        "bytes": 19_465_000,
        "max_rel_diff": 5e-7,
        "metrics": {"accuracy": {"value": 0.7642, "keras": 0.7642}},
        **{"ms": 12.86, "ms_keras": 17.92, "signature": {"inputs": tensors, "outputs": tensors}},
    }
    text = report_of({"saved_model/serve_images": report, "onnx": report | {"metrics": {}}})
    assert max(map(len, text.splitlines())) <= 60
    assert "0.7642 (0.7642)" in text


@pytest.mark.slow
def test_a_format_that_predicts_something_else_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ONNX file of another model, and integers that leave the interval of the metric."""
    model = table_model()
    narrow = {"rmse": {"value": 0.1, "low": 0.0999, "high": 0.1001}}
    save_saved_model(table_model(seed=2), tmp_path / "other")
    other = tf.saved_model.load(tmp_path / "other")
    monkeypatch.setattr(exporting, "to_onnx", lambda _, name: to_onnx(other.signatures["serving_default"], name))
    (tmp_path / "out").mkdir()
    items = [Item("keras", "model.keras"), Item("onnx", "model.onnx"), Item("litert", "model.int8.tflite", int8=True)]
    monkeypatch.setattr(checks, "TIMED_SECONDS", 0.0)
    reports = exporting.export(subject(model, recorded=narrow), items, tmp_path / "out")
    assert {name: bool(report["failed"]) for name, report in reports.items()} == {
        "keras": False,
        "onnx": True,
        "litert-int8": True,
    }
    assert reports["keras"]["max_rel_diff"] == 0
    assert "its predictions differ by" in reports["onnx"]["failed"]
    assert "outside its interval [0.0999, 0.1001]" in reports["litert-int8"]["failed"]


@pytest.mark.slow
def test_a_failed_check_has_status_1_and_leaves_no_file(
    quick_run: QuickRun, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = exporting.export

    def spoiled(*arguments: Any) -> Any:
        reports = real(*arguments)
        reports["h5"]["failed"] = "its predictions differ"
        return reports

    monkeypatch.setattr(exporting, "export", spoiled)
    run, _ = quick_run("regression")
    ended = command("labs", "export", run, "--out", "out", "--format", "keras,h5", LABS_MIRROR="")
    assert ended.status == 1
    assert "error: h5: its predictions differ; model.h5 was not kept" in ended.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["exports.json", "model.keras"]
    assert sorted(json.loads((tmp_path / "out" / "exports.json").read_text())["exports"]) == ["keras"]
    assert not list(tmp_path.glob(".out.*"))


# ---- each lab in each format --------------------------------------------------------------------------------------

CELLS = [
    pytest.param(lab, form, marks=pytest.mark.xdist_group(f"exports-{lab}"))
    for lab in labs.finished()
    for form in (*FILES, "litert-int8")
    if (lab, form) != ("transfer", "litert-int8")  # all test images take half a minute; benchmarks.exports has it
    and not form.startswith(REFUSED.get(lab, ("none",)))
]


@pytest.fixture
def exported(
    quick_run: QuickRun,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Any:
    """`exported("galaxy")`: the exports of its quick run, written once, and what the command printed."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if PARALLEL else base) / "exports"

    def export(name: str) -> tuple[Path, Ended]:
        shared.mkdir(exist_ok=True)
        printed = shared / f"{name}.json"
        if not printed.is_file():
            run, _ = quick_run(name)
            monkeypatch.setenv("LABS_MIRROR", "")
            monkeypatch.setattr(checks, "TIMED_SECONDS", 0.1)
            int8 = [] if name == "transfer" or "litert" in REFUSED.get(name, ()) else ["--int8"]
            ended = called(capfd, "labs", "export", run, "--out", shared / name, "--json", *int8)
            printed.write_text(json.dumps(vars(ended)))
        return shared / name, Ended(**json.loads(printed.read_text()))

    return export


@pytest.mark.slow
@pytest.mark.parametrize(("lab", "form"), CELLS)
def test_each_lab_in_each_format(lab: str, form: str, exported: Any) -> None:
    folder, ended = exported(lab)
    assert ended.status in (0, 1), ended.err
    found = {name: report for name, report in ended.json["exports"].items() if name.split("/")[0] == form}
    assert found
    kept = json.loads((folder / "exports.json").read_text())["exports"]
    for name, report in found.items():
        if report["limit"] is None:  # integers of eight bits, which a metric may refuse
            assert (name in kept) == (not report["failed"]) == (folder / report["file"]).exists()
            continue
        assert not report["failed"], report["failed"]
        assert report["max_rel_diff"] <= report["limit"]
        assert report["rows"] >= 2
        assert 0 < report["ms"] < 1000
        for metric in report.get("metrics", {}).values():
            assert metric["value"] == pytest.approx(metric["keras"], rel=1e-5, abs=1e-6, nan_ok=True)
        assert kept[name]["sha256"] == report["sha256"]
