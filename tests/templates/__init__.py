"""Small labs outside the suite: what it takes to add one, without a change to utils."""
