"""`python -m labs.music`."""

from labs.cli import run_lab

run_lab("music")
