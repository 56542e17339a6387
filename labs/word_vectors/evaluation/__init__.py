"""What the vectors are evaluated on: judgements of people, analogies, and the bias that they take from the text."""
