"""`python -m labs.sentiment`."""

from labs.cli.main import run_lab

run_lab("sentiment")
