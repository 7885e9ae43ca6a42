# SPDX-License-Identifier: Apache-2.0
"""What a model does for somebody who labels: regions, masks of boxes and points, answers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from llmseg_core.config import ProposalConfig
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.methods.marks import Marks
from llmseg_core.methods.method import Method
from llmseg_core.methods.prompted_method import PromptedMethod
from llmseg_core.model_dir.proposers import SEGMENTERS, build_proposals, promptable
from llmseg_core.prompted.masks import PromptedImage, PromptedMasks
from llmseg_core.prompted.target import Target
from llmseg_core.proposals.enlarge import enlarge_mask
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.types import FrameEncoding, Proposals, Segmentation

from ..data import DataQuestion
from ..evaluate.asking import asked_text, wording_for

__all__ = ["Assistant"]

KEPT = 3
"""images that stay encoded"""
SAMS = tuple(SEGMENTERS.values())
"""networks that propose and draw"""


@dataclass
class _Encoded:
    """What has been computed of an image so far."""

    image: np.ndarray
    frame: Any = None
    proposals: Proposals | None = None
    prompted: PromptedImage | None = None
    regions: list[np.ndarray] | None = None


class Assistant:
    """Asks one model about images; to be used in one thread.

    Args:
        method: answers; its SAM proposes and draws, where it has one that does.
    """

    def __init__(self, method: Method) -> None:
        self.method = method
        self._generator, self._segmenter = _sam_of(method)
        self._encoded: OrderedDict[Hashable, _Encoded] = OrderedDict()
        self._wording = wording_for(getattr(method, "config", None))

    @property
    def draws(self) -> bool:
        """Whether it draws masks of boxes and points."""
        return self._segmenter is not None

    def regions(self, key: Hashable, read: Callable[[], np.ndarray]) -> list[np.ndarray]:
        """Everything in an image that could be a thing, largest first.

        Args:
            key: tells the image from all others.
            read: gives its (H, W, 3) uint8 RGB pixels.

        Returns:
            (H, W) bool each; none from a model that proposes nothing.
        """
        seen = self._seen(key, read)
        if seen.regions is None:
            proposals = self._proposals(seen) or Proposals.empty((1, 1))
            size = (seen.image.shape[0], seen.image.shape[1])
            seen.regions = [enlarge_mask(mask, size) for mask in proposals.masks.cpu().numpy()]
        return seen.regions

    def draw(self, key: Hashable, read: Callable[[], np.ndarray], target: Target) -> np.ndarray:
        """(H, W) bool, the mask of what a box or points show.

        Raises:
            ValueError: if the model draws none.
        """
        seen = self._seen(key, read)
        if self._segmenter is None:
            raise ValueError(f"the model {self.method.profile} draws no masks: use the brush")
        if seen.prompted is None:
            seen.prompted = self._segmenter.encode(seen.image)
        drawn = self._segmenter.draw(seen.prompted, [target])
        return np.asarray(drawn.masks[0].cpu().numpy())

    def answer(
        self, key: Hashable, read: Callable[[], np.ndarray], question: DataQuestion
    ) -> Segmentation:
        """What the model says to a question, put as it is in an evaluation.

        Raises:
            ValueError: if it cannot be asked that.
            OSError: if a part of it is behind an address that does not answer.
        """
        text = asked_text(question, self._wording)
        return self.method.segment(self._frame(self._seen(key, read)), text)

    def has(self, key: Hashable) -> bool:
        """Whether an image's regions are known."""
        return key in self._encoded and self._encoded[key].regions is not None

    def _seen(self, key: Hashable, read: Callable[[], np.ndarray]) -> _Encoded:
        if key not in self._encoded:
            self._encoded[key] = _Encoded(read())
            while len(self._encoded) > KEPT:
                self._encoded.popitem(last=False)
        self._encoded.move_to_end(key)
        return self._encoded[key]

    def _frame(self, seen: _Encoded) -> Any:
        if seen.frame is None:
            seen.frame = self.method.encode_frame(seen.image)
        return seen.frame

    def _proposals(self, seen: _Encoded) -> Proposals | None:
        if self._generator is None:
            return None
        if isinstance(self.method, LLMSegPipeline):  # they come with the answers
            frame: FrameEncoding = self._frame(seen)
            return frame.proposals
        return self._generator(seen.image)

    @property
    def proposes(self) -> bool:
        """Whether it proposes regions."""
        return self._generator is not None


def _sam_of(method: Method) -> tuple[ProposalGenerator | None, PromptedMasks | None]:
    """What proposes, and what draws."""
    if isinstance(method, LLMSegPipeline | Marks):
        network = getattr(method.generator, "model", None)
        known = isinstance(network, SAMS)
        return method.generator, promptable(network) if known else None
    if isinstance(method, PromptedMethod):
        segmenter = method.segmenter
        network = getattr(segmenter, "model", None)
        if isinstance(network, SAMS):
            with torch.inference_mode():
                return build_proposals(network, ProposalConfig()), segmenter
        return None, segmenter
    return None, None
