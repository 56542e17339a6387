"""What the labs share, in layers: a module imports only from layers below its own.

4  harness (fit, evaluate, save: the one way through)   checker
3  training   export   explain   figures   report   runs
2  lab   pipelines   builders   baselines   metrics
1  loaders   splits
0  catalog   config   errors   files   quiet

Nothing here imports `labs`.
"""
