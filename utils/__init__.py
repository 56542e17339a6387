"""What the labs share, in packages: a package imports only from those above it in `ORDER`, and none imports `labs`."""

ORDER = (
    "base",
    "datasets",
    "images",
    "metrics",
    "networks",
    "training",
    "text",
    "teaching",
    "pretrained",
    "export",
    "figures",
    "runs",
    "gate",
)
"""The packages, from those that import nothing of the others to those that may import all."""
