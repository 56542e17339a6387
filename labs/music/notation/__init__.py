"""Tunes in ABC notation: text, keys, transposition, reading with music21, and evaluation as music."""
