"""Irish tunes: a recurrent network that writes music in ABC notation, compared with an n-gram model.

Problem: predict the next character of a tune in ABC notation, to generate new tunes in an old style.
Data:    oneills, 2,009 tunes (O'Neill's Music of Ireland), in the package music21; 10 % of the families of
         variants held out. Also ryans and irish (MIT 6.S191).
Model:   course: embedding of 256, one LSTM of 256, dense (MIT 6.S191, whose 1,024 units are the preset mit). best: a
         wider LSTM with dropout, on tunes in several keys.
Target:  bits per character on whole held-out tunes: best ≥ 0.60, course ≥ 0.40 below an interpolated 8-gram; of the
         tunes of best, ≥ 90 % parse and ≥ 70 % have only correct inner bars.
Quality: best 1.60 bits per character, 1.07 below the 5-gram; course 1.92 (1.90–1.93), 0.74 below it; of the tunes of
         best, 100.0% parse and 74.5% have only correct inner bars.
Time:    course 92 s, best 9 minutes (wall time on two cores).
Command: python -m labs.music
"""
