# SPDX-License-Identifier: Apache-2.0
"""Data sets that models are judged on: what of them must not be in a new one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from ...data import BrokenSampleError, open_data
from ..sources.picture_hash import AlikePictures, picture_hash

__all__ = ["OtherSets", "read_other_sets"]

_COCO_ID = re.compile(r"(?:^|_)(\d{12})$")


@dataclass(frozen=True)
class OtherSets:
    """What other data sets have.

    Attributes:
        pictures: their images.
        coco_ids: the numbers of those that are COCO's, 12 digits.
        questions: their texts, with a name for each.
        broken: how many of their samples could not be read.
    """

    pictures: AlikePictures
    coco_ids: frozenset[str]
    questions: tuple[tuple[str, str], ...]
    broken: int = 0

    def has_image(self, name: str, hash: int) -> bool:
        """Whether an image is one of theirs, or looks like one."""
        number = _COCO_ID.search(name)
        known = number is not None and number[1] in self.coco_ids
        return known or self.pictures.like(hash) is not None


def read_other_sets(specs: Sequence[str]) -> OtherSets:
    """Read data sets as `llmseg data` names them; their masks are read, too.

    Raises:
        ValueError, FileNotFoundError: if one cannot be opened; broken samples are counted.
    """
    pictures, ids, broken = AlikePictures(), set[str](), 0
    questions: list[tuple[str, str]] = []
    for spec in specs:
        data = open_data(spec)
        for index in tqdm(range(len(data)), desc=f"compared with {data.name}", unit="image"):
            name = f"{data.name}: {data.sample_name(index)}"
            try:
                pictures.add(picture_hash(data.image_file(index)), name)
                questions += [(each.text, name) for each in data[index].questions]
                number = _COCO_ID.search(data.image_file(index).stem)
            except (BrokenSampleError, OSError, ValueError, KeyError, TypeError):
                broken += 1
                continue
            if number is not None:
                ids.add(number[1])
    return OtherSets(pictures, frozenset(ids), tuple(questions), broken)
