"""Neural networks in NumPy.

Read in this order: activations, losses, initializers, layers, optimizers, batches, training.
Then `autodiff`, with which the same networks are written again without a backward pass.
"""
