"""Irish tunes: a recurrent network that writes music in ABC notation, held against an n-gram, tune by tune.

Problem: the next character of a tune in ABC notation, for whoever wants new tunes in an old style.
Data:    oneills, 2,009 tunes (O'Neill's Music of Ireland), in the package music21; split by tune and its variants, 10 %
         test. Also ryans and irish (MIT 6.S191).
Model:   course: embedding of 256, one LSTM of 256, dense (MIT 6.S191, whose 1,024 units are the preset mit). best: a
         wider LSTM with dropout, on tunes in several keys.
Target:  bits a character on whole held-out tunes: best ≥ 0.60, course ≥ 0.40 under an interpolated 5-gram; of best's
         tunes ≥ 90 % parse, ≥ 70 % have all inner bars right.
Quality: best 1.60 bits per character, 1.07 below the 5-gram; course 1.92 ± 0.03, 0.74 below it; of the tunes of best,
         100.0% parse and 74.5% have only correct inner bars.
Time:    course 92 s, best 12 minutes (wall time on two cores).
Command: python -m labs.music
"""
