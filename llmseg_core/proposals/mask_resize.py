# SPDX-License-Identifier: Apache-2.0
"""Low-resolution logits at the size of the image: SAM's two bilinear resizes as one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.images.image_ops import resized_shape

__all__ = ["LogitResize", "Window"]

BAND = 160
"""Image rows that a CPU works on at a time."""


@dataclass(frozen=True)
class Window:
    """A rectangle of image pixels; bottom and right are the first ones outside."""

    top: int
    bottom: int
    left: int
    right: int


class LogitResize:
    """Resizes SAM's low-resolution logits to an image, or to a window of it.

    SAM stretches logits to its padded input square, cuts the padding off, and resizes the rest to
    the image. Both steps are linear and treat rows and columns alike, so together they are one
    matrix a side, with three or four weights a pixel. Logits of the padding have no weight: they
    may be left out, as `needed` says.

    Args:
        low_size: (4 h, 4 w) of the logits, padding included.
        image_size: (H, W) of the image in pixels.
        input_size: side of SAM's input in pixels.
        device: of the logits.
    """

    def __init__(
        self,
        low_size: tuple[int, int],
        image_size: tuple[int, int],
        input_size: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.image_size = image_size
        rows, columns = resized_shape(*image_size, input_size)
        self._rows = _Axis.make(low_size[0], input_size, rows, image_size[0], device)
        self._columns = _Axis.make(low_size[1], input_size, columns, image_size[1], device)

    @classmethod
    def stretched(
        cls,
        low_size: tuple[int, int],
        image_size: tuple[int, int],
        device: torch.device | str = "cpu",
    ) -> LogitResize:
        """Of a network that stretches images to its square, as SAM 2: one bilinear resize.

        Args:
            low_size: (h, w) of the logits.
            image_size: (H, W) of the image in pixels.
            device: of the logits.
        """
        made = cls.__new__(cls)
        made.image_size = image_size
        made._rows, made._columns = (
            _Axis.make(cells, cells, cells, pixels, device)
            for cells, pixels in zip(low_size, image_size, strict=True)
        )
        return made

    @property
    def needed(self) -> tuple[int, int]:
        """How many of the first rows and columns of the logits the image needs."""
        return self._rows.matrix.shape[1], self._columns.matrix.shape[1]

    def __call__(self, low: Tensor) -> Tensor:
        """(n, 4 h, 4 w) float logits, or their `needed` ones, to (n, H, W) float32."""
        return self._rows.matrix @ (self.inside(low).float() @ self._columns.matrix.T)

    def inside(self, low: Tensor) -> Tensor:
        """(n, 4 h, 4 w) logits without the cells that lie in SAM's padding."""
        rows, columns = self.needed
        return low[:, :rows, :columns]

    def bands(self, low: Tensor, window: Window) -> Iterator[tuple[slice, np.ndarray]]:
        """One mask in a window, some rows at a time: few enough to stay in a CPU's cache.

        Args:
            low: (4 h, 4 w) float32 logits on the CPU.
            window: which pixels.

        Yields:
            Rows of the image, and their logits in the window's columns, (rows, width) float32.
        """
        left, right = self._columns.inputs(window.left, window.right)
        top, bottom = self._rows.inputs(window.top, window.bottom)
        columns = self._columns.matrix[window.left : window.right, left:right]
        stretched = low[top:bottom, left:right] @ columns.T
        for start in range(window.top, window.bottom, BAND):
            rows = slice(start, min(start + BAND, window.bottom))
            first, last = self._rows.inputs(rows.start, rows.stop)
            weights = self._rows.matrix[rows, first:last]
            yield rows, (weights @ stretched[first - top : last - top]).numpy()

    def window_above(self, low: np.ndarray, level: float) -> Window | None:
        """A window outside of which no resized logit is above `level`; None if none is anywhere.

        Args:
            low: (4 h, 4 w) float32 logits of one mask.
            level: logit.
        """
        above = low > level
        rows, columns = np.flatnonzero(above.any(1)), np.flatnonzero(above.any(0))
        if not len(rows):
            return None
        top, bottom = self._rows.outputs(int(rows[0]), int(rows[-1]))
        left, right = self._columns.outputs(int(columns[0]), int(columns[-1]))
        if top >= bottom or left >= right:
            return None
        return Window(top, bottom, left, right)


@dataclass(frozen=True)
class _Axis:
    """The resize of one side.

    Attributes:
        matrix: (pixels, cells) float32, weights of low-resolution cells in each pixel; without the
            last cells that have none.
        first: for each pixel its first cell with a weight; never falls.
        last: for each pixel its last cell with a weight; never falls.
    """

    matrix: Tensor
    first: list[int]
    last: list[int]

    @classmethod
    @lru_cache(maxsize=64)
    @torch.inference_mode(False)  # training may be given the same one
    def make(
        cls, cells: int, input_size: int, inner: int, pixels: int, device: torch.device | str
    ) -> _Axis:
        """`cells` stretched to `input_size`, of which `inner` are resized to `pixels`."""
        steps = torch.eye(cells, dtype=torch.float32)[None]
        for keep, size in ((cells, input_size), (inner, pixels)):
            steps = F.interpolate(steps[..., :keep], size, mode="linear", align_corners=False)
        matrix = steps[0].T.contiguous()
        seen = (matrix != 0).numpy()
        first, last = seen.argmax(1), cells - 1 - seen[:, ::-1].argmax(1)
        inside = matrix[:, : last[-1] + 1].contiguous()
        return cls(inside.to(device), first.tolist(), last.tolist())

    def outputs(self, first: int, last: int) -> tuple[int, int]:
        """Start and stop of the pixels in which any of the cells first..last has a weight."""
        return bisect_left(self.last, first), bisect_right(self.first, last)

    def inputs(self, start: int, stop: int) -> tuple[int, int]:
        """Start and stop of the cells that have a weight in any of the pixels start..stop - 1."""
        return self.first[start], self.last[stop - 1] + 1
