"""`python -m labs.classification`."""

from labs.cli import run_lab

run_lab("classification")
