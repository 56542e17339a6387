"""Building blocks of networks, compiling, explanations, and two faster training steps."""
