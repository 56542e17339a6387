"""`python -m labs.transfer`."""

from labs.cli import run_lab

run_lab("transfer")
