"""Scans of model files before they are opened: nothing in them may be executed."""
