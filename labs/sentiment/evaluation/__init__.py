"""What a run of the sentiment lab is examined for: explanations, lengths, errors and negation."""
