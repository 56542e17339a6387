"""The companion notebooks: scripts to read and edit, the notebooks made from them, and `python -m notebooks`."""
