"""`python -m notebooks`: the notebooks made anew from their scripts, or checked.

python -m notebooks [NAME …]           make, run, verify and write the notebooks and their exercises
python -m notebooks --check [NAME …]   hold the files against the scripts: a second, nothing is run or written
python -m notebooks --rerun [NAME …]   --check, then run each anew and hold its numbers against the published ones
python -m notebooks --course FOLDER    lay out a course for nbgrader, with the exercises of all notebooks
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import nbformat

from notebooks.tools import script, verify
from notebooks.tools.grading import lay_out
from notebooks.tools.run import execute
from utils.base.console import say, show
from utils.base.errors import CheckError, LabsError


def held(name: str, found: list[str], hint: str) -> None:
    """Raise what was found.

    Raises:
        CheckError: something was.
    """
    if found:
        raise CheckError(f"{name}: {'; '.join(found)}", hint)


def make(name: str) -> None:
    """Make a notebook and its exercises from the script; they are written only where all holds."""
    notebook = script.from_script(name)
    exercises = script.without_solutions(notebook)
    held(
        name,
        verify.typed_numbers(notebook),
        "let prose() fill results in; list facts in the cell's header",
    )
    start = time.perf_counter()
    execute(notebook, name)
    held(name, verify.faults(notebook), "mend the script, then: make notebooks")
    nbformat.write(notebook, script.FOLDER / f"{name}.ipynb")
    nbformat.write(exercises, script.EXERCISES / f"{name}.ipynb")
    show(
        f"{name}: run in {time.perf_counter() - start:.0f} s, {len(verify.values(notebook))} texts filled in"
    )


def check(name: str) -> None:
    """Hold the files of a notebook against its script, and its texts against the values of its run."""
    held(
        name,
        verify.typed_numbers(script.from_script(name)),
        "let prose() fill results in; list facts in the header",
    )
    held(name, verify.differences(name), f"python -m notebooks {name}")
    published = nbformat.read(script.FOLDER / f"{name}.ipynb", as_version=4)
    held(name, verify.faults(published), f"python -m notebooks {name}")


def rerun(name: str) -> None:
    """Run a notebook anew; what it shows must hold, and be what was published."""
    published = nbformat.read(script.FOLDER / f"{name}.ipynb", as_version=4)
    run = execute(script.from_script(name), name)
    held(name, verify.faults(run), "mend the script, then: make notebooks")
    held(name, verify.moved(published, run), f"python -m notebooks {name}")


def main() -> int:
    """The command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m notebooks", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="of the notebooks; all where none is given"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="hold the files against the scripts; run nothing"
    )
    what.add_argument(
        "--rerun", action="store_true", help="--check, then run each and compare the numbers"
    )
    what.add_argument(
        "--course", type=Path, metavar="FOLDER", help="lay out a course for nbgrader"
    )
    options = parser.parse_args()
    try:
        names = options.names or script.names()
        if options.course:
            lay_out(options.course, names)
            return 0
        for name in names:
            if options.check or options.rerun:
                check(name)
            if options.rerun:
                rerun(name)
            elif not options.check:
                make(name)
    except LabsError as error:
        say(f"error: {error.message}\nhint: {error.hint}")
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
