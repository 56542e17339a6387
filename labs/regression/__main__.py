"""`python -m labs.regression`."""

from labs.cli import run_lab

run_lab("regression")
