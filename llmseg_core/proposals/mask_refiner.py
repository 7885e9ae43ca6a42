# SPDX-License-Identifier: Apache-2.0
"""Sharper masks: a small network looks once more at the pixels about each mask.

SAM's logits are coarse, a fourth of its input. What a mask misses of a small or thin thing stands
in the image, and its logits say where to look. So a window about each mask is cut out of both, and
a few convolutions say what to add to the logits, as CascadePSP (arXiv 2005.02551) refines the masks
of other networks. The paper has nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.masks import masks_to_boxes

__all__ = [
    "FINER",
    "MaskRefiner",
    "RefinedMasks",
    "in_input",
    "in_windows",
    "iou_head",
    "mask_windows",
    "pooled",
]

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
MEASURES = 11
"""numbers of a mask that its predicted IoU is read from, beside what the network saw of it"""


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
        iou_dim: width of the layers that predict the IoU from what was seen inside, at the edge and
            outside of a mask and from its measures, as Mask Scoring R-CNN (arXiv 1903.00241)
            predicts it from mask and features; 0 predicts it from the mean of all that was seen.
        passes: how often it looks at a mask, each time at what it made of it the time before.

    Attributes:
        described: how many numbers the IoU is predicted from.
    """

    def __init__(
        self, width: int = 24, sharpness: int = 1, iou_dim: int = 0, passes: int = 1
    ) -> None:
        super().__init__()
        self.sharpness, self.iou_dim, self.passes = sharpness, iou_dim, passes
        self.described = 3 * width + MEASURES if iou_dim else width
        self.enter = nn.Conv2d(4 * BLOCK**2, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=step, dilation=step) for step in DILATIONS
        )
        self.leave = nn.Conv2d(width, BLOCK**2, 3, padding=1)
        self.iou_head = iou_head(self.described, iou_dim) if iou_dim else nn.Linear(width, 1)

    def forward(self, pixels: Tensor, low: Tensor, cell: float, sam_iou: Tensor) -> RefinedMasks:
        """Look once at N masks of one image.

        Args:
            pixels: (3, s S, s S) float, the image as in SAM's input, `sharpness` s times as sharp.
            low: (N, h, w) float, SAM's logits, or the first of their rows and columns.
            cell: pixels of the input along one of the logits.
            sam_iou: (N,) float, the IoU that SAM predicts.
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
        if self.iou_dim:
            share = windows / (pixels.shape[1] / self.sharpness)
            seen = torch.cat((pooled(hidden, refined), _measures(refined, share, sam_iou)), 1)
        else:
            seen = hidden.mean((2, 3))
        return RefinedMasks(windows, refined, self.iou_head(seen.to(dtype))[:, 0].float())

    def finer(
        self, pixels: Tensor, low: Tensor, cell: float, sam_iou: Tensor
    ) -> tuple[Tensor, Tensor]:
        """N masks of one image, refined in all passes; the arguments are those of `forward`.

        Returns:
            (N, FINER h, FINER w) float32 logits, and (N,) float32 the predicted IoU, [0, 1].
        """
        *_, (refined, drawn) = self.looks(pixels, low, cell, sam_iou)
        return drawn, refined.iou.sigmoid()

    def looks(
        self, pixels: Tensor, low: Tensor, cell: float, sam_iou: Tensor
    ) -> Iterator[tuple[RefinedMasks, Tensor]]:
        """What each pass makes of N masks; the arguments are those of `forward`.

        Yields:
            The masks in their windows, and as (N, FINER h, FINER w) float32 logits, of which no
            gradient goes back.
        """
        rows, columns, finer = FINER * low.shape[1], FINER * low.shape[2], cell / FINER
        for _ in range(self.passes):
            refined = self(pixels, low, cell, sam_iou)
            low, cell = refined.drawn(rows, columns, finer).detach(), finer
            yield refined, low


def iou_head(inputs: int, width: int, dropout: float = 0.0) -> nn.Sequential:
    """Layers that predict a mask's IoU, as a logit.

    Args:
        inputs: numbers that say what a mask is like.
        width: of the first layer; the second has half of it.
        dropout: while it learns, after both.
    """
    half = max(1, width // 2)
    return nn.Sequential(
        nn.Linear(inputs, width), nn.GELU(), nn.Dropout(dropout),
        nn.Linear(width, half), nn.GELU(), nn.Dropout(dropout),
        nn.Linear(half, 1),
    )  # fmt: skip


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


def pooled(hidden: Tensor, logits: Tensor) -> Tensor:
    """(N, 3 C) float32: the mean of (N, C, w, w) features inside masks, at edges, and outside.

    Args:
        hidden: features of the cells.
        logits: (N, BLOCK w, BLOCK w) float32, the refined masks there.
    """
    cells = F.avg_pool2d(logits[:, None], BLOCK)
    inside = (cells > 0).float()
    parts = []
    for weight in (inside, (-cells.abs() / 2).exp(), 1 - inside):
        total = (hidden.float() * weight).sum((2, 3))
        parts.append(total / weight.sum((2, 3)).clamp(min=1e-3))
    return torch.cat(parts, 1)


def _measures(logits: Tensor, windows: Tensor, sam_iou: Tensor) -> Tensor:
    """(N, MEASURES) float32: how sure, large and stable masks are, where, and what SAM says.

    Args:
        logits: (N, WINDOW, WINDOW) float32, refined.
        windows: (N, 4) float32, fractions of the input's side.
        sam_iou: (N,) float.
    """
    size = (windows[:, 2:] - windows[:, :2]).clamp(min=1e-3).log()
    filled = (logits > 0).float().mean((1, 2))
    stable = (logits > 1).float().mean((1, 2)) / (logits > -1).float().mean((1, 2)).clamp(min=1e-4)
    sure = logits.abs().clamp(max=2 * UNIT).mean((1, 2)) / UNIT
    edge = (-logits.abs() / 2).exp().mean((1, 2))
    rest = torch.stack((filled, stable, sure, edge, sam_iou.float()), 1)
    return torch.cat((windows, size, rest), 1)


def _weights(count: int, cell: float, start: Tensor, stop: Tensor) -> Tensor:
    """(N, count, WINDOW) float32: how cells of a grid lie between those of windows, one side."""
    centres = cell * (torch.arange(count, device=start.device) + 0.5)
    start, stop = start[:, None], stop[:, None]
    places = (centres - start) / (stop - start) * WINDOW - 0.5
    shown = (centres >= start) & (centres < stop)
    near = places.clamp(0, WINDOW - 1)[:, :, None] - torch.arange(WINDOW, device=start.device)
    return (1 - near.abs()).clamp(min=0) * shown[:, :, None]
