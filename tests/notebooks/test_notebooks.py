"""The notebooks correspond to their scripts and their runs, and every kind of difference is found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

import labs
from labs.exercises import exercises, notebooks_of
from notebooks import __main__ as main
from notebooks.tools import published, script, verify
from notebooks.tools.hosted import with_installation
from notebooks.tools.run import execute
from tests.conftest import ROOT, Command
from utils.base.errors import CallerError, CheckError
from utils.teaching.prose import METADATA, fill

NAMES = script.published()
SCRIPT = """\
# %% [markdown]
# A text of 1998 with `0.5`, $x^2$ and R2.

# %% tags=["prose"]
prose("It is {value:.1f}.", value=measured)

# %% tags=["exercise"]
def half(x):
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION

# %% [markdown] tags=["solution"]
# Divide.

# %% tags=["check"]
check("lesson.half", half)
"""


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """`lesson(text)` builds the notebook of a script with this text."""
    monkeypatch.setattr(script, "FOLDER", tmp_path)
    monkeypatch.setattr(script, "EXERCISES", tmp_path / "exercises")
    monkeypatch.setattr(verify, "FOLDER", tmp_path)
    monkeypatch.setattr(verify, "EXERCISES", tmp_path / "exercises")
    (tmp_path / "exercises").mkdir()

    def write(text: str) -> Any:
        (tmp_path / "lesson.py").write_text(text, encoding="utf-8")
        return script.from_script("lesson")

    return write


def ran(notebook: Any, value: float = 6.58, *, holds: bool = True) -> Any:
    """The notebook of the script after a run."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.execution_count = number + 1
    about: dict[str, Any] = {"values": {"value": value}, "claims": {"small": holds}, "within": 0.05}
    said = fill("It is {value:.1f}.", about["values"], [])
    output = nbformat.v4.new_output("display_data", {"text/markdown": said}, metadata={METADATA: about})
    notebook.cells[1].outputs = [output]
    return notebook


def shown(notebook: Any, value: float = 6.58) -> Any:
    """The notebook that is published after a run."""
    done = ran(notebook, value)
    return published.with_texts(done, published.texts_of_run(done), "lesson")


@pytest.mark.parametrize("name", NAMES)
def test_published(name: str) -> None:
    """The files correspond to the script, no result is typed by hand, every text matches the values of its run."""
    assert verify.typed_numbers(script.from_script(name)) == []
    assert verify.differences(name) == [], f"python -m notebooks {name}"
    assert published.hidden_definitions(script.from_script(name)) == []
    notebook = nbformat.read(script.FOLDER / f"{name}.ipynb", as_version=4)
    assert verify.faults(notebook) == []
    assert len(verify.values(notebook)) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_published_notebooks_show_no_code_of_a_text_and_few_names_of_the_project(name: str) -> None:
    notebook = nbformat.read(script.FOLDER / f"{name}.ipynb", as_version=4)
    names = published.project_names(notebook)
    assert len(names) <= 6
    assert "prose" not in names
    assert published.RECORDED in notebook.cells[0].source
    assert [cell.id for cell in notebook.cells if "prose(" in cell.source] == []
    exercises = nbformat.read(script.EXERCISES / f"{name}.ipynb", as_version=4)
    assert set(published.project_names(exercises)) <= {*names, "hint", "solution"}
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_there_is_a_notebook_for_each_exercise() -> None:
    asked = [
        found
        for name in NAMES
        for cell in script.from_script(name).cells
        if "check" in script.tags(cell)
        for found, _ in script.CHECK.findall(cell.source)
    ]
    drafts = {name for lab in {*labs.NAMES} - {*labs.finished()} for name in notebooks_of(lab)}
    assert sorted(asked) == sorted(name for name in exercises() if name.partition(".")[0] not in drafts)


@pytest.mark.parametrize("name", NAMES)
def test_every_notebook_starts_with_the_same_setup_and_has_experiments(name: str) -> None:
    """The first cell finds the labs, names the installation command, and shows the data check."""
    cells = script.from_script(name).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    first = code[0]
    assert script.tags(first) == ["setup"]
    assert first.source.index("begin()") < first.source.index("from labs."), "Keras is imported quietly, then the lab"
    assert first.source.rstrip().endswith("data_check(splits)")
    how = [re.sub(rf"\[\w+\]|{'|'.join(labs.NAMES)}", "", cell.source) for cell in (first, _setup_of("regression"))]
    assert how[0].split("begin()")[0] == how[1].split("begin()")[0]
    assert sum("try" in script.tags(cell) for cell in cells) >= 3
    assert sum("check" in script.tags(cell) for cell in cells) >= 3


def _setup_of(name: str) -> Any:
    return next(cell for cell in script.from_script(name).cells if cell.cell_type == "code")


@pytest.mark.parametrize(
    ("uploaded", "expected"),
    [
        (True, r"^keras-labs\[regression\] @ file://.*keras_labs-0.1.0-.*whl$"),
        (False, r" @ https://example.org/x.whl$"),
    ],
)
def test_a_hosted_notebook_installs_the_wheel(
    uploaded: bool, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("subprocess.run", lambda command, **_: calls.append(command))
    if uploaded:
        (tmp_path / "keras_labs-0.1.0-py3-none-any.whl").touch()
    exec(with_installation("# from labs.regression.lab import lab", "https://example.org/x.whl"), {})
    ((*_, requirement),) = calls
    assert re.search(expected, requirement)


@pytest.mark.parametrize("name", NAMES)
def test_exercises_contain_no_solution(name: str) -> None:
    stripped = script.without_solutions(script.from_script(name))
    checks = 0
    for cell in stripped.cells:
        assert "SOLUTION" not in cell.source
        assert not cell.get("outputs")
        if "exercise" in script.tags(cell):
            assert script.STUB in cell.source
        assert "nbgrader" not in cell.metadata
        if "from labs.exercises import" in cell.source:
            assert {"check", "hint", "solution"} <= set(re.findall(r"\w+", cell.source))
        checks += "check" in script.tags(cell)
    assert checks >= 3


def test_stripping(lesson: Callable[[str], Any]) -> None:
    notebook = lesson(SCRIPT)
    stripped = script.without_solutions(notebook)
    assert [cell.source for cell in stripped.cells][2:] == [
        "def half(x):\n    ...  # your answer",
        'check("lesson.half", half)',
    ]
    assert "return x / 2" in notebook.cells[2].source
    assert script.solutions(notebook, "lesson") == {
        "lesson.half": {"notebook": "lesson", "answer": "half", "solution": "def half(x):\n    return x / 2\n"}
    }
    assert "raises-exception" in stripped.cells[3].metadata.tags
    for wrong in (SCRIPT.replace('half", half', 'half"'), SCRIPT.replace("### BEGIN SOLUTION\n", "")):
        with pytest.raises(CallerError, match="a check must be a single line"):
            script.without_solutions(lesson(wrong))
    with pytest.raises(CallerError, match="a cell has the unknown tag proze"):
        lesson(SCRIPT.replace('"prose"', '"proze"'))
    with pytest.raises(CallerError, match="there is no notebook nothing"):
        script.from_script("nothing")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("1998", "6.58 MPa", "6.58 (cell-000)"),
        ("1998", "12 %", "12 % (cell-000)"),
        ("1998", "1,030 rows", "1,030 (cell-000)"),
        ("{value:.1f}", "{value:.1f} or 7", "7 (cell-001)"),
        ("measured)", "measured, claims={'under 8': True})", "8 (cell-001)"),
        ("value=measured", "value=6.6", "6.6, passed to prose as a literal (cell-001)"),
        ("[markdown]\n# A", '[markdown] facts=["3"]\n# A', "3, a listed fact that does not occur (cell-000)"),
    ],
)
def test_typed_numbers_are_found(lesson: Callable[[str], Any], old: str, new: str, found: str) -> None:
    assert verify.typed_numbers(lesson(SCRIPT)) == []
    assert verify.typed_numbers(lesson(SCRIPT.replace(old, new))) == [found]


def test_facts_may_be_listed(lesson: Callable[[str], Any]) -> None:
    listed = SCRIPT.replace("[markdown]\n# A", '[markdown] facts=["10"]\n# 10 units. A')
    assert verify.typed_numbers(lesson(listed)) == []


def test_a_notebook_that_differs_from_its_script(lesson: Callable[[str], Any], tmp_path: Path) -> None:
    notebook = lesson(SCRIPT)
    stale = "exercises/solutions.json differs from lesson.py"
    assert verify.differences("lesson") == ["lesson.ipynb is missing", "exercises/lesson.ipynb is missing", stale]
    with pytest.raises(CheckError, match=r"the text of cell-001 is not from a run of lesson\.py as it is now"):
        main.write_exercises("lesson")
    nbformat.write(shown(notebook), tmp_path / "lesson.ipynb")
    main.write_exercises("lesson")
    assert verify.differences("lesson") == []
    both = ["lesson.ipynb differs from lesson.py", "exercises/lesson.ipynb differs from lesson.py"]
    for old, new in (("A text", "The text"), ("It is", "It was"), ("=measured", "=-measured"), ("value:.1f", "value")):
        lesson(SCRIPT.replace(old, new))
        assert verify.differences("lesson") == both
    lesson(SCRIPT.replace("return x / 2", "return x * 0.5"))
    assert verify.differences("lesson") == ["lesson.ipynb differs from lesson.py", stale]
    lesson(SCRIPT.replace('tags=["check"]', 'tags=["check", "try"]'))
    assert len(verify.differences("lesson")) == 2


def test_a_text_takes_the_place_of_the_cell_that_computes_it(lesson: Callable[[str], Any], tmp_path: Path) -> None:
    made = shown(lesson(SCRIPT))
    cell = made.cells[1]
    assert (cell.cell_type, cell.source, cell.id) == ("markdown", "It is 6.6.", "cell-001")
    assert cell.metadata[METADATA]["texts"] == [
        {"values": {"value": 6.58}, "claims": {"small": True}, "within": 0.05},
    ]
    assert [cell.execution_count for cell in made.cells if cell.cell_type == "code"] == [1, 2]
    assert made.cells[0].source.endswith(published.RECORDED)
    nbformat.validate(made)
    nbformat.write(made, tmp_path / "lesson.ipynb")
    main.write_exercises("lesson")
    exercise = nbformat.read(tmp_path / "exercises" / "lesson.ipynb", as_version=4).cells[1]
    assert (exercise.source, dict(exercise.metadata)) == ("It is 6.6.", {"tags": ["prose"]})


def test_imports_that_only_a_text_uses_are_removed(lesson: Callable[[str], Any]) -> None:
    imports = "import os, sys\nfrom utils.teaching.prose import (\n    begin,\n    prose,\n)\nimport re\n"
    first = f"# %%\n{imports}\nbegin(os)\n\n"
    made = lesson(first + '# %% tags=["prose"]\nprose("{a}", a=sys.path, b=re.I)\n\n# %%\nos.getcwd()\n')
    about = {"values": {"a": 1}, "claims": {}, "within": 0.05}
    made.cells[1].outputs = [nbformat.v4.new_output("display_data", {}, metadata={METADATA: about})]
    cells = published.with_texts(made, published.texts_of_run(made), "lesson").cells
    assert cells[0].source == "import os\nfrom utils.teaching.prose import begin\n\nbegin(os)"
    assert published.project_names(made) == ["begin", "prose"]


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("print(half)", ["half"]),
        ("def f():\n    return [half for _ in range(other)]", ["half", "other"]),
        ("half = 1\nprint(half)", []),
        ("half += 1", ["half"]),
        ("half = half / 2", ["half"]),
        ("for half in (1, 2):\n    print(half)", []),
        ("def f(half):\n    return half", []),
        ("print(half)\nhalf = 2\nprint(half)", ["half"]),
        ("print(math)", ["math"]),
    ],
)
def test_a_visible_cell_needs_no_hidden_one(lesson: Callable[[str], Any], visible: str, found: list[str]) -> None:
    hidden = "# %%\nhalf = 0\n\n# %% tags=['prose']\nimport math\nhalf, other = 1, 2\nprose('{a}', a=half)\n\n"
    assert published.hidden_definitions(lesson(f"{hidden}# %%\n{visible}\n")) == [
        f"cell-002 uses {name}, which the prose cell cell-001 defines" for name in found
    ]


def test_faults_prevent_publication(lesson: Callable[[str], Any]) -> None:
    assert verify.faults(lesson(SCRIPT))[0] == "cell-001 was not run"
    notebook = ran(lesson(SCRIPT))
    assert verify.faults(notebook) == verify.faults(shown(lesson(SCRIPT))) == []
    outputs = notebook.cells[2].outputs
    outputs.append(nbformat.v4.new_output("stream", name="stderr", text="a warning"))
    outputs.append(nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=[]))
    assert verify.faults(notebook) == ["cell-002 prints a warning: a warning", "cell-002 raises ValueError"]
    outputs[:] = [nbformat.v4.new_output("stream", name="stdout", text="x" * verify.MEGABYTE)]
    assert verify.faults(notebook) == ["the file is larger than 1 MB"]
    false = ran(lesson(SCRIPT), holds=False)
    assert verify.faults(false) == ["cell-001: the claim is false: small"]
    made = published.with_texts(false, published.texts_of_run(false), "lesson")
    assert verify.faults(made) == ["cell-001: the claim is false: small"]
    silent = ran(lesson(SCRIPT))
    silent.cells[1].outputs = []
    assert verify.faults(silent) == ["cell-001: calls of prose: 1, outputs: 0"]


def test_numbers_of_another_run(lesson: Callable[[str], Any]) -> None:
    old = shown(lesson(SCRIPT), 6.58)
    assert verify.changed_values(old, shown(lesson(SCRIPT), 6.6)) == []
    assert verify.changed_values(old, shown(lesson(SCRIPT), 7.1)) == [
        "cell-001/0: value is 7.1, published as 6.58",
    ]
    assert len(verify.changed_values(shown(lesson(SCRIPT), 20), shown(lesson(SCRIPT), 21))) == 1  # a count is exact
    assert verify.changed_values(shown(lesson(SCRIPT), 0.0), shown(lesson(SCRIPT), 1e-7)) == []
    assert len(verify.changed_values(shown(lesson(SCRIPT), 0.0), shown(lesson(SCRIPT), 1e-5))) == 1
    other = shown(lesson(SCRIPT))
    del other.cells[1]
    assert verify.changed_values(old, other) == ["the run has other texts"]


def test_answers_in_the_checkout_are_never_overwritten(lesson: Callable[[str], Any], tmp_path: Path) -> None:
    """Neither by a command nor by a hint of one."""
    nbformat.write(shown(lesson(SCRIPT)), tmp_path / "lesson.ipynb")
    main.write_exercises("lesson")
    path = tmp_path / "exercises" / "lesson.ipynb"
    released = path.read_text(encoding="utf-8")
    for worked in (
        released.replace(script.STUB, "return x"),
        released.replace('"execution_count": null', '"execution_count": 3'),
    ):
        path.write_text(worked, encoding="utf-8")
        for command in (main.write_exercises, main.build, main.check):
            with pytest.raises(CheckError, match=r"exercises/lesson\.ipynb has answers or outputs") as refused:
                command("lesson")
            assert "labs start" in refused.value.hint
            assert "python -m notebooks" not in refused.value.hint
            assert "git" not in refused.value.hint
        assert path.read_text(encoding="utf-8") == worked


def test_the_command(process: Command) -> None:
    done = process("notebooks", "--check")
    assert (done.status, done.err) == (0, "")
    refused = process("notebooks", "nothing")
    assert refused.status == 2
    assert refused.err.splitlines()[0] == "error: there is no notebook nothing"
    combined = process("notebooks", "--check", "--rerun")
    assert (combined.status, combined.err.splitlines()[0]) == (
        2,
        "error: --check, --rerun and --exercises cannot be combined",
    )


def test_a_cell_that_raises_stops_the_run(lesson: Callable[[str], Any], tmp_path: Path) -> None:
    raising = "# %%\nimport os\nprint(os.environ['LABS_OFFLINE'], os.environ.get('LABS_MIRROR'))\n\n# %%\n1 / 0\n"
    made = lesson(raising)
    with pytest.raises(CheckError, match="lesson: a cell raises ZeroDivisionError: division by zero") as ended:
        execute(made, "lesson", folder=tmp_path)
    assert ended.value.hint == "the cell starts with: 1 / 0"
    assert made.cells[0].outputs[0].text == "1 None\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_run_reproduces_the_published_numbers(name: str, process: Command) -> None:
    done = process("notebooks", "--rerun", name)
    assert done.status == 0, done.err


@pytest.mark.parametrize("name", NAMES)
def test_only_checks_need_the_exercises_to_be_solved(name: str) -> None:
    """No other cell uses a name that an exercise or a solution defines."""
    defined: set[str] = set()
    used: set[str] = set()
    for cell in script.from_script(name).cells:
        if cell.cell_type != "code" or "check" in script.tags(cell):
            continue
        for uses, defines in published.statements(cell.source):
            if {"exercise", "solution"} & {*script.tags(cell)}:
                defined |= defines
            else:
                used |= uses
    assert len(defined) >= 3
    assert not defined & used


@pytest.mark.slow
def test_a_check_fails_for_an_unsolved_exercise(process: Command, tmp_path: Path) -> None:
    """A notebook of all unsolved exercises and their checks: only the checks raise an exception."""
    lessons = [script.without_solutions(script.from_script(name)).cells for name in NAMES]
    setup = nbformat.v4.new_code_cell("from labs.exercises import check")
    cells = [setup, *(cell for lesson in lessons for cell in lesson if {"exercise", "check"} & {*script.tags(cell)})]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "unsolved.ipynb")
    done = process("nbconvert", "--to", "notebook", "--execute", "--output", "run", "unsolved.ipynb")
    assert done.status == 0, done.err
    for cell in nbformat.read(tmp_path / "run.ipynb", as_version=4).cells:
        errors = [output.ename for output in cell.get("outputs", []) if output.output_type == "error"]
        assert errors == (["NotYetError"] if "check" in script.tags(cell) else [])


def test_kernel_and_metadata_do_not_name_this_machine() -> None:
    for path in sorted(script.FOLDER.rglob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert notebook["metadata"] == script.METADATA
        assert str(ROOT) not in path.read_text(encoding="utf-8")
