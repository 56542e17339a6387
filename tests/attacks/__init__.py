"""Files that attack, made by the tests: opening a file does not execute it."""
