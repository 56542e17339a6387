"""The beginning of the first cell of every notebook: find the checkout, or install the wheel where there is none."""

from __future__ import annotations

import re

WHEEL_URL = ""
"""The URL of the wheel for hosted notebooks; set it here, then `make notebooks` writes it into all of them."""

FIND_OR_INSTALL = """\
# A checkout needs none of this. In a hosted notebook: upload the wheel to this folder, or give its URL here.
WHEEL_URL = "{url}"
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

for folder in (Path.cwd(), *Path.cwd().parents):
    if (folder / "labs" / "{lab}").is_dir():  # a checkout: work from its top folder
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        break
if importlib.util.find_spec("labs") is None:
    uploaded = [wheel.as_uri() for wheel in Path.cwd().glob("keras_labs-*.whl")]
    requirement = f"keras-labs[{lab}] @ {{[*uploaded, WHEEL_URL][0]}}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", requirement], check=True)

"""


def with_installation(setup: str, url: str = WHEEL_URL) -> str:
    """The first cell with its common beginning.

    Args:
        setup: the first cell of a script, which imports a lab.
        url: see `WHEEL_URL`.
    """
    found = re.search(r"from labs\.(\w+)", setup)
    assert found is not None, "the first cell imports no lab"
    return FIND_OR_INSTALL.format(url=url, lab=found[1]) + setup
