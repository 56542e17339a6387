"""Run the examples of the page on course code, and write what they print into it.

    python -m notebooks.tools.course_code     # part of `make notebooks`

The page is its own source. A heading `###` starts an example with two blocks of code:

    ```python then      the old line: it must raise an exception, warn, or print what is different
    ```python now       the line that works: it must do neither, and must contain an `assert`

An old line that still does the same is marked `then works`; it prints what it does.

A block `text` below a block of code is what the block printed, with its warnings and the first line of its exception.
This script writes these blocks and the index of the page; a test runs each example and compares. A block of code tagged
`setup` runs before each block of its example, or of its section if it is above all examples.

Each block runs in an empty folder, with its own names and with seeded random numbers.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import logging
import re
import sys
import tempfile
import textwrap
import types
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from notebooks.tools.script import FOLDER
from utils.base.atomic_files import replacing
from utils.base.errors import CheckError
from utils.base.keras_import import import_keras

PAGE = FOLDER / "COURSE_CODE.md"
COMMAND = "python -m notebooks.tools.course_code"
WIDTH = 110
LONGEST = 400
"""Characters of a message; some contain whole arrays."""
INDEX = re.compile(r"(?<=<!-- index -->\n).*?(?=<!-- end of index -->)", re.DOTALL)
BLOCK = re.compile(
    r"^```python (?P<kind>setup|then|now)(?P<works> works)?\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
HEADING = re.compile(r"^(?P<level>#{2,3}) (?P<title>.+)$", re.MULTILINE)

FOREIGN = re.compile(r"triggered tf\.function retracing")
"""Messages that do not come from the example: TensorFlow after many models in one process."""
VARYING = [
    (re.compile(r" \(/\S+\)"), ""),  # the file that an import looked in
    (re.compile(r" at 0x[0-9a-fA-F]+"), ""),
    (re.compile(r"\b(keras_tensor|sequential|functional|dense)_\d+\b"), r"\1"),
    (re.compile(r"\x1b\[\d*m"), ""),  # bold
]
"""Parts of a message that differ between processes."""


@dataclass
class Block:
    """A block of code, and what the page says that it prints."""

    kind: str
    code: str
    printed: str
    works: bool = False


@dataclass
class Example:
    """An example of the page: a heading and its blocks."""

    section: str
    title: str
    line: int
    setup: list[str]
    blocks: list[Block] = field(default_factory=list)

    def block(self, kind: str) -> Block:
        """The block of this kind.

        Raises:
            CheckError: there is not exactly one.
        """
        found = [block for block in self.blocks if block.kind == kind]
        if len(found) != 1:
            raise CheckError(
                f"{self.title}: {len(found)} blocks ```python {kind}", "write one block of each"
            )
        return found[0]


@dataclass
class Outcome:
    """What a block printed, its warnings and its exception."""

    printed: str
    warnings: list[str]
    error: str

    def text(self) -> str:
        """The outcome as the page shows it, with a final line break, or nothing."""
        lines = [line.rstrip() for line in self.printed.splitlines()]
        for message in (*self.warnings, *([self.error] if self.error else [])):
            lines += textwrap.wrap(
                message, WIDTH, break_on_hyphens=False, break_long_words=False
            )
        return "".join(f"{line}\n" for line in lines)


def examples(text: str) -> list[Example]:
    """The examples of a page, in order."""
    found: list[Example] = []
    section, inside, shared = "", False, {"": list[str]()}
    for match in sorted(
        [*HEADING.finditer(text), *BLOCK.finditer(text)], key=lambda match: match.start()
    ):
        line = text.count("\n", 0, match.start()) + 1
        parts = match.groupdict()
        if parts.get("level") == "##":
            section, inside = parts["title"], False
            shared[section] = []
        elif "title" in parts:
            inside = True
            setup = [*shared[""], *shared[section]]
            found.append(Example(section, parts["title"], line, setup))
        elif parts["kind"] == "setup" and not inside:
            shared[section].append(parts["code"])
        elif parts["kind"] == "setup":
            found[-1].setup.append(parts["code"])
        else:
            code, printed = parts["code"], parts["printed"] or ""
            block = Block(parts["kind"], code, printed, parts["works"] is not None)
            found[-1].blocks.append(block)
    return found


def outcomes(example: Example) -> dict[str, Outcome]:
    """Run both blocks of an example.

    Raises:
        CheckError: the old line shows nothing, the new one has no `assert` or does not run cleanly.
    """
    found = {kind: run(example, example.block(kind)) for kind in ("then", "now")}
    wrong = []
    if not found["then"].text():
        wrong.append("the old line neither raises, warns nor prints what is different")
    if "assert " not in example.block("now").code:
        wrong.append("the new line has no assert")
    messages = [found["now"].error, *found["now"].warnings]
    wrong += [f"the new line gives {message}" for message in messages if message]
    if wrong:
        raise CheckError(
            f"{example.title}: {'; '.join(wrong)}", f"correct {PAGE.name}, line {example.line}"
        )
    return found


def run(example: Example, block: Block) -> Outcome:
    """Run a block after the setup of its example, in an empty folder, as a module of its own."""
    import keras

    module = types.ModuleType("course_code")
    printed, messages, error = io.StringIO(), list[str](), ""
    keras.utils.set_random_seed(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        mock.patch.dict(sys.modules, {module.__name__: module}),
        mock.patch.object(sys, "stdin", io.StringIO()),
        _recorded(messages),
    ):
        with contextlib.redirect_stdout(io.StringIO()):
            _execute("\n".join(example.setup), module)
        messages.clear()
        try:
            with contextlib.redirect_stdout(printed):
                _execute(block.code, module)
        except Exception as raised:
            error = _line(f"{type(raised).__name__}: {raised}")
    return Outcome(printed.getvalue(), list(dict.fromkeys(messages)), error)


def _execute(code: str, module: types.ModuleType) -> None:
    """Execute code in a module; its source can be inspected, which AutoGraph needs."""
    name = f"<{module.__name__} {len(code)}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    exec(compile(code, name, "exec"), module.__dict__)


@contextlib.contextmanager
def _recorded(messages: list[str]) -> Iterator[None]:
    """Record warnings and log messages instead of showing them."""

    def add(message: str) -> None:
        if not FOREIGN.search(message):
            messages.append(_line(message))

    def showwarning(
        message: Warning | str, category: type[Warning], *_: Any, **__: Any
    ) -> None:
        add(f"{category.__name__}: {message}")

    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: add(f"{record.levelname}: {record.getMessage()}")  # type: ignore[method-assign]
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow")]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate, logger.level = [handler], False, logging.WARNING
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            # Python hides these outside of the main program.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.showwarning = showwarning
            yield
    finally:
        for logger, state in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate, logger.level = state


def _line(message: str) -> str:
    """The first line of a message with contents, without what differs between processes."""
    for pattern, replacement in VARYING:
        message = pattern.sub(replacement, message)
    first, *more = [line.strip() for line in message.splitlines() if line.strip()]
    wrapper = "Exception encountered when calling"  # the line below says what is wrong
    if wrapper in first and more:
        first = f"{first.split(wrapper)[0]}{more[0]}"
    return first if len(first) <= LONGEST else f"{first[:LONGEST]} …"


def written(text: str) -> str:
    """The page with the output of all its blocks, and its index.

    Raises:
        CheckError: see `outcomes`.
    """
    found = examples(text)
    results = [outcomes(example) for example in found]
    texts = (
        result[block.kind].text()
        for example, result in zip(found, results, strict=True)
        for block in example.blocks
    )

    def replaced(match: re.Match[str]) -> str:
        if match["kind"] == "setup":
            return match[0]
        block = f"```python {match['kind']}{match['works'] or ''}\n{match['code']}```\n"
        printed = next(texts)
        return f"{block}\n```text\n{printed}```\n" if printed else block

    rows = index(found, [result["then"] for result in results])
    return INDEX.sub(lambda _: rows, BLOCK.sub(replaced, text))


def index(found: Sequence[Example], results: Sequence[Outcome]) -> str:
    """A table of all examples with links, and what became of the old lines."""
    lines, section = ["| old code | in Keras 3 |", "| --- | --- |"], ""
    for example, result in zip(found, results, strict=True):
        if example.section != section:
            section = example.section
            lines.append(f"| **{section}** | |")
        link = f"[{example.title}](#{anchor(example.title)})"
        lines.append(f"| {link} | {_fate(example.block('then'), result)} |")
    return "\n".join(lines) + "\n"


def _fate(block: Block, outcome: Outcome) -> str:
    if outcome.error:
        return f"`{outcome.error.split(':')[0]}`"
    if block.works:
        return "works in `tf.keras`"
    return "**warning only**" if outcome.warnings else "**no error**"


def anchor(title: str) -> str:
    """The fragment that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def main(page: Path = PAGE) -> None:
    """Run all examples and write the page."""
    import_keras()
    text = written(page.read_text(encoding="utf-8"))
    with replacing(page) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
