# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
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


def phone_exif(orientation: int) -> bytes:
    """EXIF as some phones write it: XResolution is a signed fraction, -1 / 0."""
    entries = ((0x0112, 3, 1, struct.pack("<HH", orientation, 0)),
               (0x011A, 10, 1, struct.pack("<I", 38)))  # fmt: skip
    table = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + struct.pack("<I", 0)
    return b"Exif\0\0" + head + struct.pack("<ii", -1, 0)


@pytest.mark.parametrize("orientation", range(9))
def test_a_phone_s_photo_is_turned_whatever_else_its_exif_says(
    orientation: int, tmp_path: Path
) -> None:
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[0, 0] = 255  # where the first row and column begin
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=phone_exif(orientation))
    wanted = {2: (0, 7), 3: (3, 7), 4: (3, 0), 5: (0, 0), 6: (0, 3), 7: (7, 3), 8: (7, 0)}
    image = read_image(tmp_path / "a.png")
    assert image.shape == ((8, 4, 3) if orientation > 4 else (4, 8, 3))
    assert image[wanted.get(orientation, (0, 0))].tolist() == [255] * 3
    assert image.sum() == 3 * 255


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_of_16_bits_is_scaled_as_in_a_message(suffix: str, tmp_path: Path) -> None:
    values = np.array([[0, 128, 257, 20_000, 65_535]], np.uint16)
    Image.fromarray(values).save(tmp_path / f"a{suffix}")
    found = read_image(tmp_path / f"a{suffix}")
    assert found.dtype == np.uint8
    assert found[0].tolist() == [[grey] * 3 for grey in (0, 0, 1, 78, 255)]


def test_numbers_with_a_fraction(tmp_path: Path) -> None:
    for name, values, wanted in (
        ("share", [0, 0.5, 1], [0, 128, 255]),
        ("grey", [0, 0.5, 254.7], [0, 0, 255]),
        ("whole", [7, 65_535, 0], [0, 255, 0]),
    ):
        kind = np.int32 if name == "whole" else np.float32
        Image.fromarray(np.array([values], kind)).save(tmp_path / f"{name}.tif")
        assert read_image(tmp_path / f"{name}.tif")[0, :, 0].tolist() == wanted
    for values in ([0, np.nan], [-1, 3], [0, 300]):
        Image.fromarray(np.array([values], np.float32)).save(tmp_path / "bad.tif")
        with pytest.raises(ValueError, match=r"bad\.tif .*they must be in \[0, 1\] or 255"):
            read_image(tmp_path / "bad.tif")
    Image.fromarray(np.array([[70_000]], np.int32)).save(tmp_path / "bad.tif")
    with pytest.raises(ValueError, match="they must fit 16 bits"):
        read_image(tmp_path / "bad.tif")


def test_a_small_file_takes_no_memory_of_a_huge_image(tmp_path: Path) -> None:
    write_image(tmp_path / "bomb.png", np.zeros((2, 2), np.uint8))
    content = bytearray((tmp_path / "bomb.png").read_bytes())
    content[16:24] = struct.pack(">II", 13_000, 13_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "bomb.png").write_bytes(content)
    tracemalloc.start()
    with (
        pytest.warns(Image.DecompressionBombWarning),
        pytest.raises(ValueError, match="it has 13000 x 13000 pixels, it must have at most"),
    ):
        read_image(tmp_path / "bomb.png")
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_hidden_files_and_pipes_are_no_images(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    (tmp_path / "._a.png").write_bytes(b"Mac OS X")
    assert images_in(tmp_path) == [tmp_path / "a.png"]
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match=r"pipe\.png is neither a file nor a folder"):
        find_images([tmp_path / "pipe.png"])
    with pytest.raises(FileNotFoundError, match=r"pipe\.png is missing, or is no file"):
        read_image(tmp_path / "pipe.png")
