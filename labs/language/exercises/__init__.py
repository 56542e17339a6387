"""The exercises of the notebooks on language, one module per notebook."""
