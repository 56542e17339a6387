"""`python -m labs.pneumonia`."""

from labs.cli import run_lab

run_lab("pneumonia")
