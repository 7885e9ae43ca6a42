# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from llmseg_core.images.image_files import write_image
from llmseg_training.label.images import FolderImage, folder_images, reduced, shown
from llmseg_training.label.samples_file import SamplesFile

PIXELS = np.full((4, 6, 3), 90, dtype=np.uint8)


def found(folder: Path) -> list[tuple[str, str]]:
    return [(each.name, each.image) for each in folder_images(folder, SamplesFile(folder).read())]


def test_images_lie_in_images_and_below_in_natural_order(tmp_path: Path) -> None:
    for name in ("images/b10.png", "images/b9.png", "images/more/a.jpg", "images/._b9.png",
                 "masks/b9.png", "top.png", "images/.cache/x.png"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(tmp_path / name, PIXELS)
    assert found(tmp_path) == [
        ("b9", "images/b9.png"), ("b10", "images/b10.png"), ("more/a", "images/more/a.jpg"),
    ]  # fmt: skip


def test_a_folder_of_images_alone_will_do(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", PIXELS)
    assert found(tmp_path) == [("a", "a.png")]


def test_lines_name_their_images_and_two_of_one_stem_stay_two(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        write_image(tmp_path / "images" / name, PIXELS)
    records = [
        {"name": "first", "image": "images/b.png", "questions": []},
        {"name": "gone", "image": "elsewhere/z.png", "questions": []},
    ]
    (tmp_path / "samples.jsonl").write_text("\n".join(map(json.dumps, records)))
    assert found(tmp_path) == [
        ("a", "images/a.jpg"), ("images/a.png", "images/a.png"), ("first", "images/b.png"),
        ("gone", "elsewhere/z.png"),
    ]  # fmt: skip


@pytest.mark.parametrize("image", ["../secret.png", "/etc/passwd", "images/../../secret.png"])
def test_an_image_outside_the_folder_is_refused(tmp_path: Path, image: str) -> None:
    write_image(tmp_path / "secret.png", PIXELS)
    (tmp_path / "data").mkdir()
    with pytest.raises(ValueError, match="must lie in"):
        shown(tmp_path / "data", FolderImage("x", image))


def test_a_picture_is_made_smaller_and_never_larger() -> None:
    assert reduced(np.zeros((300, 600, 3), np.uint8), 100).shape == (50, 100, 3)
    assert reduced(np.zeros((1, 6000, 3), np.uint8), 100).shape == (1, 100, 3)
    assert reduced(PIXELS, 100) is PIXELS
