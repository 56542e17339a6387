"""Tools of the notebooks: prose with numbers of a run, checking answers, costs of layers."""
