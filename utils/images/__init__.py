"""Images: decoding, folders of images, augmentation, shapes for simulators."""
