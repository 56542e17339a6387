"""`python -m labs.foundations`."""

from labs.cli.main import run_lab

run_lab("foundations")
