"""What the labs share, in layers: a module imports only from layers below its own.

12 cluster   verdicts
11 bands
10 trials
9  harness (fit, evaluate, save: the one way through)
8  parity   runs   layers   picture_figures   sweep_figures   phases   notebook (prose filled from the run)   checks
7  training   export   explain   figures   report   folders   features
6  contracts (Lab and what training gives back)   backbones   averaging
5  pipelines   builders   optimizers   losses   baselines   recurrent   windows   folding   lite0
4  pictures   classification   binary   sequences   replay
3  store   splits   metrics   simulated
2  downloads   places   augment   simulators
1  catalog   config   archives   tables   arrays   decoding   on_disk   torch_files
0  errors   files   quiet   output   scales   machine

Nothing here imports `labs`.
"""
