"""What the labs share, in layers: a module imports only from layers below its own.

5  harness (fit, evaluate, save: the one way through)
4  training   export   parity   explain   figures   report   runs
3  contracts (Lab and what training gives back)
2  pipelines   builders   baselines   metrics
1  loaders   splits
0  catalog   config   errors   files   quiet

Nothing here imports `labs`.
"""
