"""What every package builds on: errors, configs, paths, console output, atomic files."""

import os

# OpenCV reads it once, when it is imported: an image of more pixels (utils/images/decode.py) is not decoded by it.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "100000000")
