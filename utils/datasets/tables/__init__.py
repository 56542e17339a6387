"""Tables of numbers and words in files: CSV in any dialect, and NumPy arrays."""
