"""A scan of a SavedModel for operations that reach outside its graph."""

from __future__ import annotations

import re
from pathlib import Path

from utils.base.errors import CallerError

# Operations through which a graph reaches files, the network or Python; a SavedModel has no safe mode of its own.
_OUTSIDE = re.compile(
    r"File|PyFunc|Summary|Dataset|Reader|Debug|Rpc|RemoteCall|Save|Restore|Checkpoint|Print|Logging|Import|Export|Remap|DecodeProto"
)
_HARMLESS = {"ShardedFilename", "DatasetToGraphV2", "LookupTableImportV2", "LookupTableExportV2"}
# TensorFlow's own saver; the loader takes variables through it, and nothing else may call it.
_SAVER = re.compile(r"__inference__traced_(save|restore)_\d+")


def outside_operations(path: Path) -> set[str]:
    """The operations of a SavedModel through which it could reach files, Python or its own saver.

    Raises:
        CallerError: the file is not a SavedModel.
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
