"""Running a notebook as a student on a bare machine would: default data, no network, one cell after the other."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbclient
from nbclient.exceptions import CellExecutionError

from notebooks.tools.script import FOLDER, METADATA, Notebook
from utils.base.errors import CheckError

CELL_SECONDS = 300
OURS = ("LABS_MIRROR", "LABS_DATA_HOME", "LABS_MODELS", "PYTHONPATH")
"""What this machine's user may have set, and a bare machine has not."""


def execute(
    notebook: Notebook, name: str, *, folder: Path = FOLDER, stop: bool = True
) -> Notebook:
    """Run all cells in a fresh kernel, their outputs written into the notebook.

    The runs that it saves, and what it fetches, go to a folder that is removed.

    Args:
        notebook: is changed.
        name: to name it by where it fails.
        folder: where the kernel starts.
        stop: whether a cell that raises ends it, unless it is tagged `raises-exception`.

    Returns:
        The same notebook.

    Raises:
        CheckError: a cell raises or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="labs-notebook-") as scratch:
        environment = {key: value for key, value in os.environ.items() if key not in OURS}
        environment |= {"LABS_MODELS": scratch, "LABS_DATA_HOME": scratch, "LABS_OFFLINE": "1"}
        client = nbclient.NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            allow_errors=not stop,
            coalesce_streams=True,
            extra_arguments=[
                "--log-level=ERROR"
            ],  # it warns that it speaks plain TCP, which stays on this machine
        )
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise CheckError(
                f"{name}: a cell raises {error.ename}: {error.evalue}", _first_line(str(error))
            ) from error
        except TimeoutError as error:
            raise CheckError(
                f"{name}: a cell takes more than {CELL_SECONDS} s", "make its work smaller"
            ) from error
    notebook.metadata.update(METADATA)
    return notebook


def _first_line(error: str) -> str:
    """The first line of the cell that raised."""
    lines = [
        line for line in error.splitlines() if line.strip() and not set(line.strip()) <= {"-"}
    ]
    return f"the cell that begins: {lines[1] if len(lines) > 1 else error}"
