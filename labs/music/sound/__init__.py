"""Tunes as sound and files: a performance with ornaments and repeats, a synthesiser in NumPy, a page."""
