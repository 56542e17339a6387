"""The page on the courses' code: every example is executed, and prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from notebooks.tools import course_code
from notebooks.tools.course_code import PAGE, Example, anchor, examples, outcomes, written
from utils.base.errors import CheckError

TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = examples(TEXT)

IDIOMS = (
    """
to_categorical|ImageDataGenerator|rotation_range|width_shift_range|height_shift_range|shear_range|zoom_range
horizontal_flip|fill_mode|brightness_range|rescale|validation_split|featurewise_center|featurewise_std_normalization
flow_from_directory|class_mode|color_mode|.next()|steps_per_epoch=len(images) / batch_size|clear_session|.build(
count_params|.add(|ModelCheckpoint("best.h5", save_best_only=True)|ReduceLROnPlateau|EarlyStopping|int(time.time())
overwrite=False|tf.saved_model.save|load_model("digits")|reloaded(images, training=False)|loaded.fit|digits.keras
Merge|metrics=["accuracy"]|layers.concatenate([a, b, c], axis=-1)|steps_per_epoch=len(images) // batch_size|(lr=
.lr = |period=|save_weights("w.h5")|keras.preprocessing.text|.save("my_model")|predict_classes|fit_generator
keras.layers.core|tf.keras.layers.experimental.preprocessing|KerasLayer(|Lambda|.export(
""".strip()
    .replace("\n", "|")
    .split("|")
)
"""The courses' code that the page must cover."""

SMALL = """\
# Page

<!-- index -->
old index
<!-- end of index -->

```python setup
import warnings
number = 3
```

## One

```python setup
number += 1
```

### `f()` raises

```python then
print(number)
warnings.warn("careful")
number / 0
```

```text
old output
```

```python now
assert number == 4
```

## Two

### `g()` still works

```python setup
number *= 2
```

```python then works
print(number)
```

```python now
assert number == 6
print("fine")
```
"""
WRITTEN = """\
| old code | in Keras 3 |
| --- | --- |
| **One** | |
| [`f()` raises](#f-raises) | `ZeroDivisionError` |
| **Two** | |
| [`g()` still works](#g-still-works) | works in `tf.keras` |
"""


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=[anchor(example.title) for example in EXAMPLES])
def test_an_example_does_what_the_page_says(example: Example) -> None:
    """The old line gives the recorded exception, warnings and output; the new line runs and its assertions hold."""
    for kind, outcome in outcomes(example).items():
        assert outcome.text() == example.block(kind).printed, f"run {course_code.COMMAND}"


@pytest.mark.parametrize("idiom", IDIOMS)
def test_the_page_covers(idiom: str) -> None:
    assert [example.title for example in EXAMPLES if idiom in example.block("then").code]


def test_the_index_lists_all_examples() -> None:
    assert len({anchor(example.title) for example in EXAMPLES}) == len(EXAMPLES)
    (index,) = course_code.INDEX.findall(TEXT)
    recorded = [
        course_code.Outcome(example.block("then").printed, [], "") for example in EXAMPLES
    ]  # the kind of the outcome is tested by running
    links = re.compile(r"^\| (\*\*.+\*\*|\[.+\]\(#.+\)) \|", re.MULTILINE)
    assert links.findall(index) == links.findall(course_code.index(EXAMPLES, recorded))
    for example, kind in zip(EXAMPLES, re.findall(r"\) \| (.+) \|$", index, re.MULTILINE), strict=True):
        error = re.findall(r"^(\w+(?:Error|Exception)): ", example.block("then").printed, re.MULTILINE)
        assert kind.startswith("`") == bool(error), example.title
        assert kind == f"`{error[-1]}`" if error else ("works" in kind) == example.block("then").works


def test_links_inside_the_page_exist() -> None:
    anchors = {anchor(title) for _, title in course_code.HEADING.findall(TEXT)}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


def test_a_page_is_written_from_its_run() -> None:
    text = written(SMALL)
    assert WRITTEN in text
    assert "4\nUserWarning: careful\nZeroDivisionError: division by zero\n" in text
    assert "old output" not in text
    assert 'print("fine")\n```\n\n```text\nfine\n```\n' in text
    assert written(text) == text
    first, second = examples(text)
    assert (first.section, second.section) == ("One", "Two")
    assert second.block("then").printed == "6\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("assert number == 4", "assert number == 5", "the new line gives AssertionError"),
        ("assert number == 4", "number", "the new line has no assert"),
        ("assert number == 4", 'assert True\nwarnings.warn("old")', "the new line gives UserWarning: old"),
        ("print(number)\n```\n\n```python now", "number\n```\n\n```python now", "the old line neither raises"),
        ("```python then works", "```python now", "0 blocks ```python then"),
    ],
)
def test_an_example_that_shows_nothing_or_fails(old: str, new: str, message: str) -> None:
    assert SMALL.count(old) == 1
    with pytest.raises(CheckError, match=re.escape(message)):
        written(SMALL.replace(old, new))


def test_a_page_stays_as_it_was_if_an_example_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(SMALL.replace("number == 4", "number == 5"))
    with pytest.raises(CheckError):
        course_code.main(page)
    assert page.read_text() == SMALL.replace("number == 4", "number == 5")
    page.write_text(SMALL)
    course_code.main(page)
    assert page.read_text() == written(SMALL)
    assert list(tmp_path.iterdir()) == [page]


def test_an_example_leaves_nothing_behind() -> None:
    """Neither names, files nor settings of the process; a prompt does not wait for an answer."""
    code = "import os, logging\nopen('file', 'w').close()\ninput('really?')"
    (before,) = (Path.cwd(),)
    example = Example("", "prompt", 1, [], [course_code.Block("then", code, ""), course_code.Block("now", "", "")])
    outcome = course_code.run(example, example.block("then"))
    assert outcome.text() == "really?\nEOFError: EOF when reading a line\n"
    assert Path.cwd() == before
    assert not (before / "file").exists()


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("ImportError: cannot import name 'a' from 'b' (/home/x/b.py)", "ImportError: cannot import name 'a' from 'b'"),
        ("<Layer object at 0x7f3a> of sequential_12/dense_3", "<Layer object> of sequential/dense"),
        (
            "ValueError: Exception encountered when calling LSTM.call().\n\n\x1b[1mWrong size\x1b[0m",
            "ValueError: Wrong size",
        ),
        ("x" * 500, "x" * course_code.LONGEST + " …"),
    ],
)
def test_messages_are_the_same_in_every_process(message: str, shown: str) -> None:
    assert course_code._line(message) == shown
