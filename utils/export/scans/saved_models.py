"""Scan a SavedModel before it is loaded: TensorFlow has no safe mode, and an operation can access files or the network.

An operation is allowed if TensorFlow knows it, and it has no state and no name of the list below. Of the operations
with a state, through which nearly all access to the world goes, only those of models are allowed: variables, control
flow, lookup tables, random numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from utils.base.errors import CallerError

# Operations without a state that still access files, the network, Python or other programs.
_OUTSIDE = re.compile(
    r"File|PyFunc|Summary|Dataset|Reader|Debug|Rpc|Remote|Save|Restore|Checkpoint|Print|Logging|Import|Export|Remap"
    r"|codeProto|ImmutableConst|CustomCall|Launch|Host|^Xla|TPU|Tpu|^_|Address"
)
_MODELS = re.compile(
    r"VarHandleOp|VarIsInitializedOp|ReadVariableOp|Assign(Add|Sub)?VariableOp|VariableShape|DisableCopyOnRead"
    r"|Resource(Gather|GatherNd|Scatter\w+|StridedSliceAssign|CountUpTo)"
    r"|StatefulPartitionedCall|If|While|Case|Assert|CheckNumerics(V2)?|GuaranteeConst|Empty|DeviceIndex"
    r"|(Anonymous|Mutable|AnonymousMutable)?(Dense)?HashTable(OfTensors)?(V2)?|InitializeTableV2"
    r"|LookupTable(Find|Insert|Remove|Size|Import|Export)V2"
    r"|TensorArray\w*|Stack(Push|Pop|Close)?V2"
    r"|Random(Uniform|UniformInt|StandardNormal|Shuffle|Gamma|PoissonV2)|TruncatedNormal|Multinomial"
    r"|Stateful(Uniform|UniformInt|UniformFullInt|StandardNormal|StandardNormalV2|TruncatedNormal|RandomBinomial)"
    r"|Rng(Skip|ReadAndSkip)|StatelessRandomGetAlg|NonDeterministicInts|CudnnRNN(V2|V3)?"
)
"""The operations with a state that models have."""
# The functions with which TensorFlow saves and restores variables. Only the loader may call them.
_SAVER = re.compile(r"__inference__traced_(save|restore)_\d+")
_SAVES = {"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"}

LARGEST = 2_000_000_000
"""Size limit of `saved_model.pb` in bytes: that of a protocol buffer."""
UNSUSPICIOUS = 256_000_000
"""Memory in bytes that constants and variables may need beyond four times the size of the files."""


def check(path: Path) -> None:
    """Refuse a SavedModel that is not safe to load.

    Args:
        path: folder of the SavedModel.

    Raises:
        CallerError: it is damaged, contains unsafe operations, or needs far more memory than its files have.
    """
    graph = _graph(path)
    unsafe = _unsafe(graph)
    if unsafe:
        raise CallerError(
            f"{path}: the SavedModel is not opened, because it contains unsafe operations"
            f" ({', '.join(sorted(unsafe))})",
            "give a model that was saved by a lab",
        )
    stored = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    declared = _declared_bytes(graph)
    if declared > 4 * stored + UNSUSPICIOUS:
        raise CallerError(
            f"{path}: the SavedModel is not opened, because it declares {declared:,} bytes of variables and constants"
            f" in {stored:,} bytes of files",
            "give a model that was saved by a lab",
        )


def outside_operations(path: Path) -> set[str]:
    """The unsafe operations of a SavedModel: those that access files, the network, Python or its own saver.

    Args:
        path: folder of the SavedModel.

    Raises:
        CallerError: `saved_model.pb` is damaged or too large, or of TensorFlow 1.
    """
    return _unsafe(_graph(path))


def _graph(path: Path) -> Any:
    """The graph of a SavedModel, a `MetaGraphDef`."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    saved, file = saved_model_pb2.SavedModel(), path / "saved_model.pb"
    if file.stat().st_size > LARGEST:
        raise CallerError(f"{path}: saved_model.pb has more than {LARGEST:,} bytes", "save the model again")
    try:
        saved.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise CallerError(f"{path}: saved_model.pb is damaged ({error})", "save the model again") from error
    # The loader runs the main graph of any other kind, and its saver.
    if len(saved.meta_graphs) != 1 or not saved.meta_graphs[0].HasField("object_graph_def"):
        raise CallerError(f"{path}: this is not a SavedModel of TensorFlow 2", "save the model again")
    return saved.meta_graphs[0]


def _unsafe(graph: Any) -> set[str]:
    found = {node.op for node in graph.graph_def.node if not _is_safe(node.op)}
    for function in graph.graph_def.library.function:
        operations = {node.op for node in function.node_def}
        if _SAVER.fullmatch(function.signature.name):
            operations -= _SAVES
        elif any(_SAVER.fullmatch(name) for name in _called(function.node_def)):
            found |= {
                f"{node.op} of the saver" for node in function.node_def if any(map(_SAVER.match, _called([node])))
            }
        found |= {name for name in operations if not _is_safe(name)}
    return found | {name for name in graph.object_graph_def.concrete_functions if _SAVER.fullmatch(name)}


def _called(nodes: Iterable[Any]) -> Iterator[str]:
    """The names of the functions that nodes call."""
    for node in nodes:
        for value in node.attr.values():
            yield value.func.name
            yield from (function.name for function in value.list.func)


def _is_safe(operation: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    about = op_def_registry.get(operation)
    if about is None:
        return False
    return bool(_MODELS.fullmatch(operation) if about.is_stateful else not _OUTSIDE.search(operation))


def _declared_bytes(graph: Any) -> int:
    """The memory that the constants and the variables of a graph need according to their shapes."""
    import tensorflow as tf

    nodes = [*graph.graph_def.node, *(node for each in graph.graph_def.library.function for node in each.node_def)]
    constants = [node.attr["value"].tensor for node in nodes if node.op == "Const"]
    variables = [node.variable for node in graph.object_graph_def.nodes if node.HasField("variable")]
    described = [(each.tensor_shape, each.dtype) for each in constants] + [
        (each.shape, each.dtype) for each in variables
    ]
    return sum(
        math.prod(max(0, axis.size) for axis in shape.dim) * (tf.dtypes.as_dtype(dtype).size or 1)
        for shape, dtype in described
    )
