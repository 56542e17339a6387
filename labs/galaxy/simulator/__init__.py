"""A simulator of survey images of galaxies (SIMULATED data)."""
