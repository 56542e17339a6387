"""Convert a signature of a SavedModel to ONNX, with tf2onnx."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from utils.base.errors import CallerError

OPSET = 17
"""The version of the operators."""


def to_onnx(function: Any, name: str) -> bytes:
    """Convert a signature of a loaded SavedModel; names stay, and so does the axis of rows, of any length.

    tf2onnx's own conversion of a function makes constants that the function captured (the statistics of a
    `Normalization` layer) inputs of the model. The graph is therefore frozen first.

    Args:
        function: `loaded.signatures[…]`. No output may have the name of an input.
        name: of the graph.

    Returns:
        The contents of the file.

    Raises:
        CallerError: ONNX has no operator for an operation of the model.
    """
    import tf2onnx
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)
    inputs = [tensor.name for tensor in frozen.inputs]
    outputs = [tensor.name for tensor in frozen.outputs]
    with _quiet("tf2onnx", "tensorflow"):
        model, _ = tf2onnx.convert.from_graph_def(
            frozen.graph.as_graph_def(add_shapes=True),
            name=name,
            input_names=inputs,
            output_names=outputs,
            opset=OPSET,
        )
    missing = sorted({f"{node.domain}.{node.op_type}".strip(".") for node in _nodes(model.graph) if not _known(node)})
    if missing:
        raise CallerError(
            f"onnx cannot represent this model: it has no operator for {', '.join(missing)}",
            "choose another format with --format",
        )
    # A signature sorts its inputs and outputs by name.
    names = dict(zip(inputs, sorted(function.structured_input_signature[1]), strict=True)) | dict(
        zip(outputs, sorted(function.structured_outputs), strict=True)
    )
    _rename(model.graph, names)
    content: bytes = model.SerializeToString()
    return content


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """No messages of these loggers: they concern deprecated functions that tf2onnx calls."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _nodes(graph: Any) -> Iterator[Any]:
    """The nodes of a graph, and those in the bodies of its loops and branches."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _known(node: Any) -> bool:
    import onnx.defs

    return bool(onnx.defs.has(node.op_type, domain=node.domain))


def _rename(graph: Any, names: dict[str, str]) -> None:
    """Rename tensors, also where the body of a loop uses them."""
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in _nodes(graph):
        for end in (node.input, node.output):
            end[:] = [names.get(name, name) for name in end]
