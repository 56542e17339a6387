"""The text that pages and cards take from the recorded measurements."""
