# SPDX-License-Identifier: Apache-2.0
"""Iterating over a data set in which samples may be broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from .broken import BrokenSampleError
from .segmentation_data import DataSample, SegmentationData

__all__ = ["BrokenPolicy", "ReadableSamples", "broken_report", "grouped"]

SHOWN = 3
"""examples of each fault"""


class BrokenPolicy(str, Enum):
    """What happens when a broken sample is met."""

    FATAL = "fatal"
    """its error is raised"""
    SKIP = "skip"
    """it is left out and kept for the report"""


class ReadableSamples:
    """The samples of a data set that can be used; may be iterated again.

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
        """Each usable sample with its index in the data set.

        Raises:
            BrokenSampleError: if a broken sample is fatal.
        """
        self.broken.clear()
        for index in self.indices:
            try:
                sample = self.data[index]
            except BrokenSampleError as error:
                self.leave_out(error)
                continue
            yield index, sample

    def leave_out(self, error: BrokenSampleError) -> None:
        """Do what the policy says about a sample, also one that shows only later to be broken.

        Raises:
            BrokenSampleError: if it is fatal.
        """
        if self.policy is BrokenPolicy.FATAL:
            raise error
        self.broken.append(error)


def broken_report(
    data: SegmentationData, broken: Iterable[BrokenSampleError], samples: int | None = None
) -> str:
    """A line that counts the broken samples, then each fault with its count and some examples.

    Args:
        data: the data set.
        broken: samples that cannot be used.
        samples: how many were looked at, all if None.
    """
    found = list(broken)
    total = len(data) if samples is None else samples
    faults: dict[str, list[str]] = {}
    for error in found:
        faults.setdefault(error.fault, []).append(f"{error.sample}: {error.reason}")
    lines = [f"{data.name}: {len(found)} of {total} samples are broken"]
    return "\n".join([*lines, *grouped(faults)])


def grouped(faults: dict[str, list[str]]) -> list[str]:
    """Lines that count what was found of each fault, the most common first, with some examples."""
    lines = []
    for fault, examples in sorted(faults.items(), key=lambda item: -len(item[1])):
        lines.append(f"  {len(examples)} x {fault}")
        lines += [f"    {example}" for example in examples[:SHOWN]]
        if len(examples) > SHOWN:
            lines.append(f"    and {len(examples) - SHOWN} more")
    return lines
