"""Drills: what a killed process, a full disk, an exhausted memory or an invalid input leave behind.

`make drills` runs all of them and records the outcomes; `make test` runs a few of each kind (tests/faults).
"""
