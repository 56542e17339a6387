"""What is reported of a trained network: decoded translations, attention, figures."""
