"""A simulator of chest radiographs (SIMULATED data)."""
