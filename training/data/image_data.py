# SPDX-License-Identifier: Apache-2.0
"""What all readers share: one image file a sample, and the one place where a sample is judged.

Whatever is wrong with a sample, from its name to a question that a model cannot be asked, becomes a
`BrokenSampleError` here, so that checking, exporting, proposing, training and evaluating leave out
the same ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from llmseg_core.images.image_files import read_image

from .broken import BrokenSampleError
from .names import check_name
from .segmentation_data import DataGroup, DataQuestion, DataSample, LeftOut

__all__ = ["Asked", "ImageData", "SampleCheck", "first_existing"]

Asked = Sequence[DataQuestion | LeftOut]
"""what a reader gives of a sample"""
SampleCheck = Callable[[DataSample], None]
"""raises ValueError or OSError if something is wrong with a sample"""


class ImageData(ABC):
    """A `SegmentationData` of image files; each reader says which files and which questions.

    Args:
        name: of the data set, for reports.
        names: of the samples, no two the same.

    Attributes:
        group: what the data set is for.
    """

    group: DataGroup = DataGroup.REASONING

    def __init__(self, name: str, names: Sequence[str]) -> None:
        self.name = name
        self._names = names
        self._checks: list[SampleCheck] = []
        seen: set[str] = set()
        for each in names:
            if each in seen:
                raise ValueError(f"{name} has two samples of the name {each!r}")
            seen.add(each)

    @abstractmethod
    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""

    @abstractmethod
    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """The questions about a sample, and what was left out of them.

        Args:
            index: of the sample.
            size: (H, W) of its image.

        Raises:
            Exception: saying what is wrong with the annotation.
        """

    def require(self, check: SampleCheck) -> None:
        """From now on a sample is broken, too, of which `check` raises ValueError or OSError."""
        self._checks.append(check)

    def objects(self, index: int) -> tuple[np.ndarray, ...] | None:
        """Masks of everything in a sample that could be meant; None if nobody knows."""
        return None

    def __len__(self) -> int:
        return len(self._names)

    def sample_group(self, index: int) -> DataGroup:
        """What the data set is for that a sample comes from."""
        return self.group

    def sample_name(self, index: int) -> str:
        """The name of a sample, without reading it."""
        return self._names[index]

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB.

        Raises:
            BrokenSampleError: if the image is missing or cannot be read.
        """
        with self._naming(index):
            check_name(self.sample_name(index))
            path = self.image_file(index)
            if not path.is_file():
                raise FileNotFoundError(f"the image {path} is missing")
            return read_image(path)

    def usable_image(self, index: int) -> np.ndarray:
        """The image of a sample whose annotation can be used, too; as `image` otherwise."""
        return self[index].image

    def __getitem__(self, index: int) -> DataSample:
        """Read one sample.

        Raises:
            BrokenSampleError: naming the sample and what is wrong with it.
        """
        image = self.image(index)
        with self._naming(index):
            found = self.questions(index, (image.shape[0], image.shape[1]))
            asked = tuple(each for each in found if isinstance(each, DataQuestion))
            left_out = tuple(each.reason for each in found if isinstance(each, LeftOut))
            if left_out and not asked:
                raise ValueError(f"none of its questions can be asked: {left_out[0]}")
            group, objects = self.sample_group(index), self.objects(index)
            name = self.sample_name(index)
            sample = DataSample(name, image, asked, group, objects, left_out)
            for check in self._checks:
                check(sample)
            return sample

    def __iter__(self) -> Iterator[DataSample]:
        return (self[index] for index in range(len(self)))

    @contextmanager
    def _naming(self, index: int) -> Iterator[None]:
        """Turn what a damaged file causes into an error that names the sample."""
        sample = self.sample_name(index)
        try:
            yield
        except BrokenSampleError:
            raise
        except (ValueError, OSError) as error:
            raise BrokenSampleError(self.name, sample, str(error)) from error
        except Exception as error:  # what a key of the wrong type leads to, for one
            reason = f"its annotation is not as it must be ({type(error).__name__}: {error})"
            raise BrokenSampleError(self.name, sample, reason) from error


def first_existing(root: Path, *places: str) -> Path:
    """The first of `places` (relative to `root`) that exists.

    Raises:
        FileNotFoundError: naming all of them.
    """
    for place in places:
        if (root / place).exists():
            return root / place
    raise FileNotFoundError(f"{root} has none of {', '.join(places)}")
