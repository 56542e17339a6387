"""A course for nbgrader: the notebooks with their solutions as its source assignments, and its configuration.

Nothing of the checks knows a grader: a check that raises gives no point, one that does not gives its point.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat

from notebooks.tools.run import CELL_SECONDS
from notebooks.tools.script import STUB, for_grader, from_script
from utils.base.errors import CallerError

CONFIG = f'''"""nbgrader's configuration of this course, written by `python -m notebooks --course`."""

c = get_config()
c.CourseDirectory.course_id = "keras-labs"
c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
c.Execute.timeout = {CELL_SECONDS}
'''


def lay_out(folder: Path, names: Sequence[str]) -> None:
    """Write a course folder: `nbgrader_config.py` and `source/<name>/<name>.ipynb` for each notebook.

    Args:
        folder: new or empty.
        names: of the notebooks.

    Raises:
        CallerError: something stands there, or there is no such notebook.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CallerError(
            f"--course {folder}: something stands there", "give the name of a new folder"
        )
    notebooks = {name: for_grader(from_script(name)) for name in names}
    for name, notebook in notebooks.items():
        source = folder / "source" / name / f"{name}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(notebook, source)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
