"""Generating sequences with a next-symbol model, one symbol at a time."""
