"""The command line of the labs."""
