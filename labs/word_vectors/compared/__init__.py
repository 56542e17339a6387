"""Other word vectors of the same words, to compare with: counting, gensim and GloVe."""
