"""Texts as sequences of symbols: vocabularies, padding, windows."""
