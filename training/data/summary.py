# SPDX-License-Identifier: Apache-2.0
"""What a data set holds, in numbers: `llmseg data check`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from .broken import BrokenSampleError
from .readable import BrokenPolicy, ReadableSamples, broken_report, grouped
from .segmentation_data import QuestionKind, SegmentationData

__all__ = ["DataSummary", "summarize"]

_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True)
class DataSummary:
    """What was found when every sample of a data set was read.

    Attributes:
        data: the data set.
        sizes: number of images by (H, W), pixels.
        kinds: number of questions by kind.
        a_sample: (N,) int64, questions of each readable sample.
        areas: (Q,) float64, share of the image that each question's mask covers, [0, 1].
        ignored: (Q,) float64, the same of the pixels that do not count.
        broken: the samples that cannot be used.
        left_out: questions that cannot be asked, of samples that can be used otherwise.
        samples: how many samples were read.
    """

    data: SegmentationData
    sizes: Counter[tuple[int, int]]
    kinds: Counter[QuestionKind]
    a_sample: np.ndarray
    areas: np.ndarray
    ignored: np.ndarray
    broken: tuple[BrokenSampleError, ...]
    left_out: tuple[BrokenSampleError, ...]
    samples: int

    def text(self) -> str:
        """Lines for people, the broken samples last."""
        lines = [f"{self.data.name}: {len(self.a_sample)} images, {len(self.areas)} questions"]
        if len(self.areas):
            lines += self._numbers()
        if self.left_out:
            lines += self._what_was_left_out()
        return "\n".join([*lines, broken_report(self.data, self.broken, self.samples)])

    def _what_was_left_out(self) -> list[str]:
        faults: dict[str, list[str]] = {}
        for error in self.left_out:
            faults.setdefault(error.fault, []).append(f"{error.sample}: {error.reason}")
        samples = len({error.sample for error in self.left_out})
        count = f"{len(self.left_out)} questions of {samples} samples are left out"
        return [f"{self.data.name}: {count}", *grouped(faults)]

    def _numbers(self) -> list[str]:
        kinds = ", ".join(f"{self.kinds[kind]} {kind.value}" for kind in QuestionKind)
        common = ", ".join(
            f"{width} x {height} ({count})" for (height, width), count in self.sizes.most_common(3)
        )
        more = len(self.sizes) - 3
        present = self.areas[self.areas > 0]
        return [
            f"  questions     {kinds}",
            f"  an image      {self.a_sample.min()} to {self.a_sample.max()} questions, "
            f"median {np.median(self.a_sample):g}",
            f"  image sizes   {common}" + (f" and {more} more" if more > 0 else ""),
            f"  mask areas    {_quantiles(present)}",
            f"  empty masks   {len(self.areas) - len(present)}",
            f"  with ignore   {np.count_nonzero(self.ignored)}",
        ]


def summarize(data: SegmentationData, samples: int | None = None) -> DataSummary:
    """Read the samples of a data set, all or the first ones, with a progress bar."""
    sizes: Counter[tuple[int, int]] = Counter()
    kinds: Counter[QuestionKind] = Counter()
    a_sample, areas, ignored = [], [], []
    left_out: list[BrokenSampleError] = []
    count = len(data) if samples is None else min(samples, len(data))
    readable = ReadableSamples(data, BrokenPolicy.SKIP, range(count))
    with tqdm(desc=data.name, total=count, unit="image") as progress:
        for index, sample in readable.enumerate():
            left_out += [BrokenSampleError(data.name, sample.name, why) for why in sample.left_out]
            sizes[sample.image.shape[:2]] += 1
            a_sample.append(len(sample.questions))
            for question in sample.questions:
                kinds[question.kind] += 1
                areas.append(question.mask.mean())
                ignored.append(0.0 if question.ignore is None else question.ignore.mean())
            progress.update(index + 1 - progress.n)
        progress.update(count - progress.n)
    return DataSummary(
        data=data,
        sizes=sizes,
        kinds=kinds,
        a_sample=np.array(a_sample, dtype=np.int64),
        areas=np.array(areas, dtype=np.float64),
        ignored=np.array(ignored, dtype=np.float64),
        broken=tuple(readable.broken),
        left_out=tuple(left_out),
        samples=count,
    )


def _quantiles(areas: np.ndarray) -> str:
    """Shares of the image at some quantiles, in percent."""
    if not len(areas):
        return "none"
    values = np.quantile(areas, _QUANTILES)
    named = [f"{value:.2%} at {at:.0%}" for at, value in zip(_QUANTILES, values, strict=True)]
    return ", ".join(named)
