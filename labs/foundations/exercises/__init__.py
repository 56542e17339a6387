"""The exercises of the notebooks on foundations, one module per notebook."""
