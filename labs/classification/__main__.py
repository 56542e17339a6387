"""`python -m labs.classification`."""

from labs.cli.main import run_lab

run_lab("classification")
