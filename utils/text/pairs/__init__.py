"""Pairs of texts, one of which is translated into the other: tokens, batches, losses, and the classical method."""
