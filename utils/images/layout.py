"""What the folders of a folder of images are: classes, or splits with a folder per class in each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from utils.base.console import say
from utils.base.errors import CallerError
from utils.base.paths import files_below, is_clutter, printable
from utils.images.decode import is_picture, unreadable

SUFFIXES = {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif", ".ppm", ".pgm"}
"""Files of these names are images, which may be damaged. Other files are images if their content is."""
_ROLES = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test"),
    **dict.fromkeys(("val", "valid", "validate", "validation", "dev"), "validation"),
}
_FILLERS = ("set", "sets", "data", "dataset", "images", "imgs", "split", "seg", "folder")
"""Words beside the name of a split, as in `seg_train` and `training_set`."""
_UNLABELLED = re.compile(r"pred|unlabel|unsup|unknown|submission|infer", re.IGNORECASE)


@dataclass
class Layout:
    """The image files of a folder.

    Attributes:
        files: (file, class, split); the split is `train`, `validation`, `test`, or empty if the folder has none.
        left_out: the reason for each file that is not an image.
    """

    files: list[tuple[Path, str, str]] = field(default_factory=list)
    left_out: dict[Path, str] = field(default_factory=dict)

    def add(self, folder: Path, split: str, reported: Path) -> None:
        """Add the images of a class.

        Raises:
            CallerError: there are none.
        """
        before = len(self.files)
        for path in files_below(folder):
            if _is_image(path):
                self.files.append((path, printable(folder.name), split))
            else:
                self.left_out[path] = unreadable(path)
        if len(self.files) == before:
            raise CallerError(
                f"--data-dir {reported}: the folder {folder.relative_to(reported)} has no image",
                f"put images into it, or remove it; known extensions: {', '.join(sorted(SUFFIXES))}",
            )


def role(name: str) -> str:
    """The split that a folder's name means (`Train`, `training_set`, `seg_test`, `val2017`); empty if it means none."""
    words = [word for word in re.split(r"[^a-z]+", name.lower()) if word and word not in _FILLERS]
    if len(words) != 1:
        return ""
    ends = "|".join(_FILLERS)
    return _ROLES.get(words[0], "") or _ROLES.get(re.sub(rf"({ends})$", "", words[0]), "")


def read_layout(root: Path) -> Layout:
    """The images of a folder: `<class>/**/<image>`, or `train/<class>/…` and `test/<class>/…`.

    Names of splits may have other forms (see `role`), and folders that contain nothing but one folder are passed
    through. Splits without class folders and folders that are no splits beside some are reported and left out.

    Raises:
        CallerError: a class has no image, one of the splits is missing, or it is not clear whether the folders are
            classes or splits.
    """
    layout = Layout()
    top = _unwrapped(root)
    parts = _folders(top)
    if not any(role(path.name) for path in parts):
        _report_stray(root, top)
        for folder in parts:
            layout.add(folder, "", root)
        return layout
    for split, path in _splits(root, parts):
        _report_stray(root, _unwrapped(path))
        for folder in _class_folders(path):
            layout.add(folder, split, root)
    _check_classes(root, layout)
    return layout


def _report_stray(root: Path, folder: Path) -> None:
    """Report images that are beside the class folders."""
    stray = [file for file in folder.iterdir() if file.is_file() and not is_clutter(file) and _is_image(file)]
    if stray:
        say(f"note: {folder.relative_to(root.parent)}: {len(stray)} images are in no class folder; they are left out")


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES or is_picture(path)


def _folders(path: Path) -> list[Path]:
    return [folder for folder in sorted(path.iterdir()) if folder.is_dir() and not is_clutter(folder)]


def _has_images(path: Path, *, directly: bool = False) -> bool:
    files = (file for file in path.iterdir() if file.is_file() and not is_clutter(file))
    return any(map(_is_image, files if directly else files_below(path)))


def _class_folders(path: Path) -> list[Path]:
    """The folders with images of a split, below folders that contain nothing but one folder."""
    return [folder for folder in _folders(_unwrapped(path)) if _has_images(folder)]


def _unwrapped(path: Path) -> Path:
    """The folder itself, or the one in it, if that is all it contains and has the folders of splits or classes."""
    inner = _folders(path)
    if len(inner) != 1 or _has_images(path, directly=True):
        return path
    if role(inner[0].name) and role(inner[0].name) != role(path.name):
        return path
    found = _unwrapped(inner[0])
    return found if len(_folders(found)) > 1 else path


def _splits(root: Path, parts: Sequence[Path]) -> list[tuple[str, Path]]:
    """The splits with class folders, with their names. What is left out is reported."""
    named = [path for path in parts if role(path.name)]
    trained = {folder.name for path in named if role(path.name) == "train" for folder in _class_folders(path)}
    labelled = [path for path in named if trained & {folder.name for folder in _class_folders(path)}]
    others = [path for path in parts if path not in named and _has_images(path)]
    doubtful = [path.name for path in others if not _UNLABELLED.search(path.name)]
    roles = {role(path.name) for path in labelled}
    if len(trained) < 2 or (doubtful and len(roles) < 2):
        _refuse(root, named, doubtful, trained)
    for path in named:
        if path not in labelled and len(_class_folders(path)) > 1:
            raise CallerError(
                f"--data-dir {root}: {path.name} has the folders {_listed(_class_folders(path))}, but the training "
                f"images are in {', '.join(sorted(trained))}",
                "give the folders of a class the same name in each split",
            )
    unlabelled = [path for path in named if path not in labelled and _has_images(path)]
    _report(root, unlabelled, others)
    found = [(role(path.name), path) for path in labelled]
    if roles == {"train"} and not unlabelled:
        raise CallerError(
            f"--data-dir {root}: there are {_listed(named)}, but not both train and test",
            "name the folder of test images test/, or give a folder with one folder per class",
        )
    return _with_test(root, found, unlabelled)


def _with_test(root: Path, found: list[tuple[str, Path]], unlabelled: Sequence[Path]) -> list[tuple[str, Path]]:
    """The splits; where there is no test folder at all, validation is the test split, as in PyTorch's tutorials."""
    if "test" in (split for split, _ in found):
        return found
    if any(role(path.name) == "test" for path in unlabelled):
        say("note: the test rows are taken from train, because the test images have no classes")
        return found
    name = next((path.name for split, path in found if split == "validation"), "")
    if not name:
        say("note: the test rows are taken from train, because there are no test images")
        return found
    say(f"note: {root} has no test images; {name} is the test split, and validation is a part of train")
    return [("test" if split == "validation" else split, path) for split, path in found]


def _report(root: Path, unlabelled: Sequence[Path], others: Sequence[Path]) -> None:
    for path in unlabelled:
        count = sum(map(_is_image, files_below(path)))
        say(f"note: {path.relative_to(root)}: its {count} images are in no class folder; they are left out")
    for path in others:
        say(f"note: {path.relative_to(root)} is not a split and is left out")


def _refuse(root: Path, named: Sequence[Path], others: Sequence[str], trained: set[str]) -> None:
    """Report that folders may be splits or classes, with both readings."""
    splits = _listed(named)
    if not others and trained:
        raise CallerError(
            f"--data-dir {root}: 1 class of images in {splits}",
            "give at least two folders of images, one for each class, in each split",
        )
    if not others and not any(role(path.name) == "train" for path in named):
        raise CallerError(
            f"--data-dir {root}: there are {splits}, but not both train and test",
            "name the folder of training images train/, or give a folder with one folder per class",
        )
    beside = f", and {', '.join(others)} beside" if others else ""
    raise CallerError(
        f"--data-dir {root}: it is not clear whether the folders are splits ({splits}{beside}) or classes",
        "if they are splits, put one folder per class into train and test, and nothing else beside; if they are "
        f"classes, rename {splits}",
    )


def _check_classes(root: Path, layout: Layout) -> None:
    """Refuse a class that has images in another split and none in training."""
    trained = {name for _, name, split in layout.files if split == "train"}
    for path, name, split in layout.files:
        if name not in trained:
            raise CallerError(
                f"--data-dir {root}: the class {name} has images in {split} ({path.relative_to(root)}), none in train",
                "give the folders of a class the same name in each split",
            )


def _listed(paths: Sequence[Path]) -> str:
    return " and ".join(path.name for path in paths)
