"""Write a course for nbgrader: its configuration, and the notebooks with solutions as source assignments.

The checks do not depend on the grader: a check that raises an exception gives no point, any other check gives one.
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


def write_course(folder: Path, names: Sequence[str]) -> None:
    """Write a course folder: `nbgrader_config.py` and `source/<name>/<name>.ipynb` for each notebook.

    Args:
        folder: a new or empty folder.
        names: names of notebooks.

    Raises:
        CallerError: the folder is not empty, or there is no such notebook.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CallerError(
            f"--course {folder}: the folder is not empty", "give the name of a new folder"
        )
    notebooks = {name: for_grader(from_script(name)) for name in names}
    for name, notebook in notebooks.items():
        source = folder / "source" / name / f"{name}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(notebook, source)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
