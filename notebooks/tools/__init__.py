"""From script to notebook: made, run, checked, and stripped of its solutions."""
