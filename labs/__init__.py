"""Deep-learning course labs. Each package is one lab: `python -m labs.<name>` runs it, its docstring is its card."""

NAMES = ("regression",)
"""The labs, in the order in which `python -m labs` lists them. A new lab is one more name here."""
