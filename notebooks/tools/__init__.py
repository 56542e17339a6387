"""From script to notebook: made, run, checked, stripped of its solutions, and handed to a grader."""
