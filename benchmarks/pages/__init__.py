"""Writes the recorded measurements into the pages and the labs' cards."""
