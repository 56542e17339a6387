"""`python -m labs.regression`."""

from labs.cli.main import run_lab

run_lab("regression")
