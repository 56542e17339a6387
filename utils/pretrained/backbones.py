"""Networks that have learned ImageNet, to build on: which there are, where their weights come from, what they take.

Weights are looked for in this order: the file that the caller names, Keras's own cache, then as any data set of the
catalogue: this project's cache, a mirror, the network. Without them there is no backbone: none is ever made of random
weights.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.base.atomic_files import sha256
from utils.base.errors import CallerError, UnobtainableError
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
    """A network trained on ImageNet. The catalogue says where its weights are, their digest, licence and citation.

    Attributes:
        name: also of its entry in the catalogue.
        side: of the images that it was trained on, pixels.
        scale: with `offset`, its preprocessing: red, green and blue levels times `scale` plus `offset`.
        offset: one number, or one for each colour.
        features: how many numbers its last pooling gives.
        stages: the layers at whose ends its images have been looked at with one width of filters, from the first on.
        late: of those, the last before the image shrinks to its smallest; fine-tuning may begin behind it.
        early: one before that, behind which lie nine in ten of the weights.
        build: from a side in pixels and a file of weights to the network: scaled images to 1,000 logits.
        blue_first: whether it takes blue, green, red.
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
        """What the catalogue says of its weights."""
        return find(self.name)


@dataclass(frozen=True)
class Weights:
    """A file of weights that is here: of which backbone, where it was found, its SHA-256."""

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
        except Exception as error:  # h5py and Keras raise nearly every kind
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
            scale=1.0,  # it scales by itself
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
"""By name; the first needs no network."""


def obtain(name: str, weights: Path | None = None) -> Weights:
    """The weights of a backbone: the file given, else from Keras's cache, this project's cache, a mirror, the network.

    Raises:
        CallerError: the file cannot be read, or no source has them.
        CheckError: a packaged file is not what the catalogue names.
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
    """The file where `keras.applications` keeps what it has downloaded, if it is there and is the right one."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    (file,) = entry.files
    found = look(file, home / "models" / file.name, "Keras's cache") if entry.origin == "files" else None
    return None if found is None else (found.paths[0], found.where, found.digest)


def load(weights: Weights, side: int | None = None) -> keras.Model:
    """The backbone from raw pixels to logits, flat, its normalisation folded into its convolutions.

    Args:
        weights: of it.
        side: of the images, pixels; the backbone's own where none is given.

    Returns:
        (batch, side, side, 3) levels to (batch, 1000), frozen; its layers keep their names.

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
    """Levels of red, green and blue, (batch, side, side, 3), as the backbone takes them."""
    import keras
    import numpy as np

    from utils.networks.blocks import combinations

    values = keras.layers.Rescaling(backbone.scale, backbone.offset, name="pixels")(pictures)
    return combinations(values, np.eye(3)[::-1], name="blue_first") if backbone.blue_first else values


FEATURES, LEVELS, LOGITS = "features", "levels", "logits"
"""What a backbone may be asked for, beside the outputs of its layers by their names: see `output`."""


def output(backbone: Backbone, model: keras.Model, name: str) -> Any:
    """A tensor of a loaded backbone.

    Args:
        backbone: whose.
        model: from `load`.
        name: `features`, what its last pooling gives; `levels`, the means over the image at the ends of its stages,
            side by side; `logits`; or a layer.
    """
    import keras

    if name == LOGITS:
        return model.output
    if name == FEATURES:
        pools = [layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D)]
        return pools[-1].output
    if name == LEVELS:
        means = [
            keras.layers.GlobalAveragePooling2D(name=f"mean_of_{stage}")(model.get_layer(stage).output)
            for stage in backbone.stages
        ]
        return keras.layers.Concatenate(name=LEVELS)(means)
    return model.get_layer(name).output


def class_names() -> list[str] | None:
    """The names of ImageNet's classes by their number, or None if they are not available."""
    entry = find(CLASS_NAMES)
    kept = _in_keras_cache(entry)
    try:
        path = kept[0] if kept else fetch(entry).paths[0]
    except CallerError:
        return None
    listed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return [listed[str(number)][1].replace("_", " ") for number in range(CLASSES)]
