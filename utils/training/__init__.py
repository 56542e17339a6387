"""Training: batches, the compiled loop, checkpoints, phases, results."""
