"""SIMULATED pictures with labels, for labs whose real data cannot be had: chest radiographs and galaxies.

Each simulator has `CLASS_NAMES`, `VERSION` (raised whenever its pictures change), `draw_parameters(generator, label)`,
`render(parameters, size)` and `simulate(number, seed)`.
"""
