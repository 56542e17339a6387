"""`python -m labs`: the labs, and the commands that work on any of them."""

from labs.cli import run_labs

run_labs()
