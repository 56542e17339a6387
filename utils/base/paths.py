"""Folders of the project, paths in environment variables, and files of a user's folder.

In a checkout the project's folders are beside the packages, in an installed wheel inside `utils`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from utils.base.errors import CallerError

PACKAGE = Path(__file__).resolve().parents[1]
"""The package `utils`."""
ROOT = PACKAGE.parent
"""The folder from which `labs` and `utils` are imported: the checkout, or `site-packages`."""


def _packed(name: str, in_checkout: str) -> Path:
    """A folder that the wheel carries inside `utils`, and that a checkout has elsewhere."""
    packed = PACKAGE / name
    return packed if packed.is_dir() else ROOT / in_checkout


DATA = _packed("_data", "data")
"""The catalogue and the embedded data sets."""
BANDS = _packed("_bands", "models/bands")
"""The reference metrics."""
PRETRAINED = _packed("_pretrained", "models/pretrained")
"""Trained networks that come with the project: runs of its labs, each with the model as `.keras` only."""
EXERCISES = _packed("_exercises", "notebooks/exercises")
"""The notebooks without solutions."""


def child_environment() -> dict[str, str]:
    """The environment for a process that imports `labs` and `utils` from where this one does, in any folder.

    Python does not put the current folder first there (PYTHONSAFEPATH): a `utils.py` in it would hide this package.
    """
    here = [str(Path.cwd())] if "" in sys.path or str(Path.cwd()) in sys.path else []  # may have a lab of the user
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")]), *here]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}


def from_environment(variable: str) -> Path | None:
    """The path in an environment variable, with `~` and other variables expanded; None if it is unset or empty.

    Raises:
        CallerError: it contains an unset variable or the home folder of an unknown user.
    """
    text = os.environ.get(variable)
    return Path(expanded(text, variable)) if text else None


def expanded(text: str, variable: str) -> str:
    """A path from an environment variable with `~` and other variables expanded; errors as of `from_environment`."""
    path = os.path.expanduser(os.path.expandvars(text))  # noqa: PTH111 - Path removes a slash at the end
    unset = re.match(r"~[^/\\]*", path) or re.search(r"\$(\w+|\{[^}]*\})", path)
    if unset and not Path(path).exists():
        raise CallerError(f"{variable}={text}: {unset[0]} is not known", "write the whole path, or unset it")
    return path


CLUTTER = frozenset(
    {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "#recycle", "$recycle.bin"}
    | {"system volume information", "lost+found", "__pycache__"}
)
"""Names, in lower case, of files and folders that systems put beside a user's files."""


def is_clutter(path: Path) -> bool:
    """Whether a name is hidden (`._x.jpg`, `.DS_Store`, `.ipynb_checkpoints`) or one that systems leave behind."""
    return path.name.startswith(".") or path.name.lower() in CLUTTER


def files_below(folder: Path) -> Iterator[Path]:
    """All files of a folder and of the folders in it, sorted by folder, without those that systems leave behind."""
    for path in sorted(folder.iterdir()):
        if is_clutter(path):
            continue
        if path.is_dir():
            if not path.is_symlink():  # it may lead back
                yield from files_below(path)
        elif path.is_file():
            yield path


def printable(text: str) -> str:
    """A text without lone surrogates: bytes of a file name that are not UTF-8 are written as `\\xe9`."""
    return re.sub("[\ud800-\udfff]", _escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
