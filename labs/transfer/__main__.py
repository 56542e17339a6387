"""`python -m labs.transfer`."""

from labs.cli.main import run_lab

run_lab("transfer")
