# SPDX-License-Identifier: Apache-2.0
"""Iterating over a data set in which samples may be broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from .broken import BrokenSampleError
from .segmentation_data import DataSample, SegmentationData

__all__ = ["BrokenPolicy", "ReadableSamples", "broken_report"]


class BrokenPolicy(str, Enum):
    """What happens when a broken sample is met."""

    FATAL = "fatal"
    """its error is raised"""
    SKIP = "skip"
    """it is left out and kept for the report"""


class ReadableSamples:
    """The samples of a data set that can be read; may be iterated again.

    Args:
        data: the data set.
        policy: what happens when a broken sample is met.
        indices: which samples, None for all.

    Attributes:
        broken: what was met in the last iteration, in order.
    """

    def __init__(
        self,
        data: SegmentationData,
        policy: BrokenPolicy = BrokenPolicy.FATAL,
        indices: Iterable[int] | None = None,
    ) -> None:
        self.data = data
        self.policy = policy
        self.indices = range(len(data)) if indices is None else list(indices)
        self.broken: list[BrokenSampleError] = []

    def __iter__(self) -> Iterator[DataSample]:
        return (sample for _, sample in self.enumerate())

    def enumerate(self) -> Iterator[tuple[int, DataSample]]:
        """Each readable sample with its index in the data set.

        Raises:
            BrokenSampleError: if a broken sample is fatal.
        """
        self.broken.clear()
        for index in self.indices:
            try:
                sample = self.data[index]
            except BrokenSampleError as error:
                if self.policy is BrokenPolicy.FATAL:
                    raise
                self.broken.append(error)
                continue
            yield index, sample


def broken_report(data: SegmentationData, broken: Iterable[BrokenSampleError]) -> str:
    """One line that counts the broken samples, and one line for each."""
    found = list(broken)
    return "\n".join(
        [
            f"{data.name}: {len(found)} of {len(data)} samples are broken",
            *(f"  {error.sample}: {error.reason}" for error in found),
        ]
    )
