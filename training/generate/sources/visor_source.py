# SPDX-License-Identifier: Apache-2.0
"""EPIC-KITCHENS VISOR (Darkhalil et al., 2022): masks of what people handle in kitchens.

    DIR/annotations/train/P01_01.json     or DIR/GroundTruth-SparseAnnotations/annotations/train
    images of that name in DIR/rgb_frames/train/P01/P01_01, with any of these folders left out

A file has "video_annotations": each an "image" (image_path, name, video) and its "annotations"
(name, segments, exhaustive). "segments" are polygons [[x, y], ...]; where two overlap is a hole.
Hands and gloves are left out: no question means them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from llmseg_core.images.image_files import opened_image

from ...data.image_data import first_existing
from ...data.plain_json import read_json
from .source_image import ImageSource, Origin, Region, SourceImage, box_of, spoken

__all__ = ["VisorSource", "visor_source"]

_BODY = ("hand", "glove", "arm", "foot", "leg")
_PLACES = ("annotations/{}", "GroundTruth-SparseAnnotations/annotations/{}", "{}")


@dataclass(frozen=True)
class _Frame:
    """One entry of a file, as it is."""

    name: str
    path: str
    video: str
    annotations: tuple[Mapping[str, Any], ...]


class VisorSource(ImageSource):
    """Frames of all videos of a split.

    Args:
        root: the data set's folder.
        split: "train" or "val".

    Raises:
        FileNotFoundError: if there are no annotations.
        ValueError: if a file of them is in another format, naming it.
    """

    def __init__(self, root: Path, split: str) -> None:
        super().__init__(f"visor/{split}", Origin.OTHER)
        folder = first_existing(root, *(place.format(split) for place in _PLACES))
        self.root, self.split = root, split
        files = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
        if not files:
            raise FileNotFoundError(f"{folder} has no annotation of a video, P01_01.json")
        self._frames = [frame for file in files for frame in _frames(file)]

    def __len__(self) -> int:
        return len(self._frames)

    def image_name(self, index: int) -> str:
        """The name of its file without suffix."""
        return PurePosixPath(self._frames[index].name).stem

    def usable_categories(self, index: int) -> frozenset[str]:
        """See `ImageSource`."""
        named = [_named(each) for each in self._frames[index].annotations]
        partly = {name for name, exhaustive in named if not exhaustive}
        return frozenset(name for name, _ in named if name and name not in partly)

    def video(self, index: int) -> str:
        """Which video it is a frame of."""
        return self._frames[index].video

    def __getitem__(self, index: int) -> SourceImage:
        """See `ImageSource`."""
        frame = self._frames[index]
        file = self._file(frame)
        with opened_image(file) as image:
            size = image.height, image.width
        regions = []
        for annotation in frame.annotations:
            name, exhaustive = _named(annotation)
            mask = _mask(annotation["segments"], size)
            if name and mask.any():
                regions.append(Region(name, box_of(mask), mask, exhaustive))
        return SourceImage(
            self.image_name(index), self.origin, self.name, file, size, tuple(regions), frame.video
        )

    def _file(self, frame: _Frame) -> Path:
        person = frame.video.partition("_")[0]
        folders = (
            f"rgb_frames/{self.split}/{person}/{frame.video}",
            f"rgb_frames/{self.split}/{frame.video}",
            f"rgb_frames/{frame.video}",
            f"{self.split}/{person}/{frame.video}",
            frame.video,
        )
        places = [f"{folder}/{frame.name}" for folder in folders]
        return first_existing(self.root, *places, f"rgb_frames/{frame.path}")


def visor_source(root: Path, split: str) -> VisorSource:
    """VISOR's "train" or "val"."""
    return VisorSource(root, split)


def _frames(file: Path) -> list[_Frame]:
    try:
        return [
            _Frame(
                str(each["image"]["name"]),
                str(each["image"].get("image_path", each["image"]["name"])).lstrip("/"),
                str(each["image"]["video"]),
                tuple(each["annotations"]),
            )
            for each in read_json(file)["video_annotations"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is not in VISOR's format: {error!r}") from error


def _named(annotation: Mapping[str, Any]) -> tuple[str, bool]:
    """What a mask is called, "" for parts of people, and whether all of its kind are masked."""
    name = spoken(str(annotation["name"]).lower())
    if any(word in name.split() for word in _BODY):
        name = ""
    return name, annotation.get("exhaustive", "y") == "y"


def _mask(segments: Any, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool of polygons."""
    drawn = np.zeros(size, np.uint8)
    try:
        polygons = [np.asarray(each, np.float64).reshape(-1, 2) for each in segments]
    except (ValueError, TypeError) as error:
        raise ValueError(f"segments are {str(segments)[:60]}, no polygons [[x, y], ...]") from error
    whole = [np.rint(each).astype(np.int32) for each in polygons if len(each) > 2]
    if any(np.abs(each).max() > 4 * max(size) for each in whole):
        raise ValueError(f"a segment lies far outside the image, {list(size)} (H, W)")
    if whole:
        cv2.fillPoly(drawn, whole, 1)
    return drawn > 0
