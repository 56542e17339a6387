"""The grader executes what an answer needs, and nothing else."""

from __future__ import annotations

import ast

import pytest

from labs.course.grading.slices import needed


def code(answer: str, *cells: str) -> list[str]:
    return [ast.unparse(piece.statement) for piece in needed(cells, answer)]


def test_only_what_the_answer_needs() -> None:
    cells = (
        "import numpy as np\nimport keras",
        "model = keras.Sequential()\nmodel.fit(x, y)",
        "def check(*_):\n    print('✔')",
        "def helper(x):\n    return np.sqrt(x) + OFFSET",
        "def rmse(truth, prediction):\n    return helper(truth)\nprint(rmse(1, 2))",
        "OFFSET = 0\nOTHER = model",
        "check('regression.rmse', rmse)",
    )
    assert code("rmse", *cells) == [
        "import numpy as np",
        "def helper(x):\n    return np.sqrt(x) + OFFSET",
        "def rmse(truth, prediction):\n    return helper(truth)",
        "OFFSET = 0",
    ]
    assert code("missing", *cells) == []
    assert "import keras" in code("model", *cells)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["%matplotlib inline\n!ls\nx = 1"], ["x = 1"]),
        (["x = (", "x = 2"], ["x = 2"]),
        (["x = 1\nx += y\ny = 3"], ["x = 1", "x += y", "y = 3"]),
        (["x = {}\nx['a'] = 1\nx.b = 2"], ["x = {}", "x['a'] = 1", "x.b = 2"]),
        (["from math import *\nx = sqrt(2)"], ["from math import *", "x = sqrt(2)"]),
        (["if True:\n    x = 1\nelse:\n    x = 2"], ["if True:\n    x = 1\nelse:\n    x = 2"]),
        (["class x:\n    y = z\nz = 1"], ["class x:\n    y = z", "z = 1"]),
        (["x = [a for a in b]\na = 3\nb = 4"], ["x = [a for a in b]", "b = 4"]),
        (["x = lambda a: a + b\na = 3\nb = 4"], ["x = lambda a: a + b", "b = 4"]),
        (["def f():\n    global x\n    x = 1\nx = 2"], ["x = 2"]),
    ],
)
def test_python(cells: list[str], expected: list[str]) -> None:
    assert code("x", *cells) == expected


def test_the_number_of_the_cell_is_kept() -> None:
    assert [piece.cell for piece in needed(["", "y = 1", "x = y"], "x")] == [1, 2]
