"""What the labs share, in layers: a module imports only from layers below its own.

7  harness (fit, evaluate, save: the one way through)
6  parity   runs
5  training   export   explain   figures   report   folders
4  contracts (Lab and what training gives back)
3  pipelines   builders   optimizers   baselines
2  loaders   splits   metrics   simulators
1  catalog   config
0  errors   files   quiet

Nothing here imports `labs`.
"""
