"""`python -m labs.translation`."""

from labs.cli.main import run_lab

run_lab("translation")
