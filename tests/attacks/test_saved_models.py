"""SavedModels that attack: each is refused before TensorFlow loads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.attacks.refusals import refused
from utils.export.formats import open_model
from utils.export.scans.saved_models import outside_operations


def trojan(folder: Path, act: Callable[[], Any]) -> Path:
    class Trojan(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 8), tf.float32, name="features")])
        def serve(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
            act()
            return {"y": features[:, :1]}

    module = Trojan()
    tf.saved_model.save(module, folder, signatures=module.serve)
    return folder


def write_in_a_branch(path: str) -> None:
    tf.cond(tf.random.uniform(()) < 2.0, lambda: [tf.io.write_file(path, "owned"), 1][1], lambda: 0)


def write_in_a_loop(path: str) -> None:
    tf.while_loop(lambda i: i < 1, lambda i: [i + 1, tf.io.write_file(path, "owned")][:1], [tf.constant(0)])


def read_a_checkpoint(path: str) -> None:
    to_itself = {"row_remapping": [0], "col_remapping": [0], "initializing_values": [0.0][:0]}
    tf.raw_ops.LoadAndRemapMatrix(ckpt_path=path, old_tensor_name="x", num_rows=1, num_cols=1, **to_itself)


def read_a_message_format(path: str) -> None:
    tf.raw_ops.DecodeProtoV2(
        bytes=[b""], message_type="x", field_names=["y"], output_types=[tf.int32], descriptor_source=path
    )


def write_a_message_format(path: str) -> None:
    no_fields = {"values": [tf.zeros((1, 1), tf.int32)], "field_names": ["y"], "sizes": [[0]]}
    tf.raw_ops.EncodeProto(**no_fields, message_type="x", descriptor_source=path)


ACTS: dict[str, Callable[[str], Any]] = {
    "WriteFile": lambda path: tf.io.write_file(path, "owned"),
    "WriteFile in a branch": write_in_a_branch,
    "WriteFile in a loop": write_in_a_loop,
    "ReadFile": lambda _: tf.io.read_file("/etc/passwd"),
    "MatchingFiles": lambda _: tf.io.matching_files("/etc/*"),
    "ImmutableConst": lambda path: tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name=path),
    "PrintV2": lambda path: tf.print("owned", output_stream=f"file://{path}"),
    "EagerPyFunc": lambda path: tf.py_function(lambda: Path(path).touch(), [], []),
    "LoadAndRemapMatrix": read_a_checkpoint,
    "DecodeProtoV2": read_a_message_format,
    "EncodeProto": write_a_message_format,
    "SaveV2": lambda path: tf.raw_ops.SaveV2(
        prefix=path, tensor_names=["x"], shape_and_slices=[""], tensors=[tf.zeros(1)]
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_saved_model_that_leaves_its_graph(name: str, tmp_path: Path, victim: Path) -> None:
    folder = trojan(tmp_path / "m", lambda: ACTS[name](str(victim)))
    operation = name.split()[0]
    assert outside_operations(folder) == {operation}
    with refused(operation):
        open_model(folder)


def edited(folder: Path, edit: Callable[[Any], None]) -> Path:
    """A SavedModel whose graph was edited by hand."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    edit(saved)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
    return folder


def test_an_operation_hidden_in_the_saver(tmp_path: Path, victim: Path) -> None:
    """The scan accepts that the saver, which only the loader calls, reads and writes checkpoints, and nothing else."""
    folder = trojan(tmp_path / "m", lambda: tf.io.write_file(str(victim), "owned"))

    def hide(saved: Any) -> None:
        for function in saved.meta_graphs[0].graph_def.library.function:
            if any(node.op == "WriteFile" for node in function.node_def):
                function.signature.name = "__inference__traced_restore_1"

    assert outside_operations(edited(folder, hide)) >= {"WriteFile"}
    with refused("WriteFile"):
        open_model(folder)


def test_a_call_of_the_saver(tmp_path: Path) -> None:
    def call_it(saved: Any) -> None:
        functions = saved.meta_graphs[0].graph_def.library.function
        saver = next(each for each in functions if "traced_restore" in each.signature.name)
        caller = next(each for each in functions if "traced" not in each.signature.name)
        node = caller.node_def.add(name="owned", op="Case")
        node.attr["branches"].list.func.add(name=saver.signature.name)

    with refused("Case of the saver"):
        open_model(edited(trojan(tmp_path / "m", lambda: None), call_it))


def test_a_saved_model_of_tensorflow_1(tmp_path: Path) -> None:
    """Its main graph would be run by the loader."""
    with refused("not a SavedModel of TensorFlow 2"):
        open_model(
            edited(
                trojan(tmp_path / "m", lambda: None), lambda saved: saved.meta_graphs[0].ClearField("object_graph_def")
            )
        )


def test_a_shape_bomb_in_a_saved_model(tmp_path: Path) -> None:
    def enlarge(saved: Any) -> None:
        functions = saved.meta_graphs[0].graph_def.library.function
        constant = next(node for each in functions for node in each.node_def if node.op == "Const")
        constant.attr["value"].tensor.tensor_shape.dim.add(size=10**9)

    with refused("declares .* bytes of variables and constants"):
        open_model(edited(trojan(tmp_path / "m", lambda: None), enlarge))
