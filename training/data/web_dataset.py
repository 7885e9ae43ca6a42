# SPDX-License-Identifier: Apache-2.0
"""Images in tar files, as WebDataset stores millions of them: only those, without questions.

    DIR/shard-000000.tar     000001.jpg, 000001.json, 000002.jpg, ...
    DIR/shard-000001.tar

A sample is called by its tar file and its name there: "shard-000000/000001". What is no image is
passed over. The tar files are looked through once, when they are opened; an image is read where it
lies, without the rest.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from llmseg_core.images.image_files import IMAGE_SUFFIXES, decode_image

from .image_data import Asked, ImageData
from .names import check_name

__all__ = ["WebDatasetData"]


@dataclass(frozen=True)
class _Member:
    """Where an image lies: its tar file, name, first byte and size."""

    tar: Path
    name: str
    start: int
    size: int


class WebDatasetData(ImageData):
    """Reads the images of tar files.

    Args:
        place: a tar file, or the folder that holds some.

    Raises:
        FileNotFoundError: if there is no tar file.
        ValueError: if one is damaged or compressed, two images of one have the same name, or
            there is no image at all.
    """

    def __init__(self, place: Path) -> None:
        tars = [place] if place.is_file() else sorted(place.glob("[!.]*.tar"))
        if not tars:
            raise FileNotFoundError(f"{place} is no tar file, and no folder with *.tar")
        self._members = [member for tar in tars for member in _images(tar)]
        if not self._members:
            raise ValueError(f"{place} has no image ({', '.join(IMAGE_SUFFIXES)})")
        super().__init__(place.resolve().stem, [_sample_name(each) for each in self._members])

    def image_file(self, index: int) -> Path:
        """The tar file that the image lies in."""
        return self._members[index].tar

    def image(self, index: int) -> np.ndarray:
        """See `ImageData`."""
        member = self._members[index]
        with self._naming(index):
            check_name(self.sample_name(index))
            with member.tar.open("rb") as file:
                file.seek(member.start)
                content = file.read(member.size)
            return decode_image(content, f"{member.name} in {member.tar}")

    def usable_image(self, index: int) -> np.ndarray:
        """The image; nothing is asked about it, so nothing else can be wrong."""
        return self.image(index)

    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """None."""
        return ()


def _images(path: Path) -> Iterator[_Member]:
    try:
        with tarfile.open(path, "r:") as tar:
            for each in tar:
                name = PurePosixPath(each.name)
                if each.isreg() and name.suffix.lower() in IMAGE_SUFFIXES and name.name[0] != ".":
                    yield _Member(path, each.name, each.offset_data, each.size)
    except (tarfile.TarError, EOFError) as error:
        raise ValueError(
            f"{path} is no tar file that can be read: {error}; it must be whole and not compressed"
        ) from error


def _sample_name(member: _Member) -> str:
    inside = PurePosixPath(member.name)
    return str(PurePosixPath(member.tar.stem) / inside.with_suffix(""))
