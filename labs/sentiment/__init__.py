"""Movie reviews: is a text negative or positive, and which words decide it."""
