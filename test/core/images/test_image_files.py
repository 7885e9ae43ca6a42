# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llmseg_core.images.image_files import find_images, images_in, read_image, write_image


def test_written_image_is_read_again(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_image(tmp_path / "new" / "a.png", image)
    assert (read_image(tmp_path / "new" / "a.png") == image).all()


def test_grey_and_transparent_images_become_rgb(tmp_path: Path) -> None:
    Image.new("L", (4, 3), 7).save(tmp_path / "grey.png")
    Image.new("RGBA", (4, 3), (1, 2, 3, 0)).save(tmp_path / "clear.png")
    assert (read_image(tmp_path / "grey.png") == 7).all()
    assert read_image(tmp_path / "clear.png")[0, 0].tolist() == [1, 2, 3]


def test_photo_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (8, 4)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").shape == (8, 4, 3)


def test_folder_stands_for_its_images(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    found = find_images([tmp_path, tmp_path / "notes.txt"])
    assert [path.name for path in found] == ["a.JPG", "b.png", "notes.txt"]
    with pytest.raises(ValueError, match="has no image"):
        find_images([tmp_path / "sub"])


def test_numbers_in_names_count_by_their_value(tmp_path: Path) -> None:
    names = ["frame2.png", "frame10.jpg", "Frame10b.PNG", "frame010.png", "a1b20.webp", "a1b3.webp"]
    for name in [*names, "frame1.txt"]:
        (tmp_path / name).touch()
    wanted = ["a1b3.webp", "a1b20.webp", *("frame2.png", "frame10.jpg", "frame010.png")]
    assert [path.name for path in images_in(tmp_path)] == [*wanted, "Frame10b.PNG"]
    assert find_images([tmp_path]) == images_in(tmp_path)


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.png does not exist"):
        find_images([tmp_path / "gone.png"])
    (tmp_path / "text.png").write_text("no image")
    write_image(tmp_path / "cut.png", np.zeros((99, 99, 3), np.uint8))
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:80])
    for name in ("text.png", "cut.png"):
        with pytest.raises(ValueError, match=f"{name} is no image that can be read"):
            read_image(tmp_path / name)
    with pytest.raises(ValueError, match=r"a\.mask has no image suffix, it must be one of \.png"):
        write_image(tmp_path / "a.mask", np.zeros((2, 2), np.uint8))
