"""`python -m labs.pneumonia`."""

from labs.cli.main import run_lab

run_lab("pneumonia")
