"""`python -m labs.word_vectors`."""

from labs.cli.main import run_lab

run_lab("word_vectors")
