"""`python -m labs.galaxy`."""

from labs.cli.main import run_lab

run_lab("galaxy")
