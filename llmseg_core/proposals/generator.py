# SPDX-License-Identifier: Apache-2.0
"""Proposals: everything that could be an object in an image, class-agnostic (paper section 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from transformers import SamModel

from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_ops import (
    check_image,
    normalize_and_pad,
    resize_longest_side,
    resized_shape,
)
from llmseg_core.runtime.freed_memory import keep_freed_memory
from llmseg_core.runtime.sending import sent
from llmseg_core.types import Proposals

from .box_nms import box_nms
from .crops import near_inner_edge
from .enlarge import propose_within_limits
from .finite_check import FiniteCheck
from .mask_candidates import MaskCandidates
from .mask_measures import (
    draw_masks,
    low_resolution_stability,
    measure_logits,
    measure_masks,
)
from .mask_refiner import FINER, MaskRefiner
from .memory import MemoryPlan
from .refined_sam import refiner_of
from .sam_decoder import ImageSide, SamPointDecoder
from .sam_encoder import CACHED_BYTES, SamImageEncoder, recorded_encoder, without_padding
from .small_regions import without_small_regions
from .views import ImageView, image_views, point_grid

__all__ = ["ProposalGenerator", "SamProposalGenerator", "point_grid"]


REFINED_AT_ONCE = 64
"""masks that a refiner looks at together; each takes a megabyte or so"""


class ProposalGenerator(Protocol):
    """Whatever proposes masks for an image: SAM live, or proposals stored before."""

    def __call__(self, image: np.ndarray) -> Proposals:
        """Propose masks for one image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            At most `max_proposals` proposals, largest first, in pixels of `image`.
        """


class SamProposalGenerator:
    """SAM's everything mode: a grid of point prompts, quality filters, box NMS.

    The same masks as segment-anything's `SamAutomaticMaskGenerator`, in another order of work:
    predicted IoU is read before any mask is drawn; stability, area and box are measured without
    keeping a mask at full resolution; only the masks that are returned are drawn. On a CPU the
    process keeps freed memory from then on (see `keep_freed_memory`).

    Args:
        model: SAM; its device and dtype are used. Its weights may not change afterwards.
        config: grid, crops, thresholds and limits.
        memory_budget_mb: MB (2^20 bytes) for everything beside the weights, the image encoder and
            the masks that are returned; None takes 4096 on a GPU, and on a CPU what its caches
            hold. It changes the speed, not the masks. See `MemoryPlan`.
        compiled: whether SAM is compiled by torch.compile; nearly exact, since its kernels round
            otherwise.

    Raises:
        ValueError: if the budget is too small for one point, or masks shall be refined and SAM has
            no refiner.
    """

    def __init__(
        self,
        model: SamModel,
        config: ProposalConfig,
        memory_budget_mb: int | None = None,
        compiled: bool = False,
    ) -> None:
        on_cpu = model.device.type == "cpu"
        if on_cpu:
            keep_freed_memory()
        self.model = model.eval()
        self.config = config
        self.encoder = SamImageEncoder(model, CACHED_BYTES if on_cpu and not compiled else None)
        self.decoder = SamPointDecoder(model)
        self.memory = MemoryPlan.make(self.decoder, memory_budget_mb, config.points_per_batch)
        self.input_size = int(model.config.vision_config.image_size)
        self._encode: Callable[[Tensor], Tensor] = self.encoder
        self._decode = self.decoder.decode
        if compiled:
            self._encode = torch.compile(self.encoder)
            self._decode = torch.compile(self._decode, dynamic=True)
        self._position: Tensor | None = None
        self._views: tuple[tuple[int, int], list[ImageView]] | None = None
        self._finer_views: list[ImageView] = []
        self._refiner = refiner_of(model) if config.refine else None
        self._needed: tuple[int, int] | None = None

    def record_on_gpu(self) -> None:
        """Let a GPU record the image encoder's pass; not where it is compiled."""
        if self._encode is self.encoder:
            self._encode = recorded_encoder(self.encoder)

    @property
    def device(self) -> torch.device:
        """Where SAM's weights are."""
        return self.model.device

    @property
    def points_per_batch(self) -> int:
        """Prompts decoded at once."""
        return self.memory.points

    def __call__(self, image: np.ndarray) -> Proposals:
        """See `ProposalGenerator`; raises ValueError as `propose` does."""
        return propose_within_limits(self.propose, image, self.config)

    @torch.inference_mode()
    def propose(self, image: np.ndarray, largest: int | None = None) -> Proposals:
        """Masks of an image at its own size, whatever that is.

        Args:
            image: (H, W, 3) uint8 RGB.
            largest: how many masks to keep, largest first, the largest or the likeliest, as `keep`
                of the configuration says; None keeps all that pass, in the order of
                `SamAutomaticMaskGenerator`: highest predicted IoU first, with crops those of the
                smallest crops before.

        Raises:
            ValueError: if the image is not (H, W, 3) uint8 with at least one pixel, or the network
                gives numbers that are not finite.
        """
        check_image(image)
        size = (int(image.shape[0]), int(image.shape[1]))
        views = self._image_views(size)
        found = MaskCandidates.cat(
            [self._look(image, view, index) for index, view in enumerate(views)]
        )
        if len(views) > 1:
            areas = torch.tensor([view.crop.area for view in views], device=self.device)
            found = found[box_nms(found.boxes, 1 / areas[found.view], self.config.crop_nms_thresh)]
        masks, least = None, self.config.min_mask_region_area
        if self._refiner is not None or self.config.low_resolution_measures:
            if largest is not None and not least:
                found = found[self._most(found, largest)]
            if self._refiner is not None:
                found = self._refined(self._refiner, found, image, views)
                views = self._finer_views
            found = self._measured(found, views)
        if least > 0:
            threshold = max(self.config.box_nms_thresh, self.config.crop_nms_thresh)
            masks = self._draw(found, views, size)
            found, masks = without_small_regions(found, masks, least, threshold)
        if largest is not None:
            order = self._most(found, largest)
            found, masks = found[order], None if masks is None else masks[order]
        if masks is None:
            masks = self._draw(found, views, size)
        return Proposals(masks, found.boxes, found.iou.float(), found.stability, found.points)

    def _most(self, found: MaskCandidates, count: int) -> Tensor:
        """(n,) int64, at most `count` candidates, the largest or the likeliest; largest first."""
        by_area = found.areas.argsort(descending=True, stable=True)
        if self.config.keep == "largest" or len(by_area) <= count:
            return by_area[:count]
        likeliest = torch.zeros_like(by_area, dtype=torch.bool)
        likeliest[found.iou.argsort(descending=True, stable=True)[:count]] = True
        return by_area[likeliest[by_area]]

    def _image_views(self, size: tuple[int, int]) -> list[ImageView]:
        """Of an image of `size` (H, W); kept, since the next one is mostly as large."""
        if self._views is None or self._views[0] != size:
            mask_size = self.decoder.mask_size
            views = image_views(size, self.config, mask_size, self.input_size, self.device)
            self._views = size, views
            rows, columns = zip(*(view.resize.needed for view in views), strict=True)
            self._needed = max(rows), max(columns)  # all views' logits have one size
            if self._refiner is not None:
                finer = FINER * mask_size[0], FINER * mask_size[1]
                self._finer_views = image_views(
                    size, self.config, finer, self.input_size, self.device
                )
        return self._views[1]

    def _look(self, image: np.ndarray, view: ImageView, index: int) -> MaskCandidates:
        """What one view shows, after the filters and its own NMS."""
        check = FiniteCheck()
        side = self._image_side(self._pixels(image, view, self.input_size), view, check)
        everything = torch.arange(len(view.coarse))
        if self.config.coarse_step == 1:
            found = self._candidates(side, view, index, everything, check)
        else:
            coarse = self._candidates(side, view, index, everything[view.coarse], check)
            rest = everything[~(view.coarse | self._covered(coarse, view).cpu())]
            parts = [coarse]
            if len(rest):
                parts.append(self._candidates(side, view, index, rest, check))
            found = MaskCandidates.cat(parts)
        check.finish()
        passed = self._passing(found, view, image.shape[:2])
        kept = box_nms(found.boxes[passed], found.iou[passed], self.config.box_nms_thresh)
        return found[passed[kept]]

    def _pixels(self, image: np.ndarray, view: ImageView, side: int) -> Tensor:
        """(3, side, side) float32, what is seen of a view: SAM's input, or a sharper one."""
        crop = view.crop
        shown = image[crop.top : crop.bottom, crop.left : crop.right]
        return normalize_and_pad(resize_longest_side(shown, side), side, self.device)

    def _image_side(self, pixels: Tensor, view: ImageView, check: FiniteCheck) -> ImageSide:
        if self.config.skip_padding:
            rows, columns = resized_shape(*view.crop.size, self.input_size)
            pixels = without_padding(pixels, rows, columns, self.model.config.vision_config)
        embedding = self._encode(pixels[None].to(self.model.dtype))[0]
        if self._position is None:
            self._position = self.decoder.dense_position()
        return self.decoder.image_side(
            check.see("SAM's image embedding", embedding), self._position
        )

    def _candidates(
        self, side: ImageSide, view: ImageView, index: int, numbers: Tensor, check: FiniteCheck
    ) -> MaskCandidates:
        """The masks of some points that pass the predicted IoU.

        Args:
            side: image side of the view.
            view: where to look.
            index: of the view.
            numbers: (n,) int64 on the CPU, which points of the view.
            check: sees what the network gives.
        """
        found, waiting = [], 0
        for batch in sent(numbers, self.device).split(self.memory.points):
            some = self._batch(side, view, index, batch, check)
            waiting += some.low.nbytes
            if waiting > self.memory.waiting_bytes // 2:  # joining them takes as much again
                some = some.waiting_in(torch.device("cpu"))
            found.append(some)
        return MaskCandidates.cat(found)

    def _batch(
        self, side: ImageSide, view: ImageView, index: int, numbers: Tensor, check: FiniteCheck
    ) -> MaskCandidates:
        """As in the original, a threshold of 0 or below lets everything pass."""
        config = self.config
        decoded = self._decode(side, view.prompts[numbers])
        check.see("SAM's predicted IoU", decoded.iou)
        threshold = config.pred_iou_thresh if config.pred_iou_thresh > 0 else -torch.inf
        # the only wait for the device: how many masks pass decides all shapes that follow
        prompt, mask = (decoded.iou > threshold).cpu().nonzero(as_tuple=True)
        low = self.decoder.draw(decoded, prompt, mask, self.memory.drawn, self._needed)
        check.see("SAM's mask logits", low)
        offset = config.stability_score_offset
        if config.low_resolution_measures:
            measures = measure_logits(low, view.resize, offset)
        else:
            measures = measure_masks(low, view.resize, offset, self.memory.full_bytes)
        stability = measures.stability
        if config.low_resolution_stability:
            stability = low_resolution_stability(low, view.resize, offset)
        shift = measures.boxes.new_tensor((view.crop.left, view.crop.top)).repeat(2)
        prompt, mask = sent(prompt, self.device), sent(mask, self.device)
        return MaskCandidates(
            low,
            decoded.iou[prompt, mask],
            stability,
            measures.areas,
            measures.boxes + shift,
            view.points[numbers[prompt]],
            torch.full_like(prompt, index),
        )

    def _refined(
        self,
        refiner: MaskRefiner,
        found: MaskCandidates,
        image: np.ndarray,
        views: list[ImageView],
    ) -> MaskCandidates:
        """The same masks with finer logits, for `_finer_views`, and another predicted IoU."""
        rows, columns = (FINER * side for side in found.low.shape[1:])
        low, iou = found.low.new_empty((len(found), rows, columns)), found.iou.clone()
        cell = self.input_size / self.decoder.mask_size[0]
        for index, view in enumerate(views):
            # anew: those of all crops would be much to keep
            pixels = self._pixels(image, view, refiner.sharpness * self.input_size)
            for some in (found.view == index).nonzero()[:, 0].split(REFINED_AT_ONCE):
                finer, predicted = refiner.finer(pixels, found.low[some], cell, found.iou[some])
                low[some], iou[some] = finer.to(low.dtype), predicted.to(iou.dtype)
        return replace(found, low=low, iou=iou)

    def _measured(self, found: MaskCandidates, views: list[ImageView]) -> MaskCandidates:
        """The same with areas and boxes counted in pixels of the image."""
        areas, boxes = found.areas.clone(), found.boxes.clone()
        for index, view in enumerate(views):
            rows = (found.view == index).nonzero()[:, 0]
            measures = measure_masks(
                found.low[rows],
                view.resize,
                self.config.stability_score_offset,
                self.memory.full_bytes,
            )
            shift = boxes.new_tensor((view.crop.left, view.crop.top)).repeat(2)
            areas[rows], boxes[rows] = measures.areas, measures.boxes + shift
        return replace(found, areas=areas, boxes=boxes)

    def _passing(
        self, found: MaskCandidates, view: ImageView, image_size: tuple[int, ...]
    ) -> Tensor:
        """(k,) int64, the candidates that are stable and not cut off by an edge of the crop."""
        passed = torch.ones_like(found.view, dtype=torch.bool)
        if self.config.stability_score_thresh > 0:
            passed &= found.stability >= self.config.stability_score_thresh
        if view.crop.layer:
            passed &= ~near_inner_edge(found.boxes, view.crop, *image_size[:2])
        return passed.nonzero()[:, 0]

    def _covered(self, coarse: MaskCandidates, view: ImageView) -> Tensor:
        """(N,) bool, the points of the view that lie inside a mask SAM is sure of."""
        config = self.config
        sure = coarse.iou >= config.coarse_confidence
        if config.stability_score_thresh > 0:
            sure &= coarse.stability >= config.stability_score_thresh
        cells = (view.prompts * (self.decoder.mask_size[0] / self.input_size)).long()
        low = coarse.low[sure.to(coarse.low.device)].to(self.device)
        return (low[:, cells[:, 1], cells[:, 0]] > 0).any(0)

    def _draw(self, found: MaskCandidates, views: list[ImageView], size: tuple[int, int]) -> Tensor:
        """(n, H, W) bool, the masks of candidates."""
        memory = self.memory.full_bytes
        if len(views) == 1:
            return draw_masks(found.low, found.boxes, views[0].resize, memory)
        masks = torch.zeros((len(found), *size), dtype=torch.bool, device=self.device)
        for index, view in enumerate(views):
            crop, rows = view.crop, (found.view == index).nonzero()[:, 0]
            shift = found.boxes.new_tensor((crop.left, crop.top)).repeat(2)
            drawn = draw_masks(found.low[rows], found.boxes[rows] - shift, view.resize, memory)
            masks[rows, crop.top : crop.bottom, crop.left : crop.right] = drawn
        return masks
