"""Regression tests of trained metrics: trials, bands, verdicts, parallel execution."""
