"""Exported models: file formats, predictors, a safety scan, and a parity check in a fresh process."""
