"""The pairs of texts: generated, or read from files."""
