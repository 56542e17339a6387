"""word2vec: the gradients of negative sampling by hand, and the training of a whole epoch in one graph."""
