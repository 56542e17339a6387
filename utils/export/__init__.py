"""Exports of a model: formats, predictors, a safety scan, parity in a fresh process."""
