"""`python -m labs`: the labs, and the commands that work on any of them."""

from labs.cli.main import run_labs

run_labs()
