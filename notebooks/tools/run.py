"""Run a notebook as on a fresh machine: default data, no network, one cell after the other."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbclient
from nbclient.exceptions import CellExecutionError

from notebooks.tools.script import FOLDER, METADATA, Notebook
from utils.base.errors import CheckError
from utils.teaching.live_curve import LIVE

CELL_SECONDS = 300
CLEARED_VARIABLES = ("LABS_MIRROR", "LABS_DATA_HOME", "LABS_MODELS", "PYTHONPATH")
"""Environment variables that are not set on a fresh machine."""


def execute(
    notebook: Notebook, name: str, *, folder: Path = FOLDER, stop: bool = True
) -> Notebook:
    """Run all cells in a new kernel and store their outputs in the notebook.

    Saved runs and downloaded files are written to a temporary folder.

    Args:
        notebook: is modified.
        name: its name, for error messages.
        folder: working directory of the kernel.
        stop: whether to stop at a cell that raises an exception and is not tagged `raises-exception`.

    Returns:
        The same notebook.

    Raises:
        CheckError: a cell raises an exception or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="labs-notebook-") as scratch:
        environment = {
            key: value for key, value in os.environ.items() if key not in CLEARED_VARIABLES
        }
        environment |= {"LABS_MODELS": scratch, "LABS_DATA_HOME": scratch, "LABS_OFFLINE": "1"}
        client = nbclient.NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            allow_errors=not stop,
            coalesce_streams=True,
            # The kernel would warn that it uses unencrypted TCP, which is local to this machine.
            extra_arguments=["--log-level=ERROR"],
        )
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise CheckError(
                f"{name}: a cell raises {error.ename}: {error.evalue}", _first_line(str(error))
            ) from error
        except TimeoutError as error:
            raise CheckError(
                f"{name}: a cell takes more than {CELL_SECONDS} s",
                "reduce the work of the cell",
            ) from error
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [o for o in cell.outputs if LIVE not in o.get("metadata", {})]
    notebook.metadata.update(METADATA)
    return notebook


def _first_line(error: str) -> str:
    lines = [
        line for line in error.splitlines() if line.strip() and not set(line.strip()) <= {"-"}
    ]
    return f"the cell starts with: {lines[1] if len(lines) > 1 else error}"
