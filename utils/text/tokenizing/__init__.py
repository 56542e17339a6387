"""Dividing a text into tokens: characters, byte pairs or words, compared by what they cost per character."""
