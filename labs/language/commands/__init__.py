"""The commands of the language lab: write, adapt, induction, and what they are made of."""
