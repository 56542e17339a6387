"""`python -m labs.music`."""

from labs.cli.main import run_lab

run_lab("music")
