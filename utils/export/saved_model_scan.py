"""Scan a SavedModel for operations that access files, the network or Python."""

from __future__ import annotations

import re
from pathlib import Path

from utils.base.errors import CallerError

# Operations that access files, the network or Python. TensorFlow has no safe mode for loading a SavedModel.
_OUTSIDE = re.compile(
    r"File|PyFunc|Summary|Dataset|Reader|Debug|Rpc|RemoteCall|Save|Restore|Checkpoint|Print|Logging|Import|Export|Remap|DecodeProto"
)
_HARMLESS = {"ShardedFilename", "DatasetToGraphV2", "LookupTableImportV2", "LookupTableExportV2"}
# The functions with which TensorFlow saves and restores variables. Only the loader may call them.
_SAVER = re.compile(r"__inference__traced_(save|restore)_\d+")


def outside_operations(path: Path) -> set[str]:
    """The unsafe operations of a SavedModel: those that access files, the network, Python or its own saver.

    Args:
        path: folder of the SavedModel.

    Raises:
        CallerError: `saved_model.pb` is damaged.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((path / "saved_model.pb").read_bytes())
    except DecodeError as error:
        raise CallerError(f"{path}: saved_model.pb is damaged ({error})", "save the model again") from error
    found: set[str] = set()
    for meta in saved.meta_graphs:
        nodes = list(meta.graph_def.node)
        for function in meta.graph_def.library.function:
            if _SAVER.fullmatch(function.signature.name):
                continue
            nodes += function.node_def
            found |= {
                f"{node.op} of the saver"
                for node in function.node_def
                for value in node.attr.values()
                if _SAVER.fullmatch(value.func.name)
            }
        found |= {node.op for node in nodes if _OUTSIDE.search(node.op) and node.op not in _HARMLESS}
        found |= {name for name in meta.object_graph_def.concrete_functions if _SAVER.fullmatch(name)}
    return found
