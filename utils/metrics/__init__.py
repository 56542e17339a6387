"""Metrics with bootstrap intervals, and the baselines that a network has to beat."""
