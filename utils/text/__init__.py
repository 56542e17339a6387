"""Texts as sequences of symbols: vocabularies, padding, windows, n-grams and generation."""
