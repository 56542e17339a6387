"""Figures, drawn under the project's own settings: a user's `matplotlibrc` or style changes nothing."""

import matplotlib

matplotlib.rcdefaults()  # Matplotlib's defaults, except for the backend
