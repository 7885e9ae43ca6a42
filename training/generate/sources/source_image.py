# SPDX-License-Identifier: Apache-2.0
"""What a question can be made of: an image and its regions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import numpy as np

from llmseg_core.images.image_files import read_image

__all__ = ["Box", "ImageSource", "Origin", "Region", "SourceImage", "box_of", "spoken"]

Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels of the image, between its edges"""


class Origin(str, Enum):
    """Where an image is from: "from_dataset" in LLM-Seg40K's JSON."""

    COCO = "coco"
    """COCO's images, which LVIS annotates as well"""
    EGO_OBJECTS = "ego_objects"
    OTHER = "other"
    """all else; the authors' files have no such"""


@dataclass(frozen=True)
class Region:
    """One thing in an image.

    Attributes:
        category: its name, words with blanks; "" if nobody named it.
        box_px: where it is.
        mask: (H, W) bool, or None where only the box is known.
        exhaustive: whether all things of its category in the image are regions.
    """

    category: str
    box_px: Box
    mask: np.ndarray | None = None
    exhaustive: bool = True


@dataclass(frozen=True)
class SourceImage:
    """An image, what is in it, and what is not.

    Attributes:
        name: of the image's file without suffix, unique in its source.
        origin: for LLM-Seg40K's JSON.
        source: which source gave it, for reports: "lvis/train".
        file: the image.
        size: (H, W) in pixels.
        regions: what is in it.
        video: which video it is a frame of; "" if it is none.
        absent: names of categories that somebody looked for and did not find.
    """

    name: str
    origin: Origin
    source: str
    file: Path
    size: tuple[int, int]
    regions: tuple[Region, ...]
    video: str = ""
    absent: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for region in self.regions:
            if region.mask is not None and region.mask.shape != self.size:
                raise ValueError(
                    f"{self.name}: the mask of {region.category!r} is {region.mask.shape}, the "
                    f"image is {self.size} (H, W)"
                )

    def image(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB.

        Raises:
            FileNotFoundError, ValueError: if it is missing, cannot be read or has another size.
        """
        image = read_image(self.file)
        if image.shape[:2] != self.size:
            raise ValueError(
                f"{self.file} is {image.shape[:2]}, its annotation says {self.size} (H, W)"
            )
        return image

    def with_regions(self, regions: tuple[Region, ...]) -> SourceImage:
        """The same image with other regions."""
        return replace(self, regions=regions)

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of what is in it, each once, in the order of the regions."""
        return tuple(dict.fromkeys(each.category for each in self.regions if each.category))


@dataclass
class ImageSource(ABC):
    """Images with regions, read one by one.

    Attributes:
        name: for reports: "lvis/train".
        origin: of its images.
        other_names: what else a category is called, by its name.
    """

    name: str
    origin: Origin
    other_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @abstractmethod
    def __len__(self) -> int:
        """How many images."""

    @abstractmethod
    def image_name(self, index: int) -> str:
        """The name of an image, without reading it."""

    @abstractmethod
    def usable_categories(self, index: int) -> frozenset[str]:
        """Names of what is in an image, without reading it; not those that are not exhaustive."""

    def video(self, index: int) -> str:
        """Which video an image is a frame of; "" if it is none."""
        return ""

    @abstractmethod
    def __getitem__(self, index: int) -> SourceImage:
        """One image.

        Raises:
            Exception: saying what is wrong with its annotation.
        """


def box_of(mask: np.ndarray) -> Box:
    """The box around a mask, (H, W) bool; of an empty one it is nothing at the origin."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    return float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1


def spoken(category: str) -> str:
    """A category as one says it: without "_", and without what LVIS adds in brackets."""
    return " ".join(category.partition("_(")[0].replace("_", " ").split())
