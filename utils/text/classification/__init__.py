"""Classifying texts: n-grams of words, linear models, batches of padded texts, explanations of a prediction."""
