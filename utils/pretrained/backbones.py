"""Backbones pretrained on ImageNet: the list of them, the sources of their weights, their preprocessing.

Weights are searched for in this order: the file that the caller names, Keras's cache, then as for any data set of the
catalogue: this project's cache, a mirror, the network. A backbone never has random weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.base.atomic_files import sha256
from utils.base.errors import CallerError, UnobtainableError
from utils.base.paths import from_environment
from utils.datasets.catalog import Entry, find
from utils.datasets.locate import look
from utils.datasets.obtain import fetch

if TYPE_CHECKING:
    import keras

from utils.base.choices import BackboneName

CLASSES = 1000
CLASS_NAMES = "imagenet"
"""The catalogue's entry with the names of ImageNet's classes."""


@dataclass(frozen=True)
class Backbone:
    """A network trained on ImageNet. The catalogue has the location, digest, licence and citation of its weights.

    Attributes:
        name: its name, also in the catalogue.
        side: side of the images that it was trained on, in pixels.
        scale: with `offset`, its preprocessing: red, green and blue levels times `scale` plus `offset`.
        offset: one number, or one for each colour.
        features: number of outputs of its last pooling.
        stages: the last layers of its stages (blocks with the same number of filters), from the first stage on.
        late: the last of them before the smallest feature maps; fine-tuning may start after it.
        early: an earlier one; nine tenths of the weights are after it.
        build: function of a side in pixels and a file of weights that returns the network (scaled images to 1,000
            logits).
        blue_first: whether the order of its channels is blue, green, red.
    """

    name: BackboneName
    side: int
    scale: float
    offset: float | tuple[float, float, float]
    features: int
    stages: tuple[str, ...]
    late: str
    early: str
    build: Callable[[int, Path], keras.Model]
    blue_first: bool = False

    @property
    def entry(self) -> Entry:
        """The catalogue's entry for its weights."""
        return find(self.name)


@dataclass(frozen=True)
class Weights:
    """A local file of weights: its backbone, where it was found, its SHA-256."""

    backbone: Backbone
    path: Path
    found: str
    digest: str


def _lite0(side: int, weights: Path) -> keras.Model:
    from utils.pretrained import efficientnet_lite0
    from utils.pretrained.torch_reader import read_tensors

    tensors = read_tensors(weights)
    model = efficientnet_lite0.build(side)
    efficientnet_lite0.fill(model, tensors)
    return model


def _application(name: str) -> Callable[[int, Path], keras.Model]:
    """The builder of a network of `keras.applications`."""

    def build(side: int, weights: Path) -> keras.Model:
        import keras

        kind = getattr(keras.applications, name)
        model = kind(weights=None, input_shape=(side, side, 3), classifier_activation=None)
        try:
            model.load_weights(weights)
        except Exception as error:  # h5py and Keras raise nearly any exception
            raise CallerError(
                f"{weights}: these are not the weights of {name} ({' '.join(str(error).split())[:80]})",
                "give the .h5 file with the top that keras.applications downloads",
            ) from None
        return model

    return build


BACKBONES: dict[str, Backbone] = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            name="efficientnet-lite0",
            side=224,
            scale=1 / 128,
            offset=-127 / 128,
            features=1280,
            stages=("block_2_sum", "block_4_sum", "block_7_sum", "block_10_sum", "block_14_sum"),
            late="block_10_sum",
            early="block_7_sum",
            build=_lite0,
        ),
        Backbone(
            name="mobilenet-v2",
            side=224,
            scale=1 / 127.5,
            offset=-1.0,
            features=1280,
            stages=("block_2_add", "block_5_add", "block_9_add", "block_12_add", "block_15_add"),
            late="block_12_add",
            early="block_9_add",
            build=_application("MobileNetV2"),
        ),
        Backbone(
            name="efficientnet-v2-b0",
            side=224,
            scale=1.0,  # it has its own scaling layer
            offset=0.0,
            features=1280,
            stages=("block2b_add", "block3b_add", "block4c_add", "block5e_add", "block6h_add"),
            late="block5e_add",
            early="block4c_add",
            build=_application("EfficientNetV2B0"),
        ),
        Backbone(
            name="resnet50",
            side=224,
            scale=1.0,
            offset=(-123.68, -116.779, -103.939),
            features=2048,
            stages=("conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"),
            late="conv4_block6_out",
            early="conv3_block4_out",
            build=_application("ResNet50"),
            blue_first=True,
        ),
    )
}
"""Backbones by name; the first one needs no network."""


def obtain(name: str, weights: Path | None = None) -> Weights:
    """The weights of a backbone: from the given file, Keras's cache, this project's cache, a mirror or the network.

    Raises:
        CallerError: the file cannot be read, or no source has them.
        CheckError: a packaged file has another digest than the catalogue.
    """
    backbone = BACKBONES[name]
    if weights is not None:
        if not weights.is_file():
            raise CallerError(f"--weights {weights}: there is no such file", f"give the file with {name}'s weights")
        return Weights(backbone, weights, "your file", sha256(weights))
    kept = _in_keras_cache(backbone.entry)
    if kept is not None:
        return Weights(backbone, *kept)
    try:
        obtained = fetch(backbone.entry)
    except UnobtainableError as error:
        raise CallerError(
            error.message, f"--backbone {next(iter(BACKBONES))} needs no network; or give --weights FILE"
        ) from error
    return Weights(backbone, obtained.paths[0], obtained.found, obtained.digest)


def _in_keras_cache(entry: Entry) -> tuple[Path, str, str] | None:
    """The file that `keras.applications` downloads, if it is there and has the right digest."""
    home = from_environment("KERAS_HOME") or Path.home() / ".keras"
    (file,) = entry.files
    found = look(file, home / "models" / file.name, "Keras's cache") if entry.origin == "files" else None
    return None if found is None else (found.paths[0], found.where, found.digest)


def load(weights: Weights, side: int | None = None) -> keras.Model:
    """The backbone from raw pixels to logits, flat, with its normalization folded into its convolutions.

    Args:
        weights: its weights.
        side: side of the images, in pixels; defaults to that of the backbone.

    Returns:
        (batch, side, side, 3) pixels to (batch, 1000), frozen; its layers keep their names.

    Raises:
        CallerError: the file is damaged or of another network.
    """
    import keras

    from utils.pretrained.fold_batchnorm import folded

    side = side or weights.backbone.side
    network = weights.backbone.build(side, weights.path)
    pictures = keras.Input((side, side, 3), dtype="uint8", name="pictures")
    scaled = preprocessed(weights.backbone, pictures)
    whole = folded(keras.Model(pictures, network(scaled), name=weights.backbone.name))
    whole.trainable = False
    return whole


def preprocessed(backbone: Backbone, pictures: Any) -> Any:
    """Preprocess pixels in red, green and blue, (batch, side, side, 3), for the backbone."""
    import keras
    import numpy as np

    from utils.networks.blocks import combinations

    values = keras.layers.Rescaling(backbone.scale, backbone.offset, name="pixels")(pictures)
    return combinations(values, np.eye(3)[::-1], name="blue_first") if backbone.blue_first else values


FEATURES, LEVELS, BOTH, LOGITS = "features", "levels", "features_and_levels", "logits"
"""Outputs of a backbone besides those of its layers; see `output`."""


def output(backbone: Backbone, model: keras.Model, name: str) -> Any:
    """An output of a loaded backbone.

    Args:
        backbone: the backbone.
        model: from `load`.
        name: `features` (output of its last pooling), `levels` (means over the image of the last layers of its stages,
            concatenated), `features_and_levels` (the two, concatenated), `logits`, or the name of a layer.
    """
    import keras

    if name == LOGITS:
        return model.output
    if name == FEATURES:
        pools = [layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D)]
        return pools[-1].output
    if name in (LEVELS, BOTH):
        first = [output(backbone, model, FEATURES)] if name == BOTH else []
        # Layers of one model need different names, and both outputs may be computed in one pass.
        means = [
            keras.layers.GlobalAveragePooling2D(name=f"{name}_{stage}")(model.get_layer(stage).output)
            for stage in backbone.stages
        ]
        return keras.layers.Concatenate(name=name)([*first, *means])
    return model.get_layer(name).output


def class_names() -> list[str] | None:
    """The class names of ImageNet, by class number, or None if they are not available."""
    entry = find(CLASS_NAMES)
    kept = _in_keras_cache(entry)
    try:
        path = kept[0] if kept else fetch(entry).paths[0]
    except CallerError:
        return None
    listed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return [listed[str(number)][1].replace("_", " ") for number in range(CLASSES)]
