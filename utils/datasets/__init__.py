"""Data sets: the catalogue, where files are, how they are obtained, read and split."""
