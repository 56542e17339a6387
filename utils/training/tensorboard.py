"""Event files for TensorBoard, which need TensorFlow only; the package `tensorboard` shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from utils.training.results import Reporter, Row

VALIDATION = "val_"


class EventFiles(Reporter):
    """Writes the numbers of each epoch as scalars named `epoch_<name>`, as Keras's callback does.

    Args:
        folder: gets `train` and `validation`; TensorBoard shows each as a run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def __call__(self, row: Row, epochs: int, seconds_left: float) -> None:  # noqa: ARG002
        """Write an epoch; it is on the disk when this returns."""
        for name, value in row.items():
            if name not in ("epoch", "seconds"):
                split = "validation" if name.startswith(VALIDATION) else "train"
                self._write(split, f"epoch_{name.removeprefix(VALIDATION)}", value, int(row["epoch"]))
        for writer in self._writers.values():
            writer.flush()

    def _write(self, split: str, name: str, value: float, epoch: int) -> None:
        import tensorflow as tf

        if split not in self._writers:
            self._writers[split] = tf.summary.create_file_writer(str(self._folder / split))
        with self._writers[split].as_default():
            # `tf.summary.scalar` would need the package tensorboard; this is what it writes.
            tf.summary.write(name, tf.constant(value, tf.float32), step=epoch, metadata=_scalar())


def _scalar() -> Any:
    """What tells TensorBoard that a tensor is a scalar."""
    import tensorflow as tf

    metadata = tf.compat.v1.SummaryMetadata(data_class=1)
    metadata.plugin_data.plugin_name = "scalars"
    return metadata
