"""`python -m labs.language`."""

from labs.cli.main import run_lab

run_lab("language")
