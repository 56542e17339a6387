"""Figures."""
def draw(fitted, evaluation):
    return {}
