"""The embedded data sets are what the script makes from a mirror."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools import embed
from utils.base.errors import CallerError
from utils.datasets.catalog import catalogue, data_folder, find
from utils.images.decode import read_picture


def embedded(name: str) -> Path:
    (file,) = find(name).files
    return data_folder() / file.name


def test_every_file_of_the_folder_is_in_the_catalogue_and_in_the_attribution() -> None:
    files = {path.name for path in data_folder().iterdir()} - {"catalog.toml", "README.md"}
    entries = [entry for entry in catalogue().values() if entry.origin == "embedded"]
    assert files == {file.name for entry in entries for file in entry.files}
    assert set(embed.MADE) == {entry.name for entry in entries} - {"concrete"}
    attribution = (data_folder() / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(files) if f"| `{name}` |" not in attribution] == []


@pytest.mark.real_data
@pytest.mark.parametrize("name", [name for name in embed.MADE if name != "chest-xray-128"])
def test_the_files_are_those_of_the_mirror(name: str, mirror: Path, tmp_path: Path) -> None:
    embed.MADE[name](mirror, tmp_path / "made")
    made, ours = (tmp_path / "made").read_bytes(), embedded(name).read_bytes()
    if embedded(name).suffix == ".gz":  # another zlib may compress in another way
        made, ours = gzip.decompress(made), gzip.decompress(ours)
    assert made == ours


@pytest.mark.real_data
def test_the_radiographs_are_those_of_the_mirror(mirror: Path) -> None:
    """All names, and the bytes of one radiograph in sixty."""
    originals = dict(embed.radiographs(mirror))
    with zipfile.ZipFile(embedded("chest-xray-128")) as archive:
        assert archive.namelist() == list(originals)
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        for name in archive.namelist()[::60]:
            content = archive.read(name)
            assert content == embed.webp(originals[name]), name
            ours = np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)
            theirs = read_picture(originals[name], (embed.SIDE, embed.SIDE), "grey")
            assert not isinstance(theirs, str)
            assert np.abs(ours - theirs[..., 0]).mean() < 4, "quality 80 changes a pixel by about two levels"


def test_the_script_refuses_a_folder_without_the_radiographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MIRROR", str(tmp_path))
    with pytest.raises(CallerError, match="no folder with chest_xray_224"):
        embed.Embed().execute()
    (tmp_path / "chest_xray_224").mkdir()
    with pytest.raises(CallerError, match="concrete: no such embedded data set"):
        embed.Embed(("concrete",)).execute()
