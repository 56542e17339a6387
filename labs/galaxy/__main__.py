"""`python -m labs.galaxy`."""

from labs.cli import run_lab

run_lab("galaxy")
