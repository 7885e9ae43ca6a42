# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import run
from llmseg_core.images.image_files import encode_image
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.data import BrokenSampleError, open_data
from llmseg_training.proposals.cache import CachedProposals


def picture(value: int) -> np.ndarray:
    image = np.full((40, 60, 3), 90, dtype=np.uint8)
    image[10:30, 10 + value : 30 + value] = (220, 30, 30)
    return image


def write_tar(path: Path, **files: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/").replace("_", "."))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    png = [encode_image(picture(value), ".png") for value in range(4)]
    write_tar(tmp_path / "data" / "b-1.tar", x_png=png[3], x_json=b"{}")
    files = {"in__1_png": png[0], "in__1_txt": b"a", "2_png": png[1], "3_png": b"torn"}
    write_tar(tmp_path / "data" / "b-0.tar", **files)
    return tmp_path / "data"


def test_images_are_found_and_read_where_they_lie(folder: Path) -> None:
    data = open_data(f"webdataset:{folder}")
    names = [data.sample_name(index) for index in range(len(data))]
    assert names == ["b-0/in/1", "b-0/2", "b-0/3", "b-1/x"]
    for index, value in ((0, 0), (1, 1), (3, 3)):
        assert np.array_equal(data.image(index), picture(value))
    assert len(open_data(f"webdataset:{folder / 'b-1.tar'}")) == 1


def test_a_torn_image_is_a_broken_sample(folder: Path) -> None:
    with pytest.raises(BrokenSampleError, match=r"b-0/3.*3\.png in .*b-0\.tar is no image"):
        open_data(f"webdataset:{folder}").image(2)


def test_proposals_of_them_are_stored(folder: Path, model_folder: Path, tmp_path: Path) -> None:
    arguments = (f"webdataset:{folder}", "--model", model_folder, "--out", tmp_path / "out")
    assert run(PROPOSALS, *arguments, "--broken", "skip") == 0
    stored = CachedProposals(tmp_path / "out")
    assert len(stored) == 3
    assert len(stored["b-0/in/1"]) == len(stored(picture(0)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nothing of the kind" * 40, "is no tar file that can be read"),
        (None, "is no tar file, and"),
    ],
)
def test_what_holds_no_images_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    place = tmp_path / "data.tar"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        open_data(f"webdataset:{place}")


def test_a_tar_file_that_was_cut_short_is_named(folder: Path) -> None:
    tar = folder / "b-0.tar"
    tar.write_bytes(tar.read_bytes()[:900])
    with pytest.raises(ValueError, match=r"b-0\.tar is no tar file that can be read"):
        open_data(f"webdataset:{folder}")


def test_tar_files_without_images_are_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", a_json=b"{}")
    with pytest.raises(ValueError, match=r"has no image"):
        open_data(f"webdataset:{tmp_path}")
