"""`python -m notebooks`: build the notebooks from their scripts, or check them.

python -m notebooks [NAMES …]           build, run, verify and write the notebooks and their exercises
python -m notebooks --exercises [NAMES …]   write only the exercises and their solutions, without running anything
python -m notebooks --check [NAMES …]   compare the files with the scripts; takes a second, runs and writes nothing
python -m notebooks --rerun [NAMES …]   --check, then run each notebook again and compare the numbers
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat
from tyro.conf import Positional

from labs.cli import options
from labs.cli.main import status_of
from labs.exercises import RECORD
from notebooks.tools import published, script, verify
from notebooks.tools.run import execute
from utils.base.atomic_files import replacing
from utils.base.console import show
from utils.base.errors import CallerError, CheckError

ANSWERS_HINT = "move the file to a folder of your own; labs start writes a copy to work in, outside the checkout"
CORRECT_HINT = "correct the script, then run make notebooks"
VISIBLE_HINT = "define it in a visible cell before: published notebooks have the text in place of a prose cell"
FACTS_HINT = "let prose() fill in results; list facts in the header of the cell"


@dataclass(frozen=True)
class Notebooks:
    """Build the notebooks from their scripts, or check them."""

    names: Positional[tuple[str, ...]] = ()
    """Names of notebooks; defaults to all."""
    check: bool = False
    """Compare the files with the scripts; run nothing."""
    rerun: bool = False
    """Like --check, then run each notebook again and compare the numbers."""
    exercises: bool = False
    """Write only the exercise notebooks and the solutions; run nothing."""

    def execute(self) -> int:
        """Build or check the notebooks.

        Raises:
            CallerError: options that exclude each other, or an unknown notebook.
            CheckError: a notebook does not pass.
        """
        if sum([self.check, self.rerun, self.exercises]) > 1:
            raise CallerError(
                "--check, --rerun and --exercises cannot be combined", "give one of them"
            )
        for name in self.names or script.published():
            if self.exercises:
                write_exercises(name)
                continue
            if self.check or self.rerun:
                check(name)
            if self.rerun:
                rerun(name)
            elif not self.check:
                build(name)
        return 0


def build(name: str) -> None:
    """Build a notebook and its exercises from the script, and write them if all checks pass."""
    _require_no_answers(name)
    start = time.perf_counter()
    notebook = _run(name)
    with replacing(script.FOLDER / f"{name}.ipynb") as temporary:
        nbformat.write(notebook, temporary)
    write_exercises(name)
    show(
        f"{name}: run in {time.perf_counter() - start:.0f} s, {len(verify.values(notebook))} texts filled in"
    )


def _run(name: str) -> script.Notebook:
    """The notebook to publish, from a run of the script."""
    notebook = _from_script(name)
    execute(notebook, name)
    _require_none(name, verify.faults(notebook), CORRECT_HINT)
    shown = published.with_texts(notebook, published.texts_of_run(notebook), name)
    _require_none(name, verify.faults(shown), CORRECT_HINT)
    return shown


def _from_script(name: str) -> script.Notebook:
    """The notebook of a script, after the checks that need no run."""
    notebook = script.from_script(name)
    _require_none(name, verify.typed_numbers(notebook), FACTS_HINT)
    _require_none(name, published.hidden_definitions(notebook), VISIBLE_HINT)
    return notebook


def write_exercises(name: str) -> None:
    """Write the notebook without solutions, and its solutions to the record of all exercises.

    The numbers in the texts are those of the published notebook.
    """
    _require_no_answers(name)
    exercises = script.without_solutions(published.from_record(name))
    with replacing(script.EXERCISES / f"{name}.ipynb") as temporary:
        nbformat.write(exercises, temporary)
    text = json.dumps(script.record(name), indent=1, ensure_ascii=False)
    with replacing(script.EXERCISES / RECORD) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")


def _require_no_answers(name: str) -> None:
    """Refuse to replace an exercise notebook in which somebody worked."""
    if script.answered(name):
        raise CheckError(f"{name}: exercises/{name}.ipynb has answers or outputs", ANSWERS_HINT)


def check(name: str) -> None:
    """Compare the files of a notebook with its script, and its texts with the values of its run."""
    _from_script(name)
    _require_no_answers(name)
    _require_none(name, verify.differences(name), f"python -m notebooks {name}")
    _require_none(name, verify.faults(_published(name)), f"python -m notebooks {name}")


def rerun(name: str) -> None:
    """Run a notebook again and compare its values with those of the published notebook."""
    changed = verify.changed_values(_published(name), _run(name))
    _require_none(name, changed, f"python -m notebooks {name}")


def _published(name: str) -> script.Notebook:
    return nbformat.read(script.FOLDER / f"{name}.ipynb", as_version=4)


def _require_none(name: str, problems: Sequence[str], hint: str) -> None:
    if problems:
        raise CheckError(f"{name}: {'; '.join(problems)}", hint)


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Notebooks, sys.argv[1:], "python -m notebooks")))
