# SPDX-License-Identifier: Apache-2.0
"""Several data sets as one, drawn from at given rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from .image_data import Asked, ImageData
from .segmentation_data import DataGroup

__all__ = ["Mixture", "MixtureGroup"]


@dataclass(frozen=True)
class MixtureGroup:
    """Data sets that share a rate.

    Attributes:
        name: "semantic", "referring", "reasoning".
        rate: how often a sample comes from this group, relative to the other groups.
        data: its data sets; each is drawn equally often, whatever its size.
    """

    name: str
    rate: float
    data: tuple[ImageData, ...]

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError(f"the rate of {self.name} is {self.rate}, it must be above 0")
        if not self.data or not all(len(each) for each in self.data):
            raise ValueError(f"{self.name} has no data set, or an empty one")


class Mixture(ImageData):
    """All images of several data sets, each once; `draw` picks one by the groups' rates.

    A sample's name is that of its data set, "/", and its name there.

    Args:
        name: for reports.
        groups: at least one; no two data sets may have the same name.
    """

    def __init__(self, name: str, groups: Sequence[MixtureGroup]) -> None:
        self.groups = tuple(groups)
        self.data = tuple(each for group in self.groups for each in group.data)
        used = [each.name for each in self.data]
        for each in used:
            if used.count(each) > 1:
                raise ValueError(f"two data sets of the mixture {name} have the name {each!r}")
        self._starts = [0, *accumulate(len(each) for each in self.data)]
        super().__init__(
            name,
            [f"{data.name}/{data.sample_name(i)}" for data in self.data for i in range(len(data))],
        )

    def draw(self, rng: np.random.Generator) -> int:
        """Draw a group by the rates, a data set of it, an image of that; returns its index."""
        rates = np.array([group.rate for group in self.groups])
        group = self.groups[int(rng.choice(len(rates), p=rates / rates.sum()))]
        data = group.data[int(rng.integers(len(group.data)))]
        return self._starts[self.data.index(data)] + int(rng.integers(len(data)))

    def source(self, index: int) -> tuple[ImageData, int]:
        """The data set that a sample comes from, and its index there."""
        place = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self.data[place], index - self._starts[place]

    def sample_group(self, index: int) -> DataGroup:
        """What the data set is for that a sample comes from."""
        data, place = self.source(index)
        return data.sample_group(place)

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        data, place = self.source(index)
        return data.image_file(place)

    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """The questions of the data set that the sample comes from."""
        data, place = self.source(index)
        return data.questions(place, size)
