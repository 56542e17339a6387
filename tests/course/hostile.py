"""Submissions that attack the grader, one of each kind: what they put in the place of an answer, and what they get.

Every one defines the three answers of the first notebook. Those that solve `baseline` and `leaks` show that an attack
costs only its own exercise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from labs.course.handout import delivered
from labs.exercises import recorded


class Attack(NamedTuple):
    """A cell that replaces the answer `steps`, the points of the submission, and words of its feedback."""

    code: str
    points: int
    words: str


HONEST = "def steps(rows, batch_size):\n    return -(-rows // batch_size)\n"
STEPS = "def steps(rows, batch_size):\n"
ATTACKS = {
    "honest": Attack(HONEST, 3, "3 of 3"),
    "infinite_loop": Attack(STEPS + "    while True: pass", 2, "no result after"),
    "loop_in_the_cell": Attack("while True: steps = 4", 2, "no result after"),
    "sleep": Attack("import time\n" + STEPS + "    time.sleep(1e6)", 2, "no result after"),
    "memory": Attack(
        "import numpy as np\n" + STEPS + "    return sum(np.ones(2**33)) + np.ones(2**28)", 2, "MemoryError"
    ),
    "huge_result": Attack(STEPS + "    return 'x' * 10**8", 2, "too long"),
    "huge_output": Attack(STEPS + "    for _ in range(200): print('x' * 10**6)\n    return 4", 2, "64 rows"),
    "huge_file": Attack(
        STEPS + "    with open('big', 'wb') as file:\n        while True: file.write(bytes(10**7))", 2, "OSError"
    ),
    "remove_the_course": Attack(
        "import os, shutil\n" + STEPS + "    shutil.rmtree('COURSE', ignore_errors=True)\n"
        "    os.system('rm -rf COURSE')\n    open('COURSE/x', 'w')",
        2,
        "Read-only",
    ),
    "read_the_others": Attack(
        "import pathlib\n" + STEPS + "    return len(list(pathlib.Path('COURSE').rglob('*.ipynb')))", 2, "got:      0"
    ),
    "read_the_solutions": Attack(
        "from labs.exercises import recorded\nexec(recorded()['start_here.steps']['solution'])\nsteps = steps",
        2,
        "Error",
    ),
    "fork": Attack("import os\n" + STEPS + "    while True: os.fork()", 2, "PermissionError"),
    "process": Attack("import subprocess\n" + STEPS + "    return subprocess.run('ls')", 2, "PermissionError"),
    "network": Attack(
        "import socket\n" + STEPS + "    socket.create_connection(('127.0.0.1', 1))", 2, "PermissionError"
    ),
    "kill_the_grader": Attack("import os\n" + STEPS + "    os.kill(os.getppid(), 9)", 2, "PermissionError"),
    "write_to_the_grader": Attack("import os\n" + STEPS + "    open(f'/proc/{os.getppid()}/mem', 'r+b')", 2, "not yet"),
    "read_the_grader": Attack(
        "import os\n" + STEPS + "    open(f'/proc/{os.getppid()}/mem', 'rb')", 2, "PermissionError"
    ),
    "sys_exit": Attack("import sys\n" + STEPS + "    sys.exit(0)", 2, "SystemExit"),
    "exit_in_the_cell": Attack("import sys\nsteps = sys.exit(0)", 2, "SystemExit"),
    "os_exit": Attack("import os\n" + STEPS + "    os._exit(0)", 2, "the process ended"),
    "abort": Attack("import os\n" + STEPS + "    os.abort()", 2, "the process ended"),
    "recursion": Attack(STEPS + "    return steps(rows, batch_size)", 2, "RecursionError"),
    "redefined_check": Attack("def check(*_):\n    print('✔ start_here.steps: right')\nsteps = None", 2, "nothing yet"),
    "patched_library": Attack(
        "import labs.exercises, labs.exercises.start_here as e, utils.teaching.answers as a, math\n"
        "def steps(*_):\n"
        "    a.number = a.called = e.number = e.called = lambda *_, **__: 4\n"
        "    labs.exercises.judged = labs.exercises.check = lambda *_: 'right'\n"
        "    math.isclose = lambda *_, **__: True\n"
        "    return 0",
        2,
        "got:      0",
    ),
    "always_equal": Attack(
        "class Equal(float):\n    __eq__ = __ne__ = lambda *_: True\n    __hash__ = None\n"
        + STEPS
        + "    return Equal(0)",
        2,
        "got:      0",
    ),
    "forged_reply": Attack(
        "import os\n"
        + STEPS
        + '    for n in range(3, 64):\n        try: os.write(n, b\'{"dict": [["verdict", true]]}\\n\' * 9)\n'
        "        except OSError: pass\n    return 0",
        2,
        "not yet",
    ),
    "unpickled": Attack(
        "class P:\n    def __reduce__(self):\n        import os\n        return os.system, ('touch COURSE/pwned',)\n"
        + STEPS
        + "    return P()",
        2,
        "an object of type P",
    ),
    "nested_source": Attack("steps = " + "(" * 5000 + ")" * 5000, 2, "does not define steps"),
    "deep_source": Attack("steps = " + "-" * 90_000 + "1", 2, "not yet"),
}


def submission(steps: str, *, checks: str = "") -> dict[str, Any]:
    """The first notebook with a cell in the place of the first answer, and the two others solved."""
    (path,) = (path for path in delivered() if path.stem == "00_start_here")
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    answers = {about["answer"]: about["solution"] for about in recorded().values()} | {"steps": steps}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        for answer, solution in answers.items():
            if "exercise" in cell["metadata"].get("tags", []) and source.startswith(f"def {answer}("):
                cell["source"] = solution
        if "check" in cell["metadata"].get("tags", []) and checks:
            cell["source"] = checks
    return notebook


def write_all(course: Path) -> dict[str, Attack]:
    """Write every submission to `course/submitted/<kind>/00_start_here.ipynb`, and the expected results."""
    expected = dict(ATTACKS)
    notebooks = {kind: submission(attack.code.replace("COURSE", str(course))) for kind, attack in ATTACKS.items()}
    printed = submission("steps = None", checks="print('✔ start_here.steps: right')")
    printed["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "✔ start_here.steps: right"}]
    notebooks["edited_checks"], expected["edited_checks"] = printed, Attack("", 2, "nothing yet")
    without = submission(HONEST)
    without["cells"] = [cell for cell in without["cells"] if "exercise" in cell["metadata"].get("tags", [])]
    notebooks["only_answers"], expected["only_answers"] = without, Attack("", 3, "3 of 3")
    empty = submission(HONEST)
    empty["cells"] = []
    notebooks["deleted_cells"], expected["deleted_cells"] = empty, Attack("", 0, "does not define")
    kernel = submission(HONEST)
    kernel["metadata"] = {"kernelspec": {"name": "no-such-kernel", "display_name": "?"}}
    notebooks["wrong_kernel"], expected["wrong_kernel"] = kernel, Attack("", 3, "3 of 3")
    for kind, notebook in notebooks.items():
        path = course / "submitted" / kind / "00_start_here.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    for kind, text in (("broken_json", "{"), ("no_notebook", "[1]"), ("empty_file", "")):
        path = course / "submitted" / kind / "00_start_here.ipynb"
        path.parent.mkdir()
        path.write_text(text)
        expected[kind] = Attack("", 0, "no notebook")
    return expected
