"""The process of one trial: `python -m utils.gate.trial_process RESULT`, with the trial as JSON on standard input.

It ends when standard input is closed, which happens when the process that started it ends in any way.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from utils.base.atomic_files import write_json
from utils.gate.trial import Trial, run

LOST_STATUS = 3


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(LOST_STATUS)


def main() -> None:
    """Run the trial and write its outcome to the file."""
    trial = Trial(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    write_json(Path(sys.argv[1]), run(trial))


if __name__ == "__main__":
    main()
