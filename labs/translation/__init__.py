"""One sequence into another: an encoder, a decoder and attention, on dates, numbers, letters and sentences.

Problem: translate a date as people write it into ISO 8601, English numbers into French, or German into English.
Data:    dates, GENERATED from CLDR's formats in three languages; numbers, reverse, sort, GENERATED too; multi30k and
         your own pairs. A text of the test split is in no pair of training.
Model:   course: bidirectional LSTM, dot-product attention (Luong), LSTM decoder, on characters. Also without attention
         (Udacity's seq2seq), with additive attention (Bahdanau), and a transformer.
Target:  exact match on unseen dates: course ≥ 0.98, best ≥ 0.999; multi30k German–English: BLEU ≥ 32.
Quality: exact match on dates: course 1.0000 (0.9990–1.0000), best 1.0000; multi30k German to English, best: BLEU 37.6
         (1 seed).
Time:    course 50 s, best 210 s on one core; multi30k 1237 s on one core (wall time, on two cores where nothing else
         is said).
Command: python -m labs.translation
"""
