"""Grading without trust: the student's code runs in a process of its own, and only values come back from it."""
