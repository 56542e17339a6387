"""Labs and their runs: the contract, the harness, run folders, records, model cards."""
