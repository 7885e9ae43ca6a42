# SPDX-License-Identifier: Apache-2.0
"""Sharper masks: a small network looks once more at the pixels about each mask.

SAM's logits are coarse, a fourth of its input. What a mask misses of a small or thin thing stands
in the image, and its logits say where to look. So a window about each mask is cut out of both, and
a few convolutions say what to add to the logits, as CascadePSP (arXiv 2005.02551) refines the masks
of other networks. The paper has nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.masks import masks_to_boxes

__all__ = ["FINER", "MaskRefiner", "RefinedMasks", "in_input", "in_windows", "mask_windows"]

FINER = 2
"""refined logits along a side for one of SAM's"""
WINDOW = 64
"""cells of a window's side, whatever it shows"""
MARGIN, LEAST_MARGIN = 0.15, 4.0
"""what a window shows beyond its mask on each side: a share of that side, pixels of the input"""
BLOCK = 2
"""cells of a window along one place at which the network works"""
DILATIONS = (1, 2, 4, 1)
HIGHEST = 12.0
"""logits, above and below 0, beyond which they are cut before the network sees them"""
UNIT = 4.0
"""logits for 1 inside the network"""
OUTSIDE = -10.0
"""logit of what lies in no window"""


@dataclass(frozen=True)
class RefinedMasks:
    """N masks after another look.

    Attributes:
        windows: (N, 4) float32, left, top, right, bottom of each window in pixels of SAM's input.
        logits: (N, WINDOW, WINDOW) float32, in the windows.
        iou: (N,) float32 logits of the IoU that each mask has now, as the network predicts it.
    """

    windows: Tensor
    logits: Tensor
    iou: Tensor

    def drawn(self, rows: int, columns: int, cell: float) -> Tensor:
        """Logits of a grid that begins at the input's top left.

        Args:
            rows: h of the grid.
            columns: w of the grid.
            cell: pixels of the input along one of its cells.

        Returns:
            (N, h, w) float32; `OUTSIDE` in cells of which the window shows nothing.
        """
        left, top, right, bottom = self.windows.unbind(1)
        down = _weights(rows, cell, top, bottom)
        across = _weights(columns, cell, left, right)
        return down @ (self.logits - OUTSIDE) @ across.transpose(1, 2) + OUTSIDE


class MaskRefiner(nn.Module):
    """Convolutions on windows of image and logits, each seeing farther than the one before.

    Args:
        width: channels.
        sharpness: pixels that it looks at along one of SAM's input; SAM may see a shrunk image.
    """

    def __init__(self, width: int = 24, sharpness: int = 1) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.enter = nn.Conv2d(4 * BLOCK**2, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=step, dilation=step) for step in DILATIONS
        )
        self.leave = nn.Conv2d(width, BLOCK**2, 3, padding=1)
        self.iou_head = nn.Linear(width, 1)

    def forward(self, pixels: Tensor, low: Tensor, cell: float) -> RefinedMasks:
        """Look at N masks of one image again.

        Args:
            pixels: (3, s S, s S) float, the image as in SAM's input, `sharpness` s times as sharp.
            low: (N, h, w) float, SAM's logits, or the first of their rows and columns.
            cell: pixels of the input along one of the logits.
        """
        windows = mask_windows(low, cell)
        if not len(low):  # of which torch makes no blocks
            return RefinedMasks(windows, low.new_zeros((0, WINDOW, WINDOW)), low.new_zeros(0))
        dtype = self.leave.weight.dtype
        logits = in_windows(low.float()[:, None].clamp(-HIGHEST, HIGHEST), windows, cell)
        seen = pixels.float().expand(len(low), -1, -1, -1)
        shown = in_windows(seen, windows, 1 / self.sharpness)
        blocks = F.pixel_unshuffle(torch.cat((shown, logits / UNIT), 1), BLOCK).to(dtype)
        # so many small convolutions take half the time on a CPU with channels last
        blocks = blocks.contiguous(memory_format=torch.channels_last)
        hidden = F.gelu(self.enter(blocks))
        for block in self.blocks:
            hidden = hidden + F.gelu(block(hidden))
        more = F.pixel_shuffle(self.leave(hidden), BLOCK).float()
        refined = (logits + UNIT * more)[:, 0]
        is_empty = ~(refined > 0).flatten(1).any(1)  # such a mask stays as SAM drew it
        refined = torch.where(is_empty[:, None, None], logits[:, 0], refined)
        iou = self.iou_head(hidden.mean((2, 3)))[:, 0]
        return RefinedMasks(windows, refined, iou.float())

    def finer(self, pixels: Tensor, low: Tensor, cell: float) -> tuple[Tensor, Tensor]:
        """N masks of one image, refined; the arguments are those of `forward`.

        Returns:
            (N, FINER h, FINER w) float32 logits, and (N,) float32 the predicted IoU, [0, 1].
        """
        refined = self(pixels, low, cell)
        rows, columns = FINER * low.shape[1], FINER * low.shape[2]
        return refined.drawn(rows, columns, cell / FINER), refined.iou.sigmoid()


def mask_windows(low: Tensor, cell: float) -> Tensor:
    """What is looked at of each mask: the box about it, and something beyond.

    Args:
        low: (N, h, w) float logits.
        cell: pixels of the input along one of them.

    Returns:
        (N, 4) float32, left, top, right, bottom in pixels of the input; they may lie outside. A
        mask without a pixel has a window of everything.
    """
    inside = low > 0
    everything = low.new_tensor((0, 0, low.shape[2] - 1, low.shape[1] - 1), dtype=torch.float32)
    box = torch.where(inside.flatten(1).any(1)[:, None], masks_to_boxes(inside), everything)
    box = cell * torch.cat((box[:, :2], box[:, 2:] + 1), 1)
    beyond = MARGIN * (box[:, 2:] - box[:, :2]) + LEAST_MARGIN
    return torch.cat((box[:, :2] - beyond, box[:, 2:] + beyond), 1)


def in_windows(maps: Tensor, windows: Tensor, cell: float) -> Tensor:
    """What windows show of maps.

    Args:
        maps: (N, C, h, w) float, each from the input's top left.
        windows: (N, 4) float32, see `mask_windows`.
        cell: pixels of the input along one cell of the maps.

    Returns:
        (N, C, WINDOW, WINDOW) float; beyond an edge the maps go on as they are there.
    """
    x, y = _middles(windows)
    shape = len(windows), WINDOW, WINDOW
    extent = cell * windows.new_tensor((maps.shape[3], maps.shape[2]))
    places = torch.stack((x[:, None].expand(shape), y[:, :, None].expand(shape)), 3)
    return F.grid_sample(maps, 2 * places / extent - 1, padding_mode="border", align_corners=False)


def in_input(windows: Tensor, rows: int, columns: int) -> Tensor:
    """(N, WINDOW, WINDOW) bool, which cells of windows lie in an input of that many pixels."""
    x, y = _middles(windows)
    return ((x >= 0) & (x < columns))[:, None] & ((y >= 0) & (y < rows))[:, :, None]


def _middles(windows: Tensor) -> tuple[Tensor, Tensor]:
    """X and y of the cells of windows, (N, WINDOW) float32 each, pixels of the input."""
    steps = (torch.arange(WINDOW, device=windows.device) + 0.5) / WINDOW
    corner, size = windows[:, None, :2], windows[:, None, 2:] - windows[:, None, :2]
    x, y = (corner + size * steps[:, None]).unbind(2)
    return x, y


def _weights(count: int, cell: float, start: Tensor, stop: Tensor) -> Tensor:
    """(N, count, WINDOW) float32: how cells of a grid lie between those of windows, one side."""
    centres = cell * (torch.arange(count, device=start.device) + 0.5)
    start, stop = start[:, None], stop[:, None]
    places = (centres - start) / (stop - start) * WINDOW - 0.5
    shown = (centres >= start) & (centres < stop)
    near = places.clamp(0, WINDOW - 1)[:, :, None] - torch.arange(WINDOW, device=start.device)
    return (1 - near.abs()).clamp(min=0) * shown[:, :, None]
