# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a sample on disk."""

from __future__ import annotations

__all__ = ["BrokenSampleError"]


class BrokenSampleError(ValueError):
    """A sample cannot be used: a missing image, a mask of the wrong size, a bad polygon or RLE.

    Attributes:
        data: name of the data set.
        sample: name of the sample.
        reason: what is wrong, with the value that is.
    """

    def __init__(self, data: str, sample: str, reason: str) -> None:
        super().__init__(f"{data}: sample {sample!r}: {reason}")
        self.data = data
        self.sample = sample
        self.reason = reason
