"""What the notebooks use: prose filled from a run, judging answers, layer costs."""
