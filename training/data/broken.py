# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a sample on disk."""

from __future__ import annotations

import re

__all__ = ["BrokenSampleError"]

_PARTICULAR = re.compile(
    r"'[^']*'|\"[^\"]*\"|[\[({][^\])}]*[\])}]|\S*/\S*|\S+\.\w{2,5}\b|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
)
"""what differs between samples with the same fault: quoted text, lists, paths, files, numbers"""


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

    def __reduce__(self) -> tuple[type[BrokenSampleError], tuple[str, str, str]]:
        """How it gets from one process to another."""
        return type(self), (self.data, self.sample, self.reason)

    @property
    def fault(self) -> str:
        """The reason without what is particular to this sample, the same for all of its kind."""
        name = re.escape(self.sample)
        plain = re.sub(rf"(?<!\w){name}(?!\w)", "...", self.reason)
        return re.sub(r"(?:\.\.\.[\s,:]*)+", "... ", _PARTICULAR.sub("...", plain)).strip()
