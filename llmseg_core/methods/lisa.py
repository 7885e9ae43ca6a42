# SPDX-License-Identifier: Apache-2.0
"""LISA, the paper's competitor: the seg token's state prompts SAM's own mask decoder.

Lai et al., arXiv 2308.00692. As in the released code the answer is fixed to "[SEG].", one forward
pass gives the state before the seg token, and SAM draws a single mask from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from llmseg_core.config import LisaConfig, RuntimeConfig, SelectionConfig
from llmseg_core.images.image_ops import check_image
from llmseg_core.model_dir.lisa_files import LisaParts, lisa_places, load_lisa
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.prompted.masks import DrawnMasks, PromptedImage
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.proposals.mask_resize import LogitResize
from llmseg_core.runtime.recorded import record_on_gpu
from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.types import Segmentation
from llmseg_core.vlm.seg_token import SegTokenEncoder

from .description import MethodDescription
from .prompted_answer import PromptedFrame, prompted_answer
from .prompted_method import PromptedMethod
from .timed_answer import timed

__all__ = ["Lisa"]

DESCRIPTION = MethodDescription(
    name="lisa",
    understands="names, descriptions and questions like those it was trained on; it does not know "
    "that nothing may fit",
    takes_questions=True,
    selection=("min_confidence",),
)


class Lisa(PromptedMethod[LisaConfig]):
    """Segments what the seg token's state makes SAM draw.

    Args:
        parts: the networks, where they shall run.
    """

    config_type = LisaConfig
    segmenter: SamMasks

    def __init__(self, parts: LisaParts) -> None:
        super().__init__(SamMasks(parts.sam), parts.config)
        self.seg_token_encoder = SegTokenEncoder(
            parts.llava, parts.tokenizer, parts.config.seg_token, parts.pixels
        )
        self.decoder = parts.decoder

    def record_on_gpu(self) -> None:
        """Let a GPU record the passes of SAM's image encoder and the VLM, see `Recorded`."""
        record_on_gpu(self.segmenter, self.seg_token_encoder.vlm)

    def encode_frame(self, image: np.ndarray) -> PromptedFrame:
        """Everything about an image that does not depend on the instruction.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is of another type, shape or dtype, or has no pixel.
        """
        check_image(image)
        timer = StageTimer(self.device)
        with timer.stage("image_prefix"):
            prefix = self.seg_token_encoder.encode_image(image)
        with timer.stage("segmenter_image"):
            encoded = self.segmenter.encode(image)
        return PromptedFrame(encoded, {"vlm": prefix}, timer.timings_ms, timer.total_ms)

    def segment_batch(
        self,
        frame: PromptedFrame,
        instructions: Sequence[str],
        selection: SelectionConfig | None = None,
    ) -> list[Segmentation]:
        """Answer several instructions about one image at once; no image is encoded.

        Args:
            frame: from `encode_frame`; it is not changed.
            instructions: R texts.
            selection: only `min_confidence` counts; None takes the model's.

        Raises:
            UnaskableError: if an instruction is empty, holds a control token or is too long.
        """
        if not instructions:
            return []
        timer = StageTimer(self.device)
        with timer.stage("seg_token"):
            prefix = frame.parts["vlm"]
            hidden = self.seg_token_encoder.encode_instructions(prefix, instructions)
        with timer.stage("drawing"):
            low, predicted_iou = self.draw(frame.image, hidden)
            answers = [
                self._answer(text, frame.image, logits, quality, selection or self.selection)
                for text, logits, quality in zip(instructions, low, predicted_iou, strict=True)
            ]
        return [timed(answer, frame, timer) for answer in answers]

    def segment(
        self, frame: PromptedFrame, instruction: str, selection: SelectionConfig | None = None
    ) -> Segmentation:
        """Answer one instruction; see `segment_batch`."""
        return self.segment_batch(frame, [instruction], selection)[0]

    @torch.inference_mode()
    def draw(self, image: PromptedImage, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """What R states of the VLM mean in an image: (R, 4 h, 4 w) logits and (R,) predicted IoU.

        Args:
            image: from the segmenter.
            hidden: (R, hidden) float, from the VLM.
        """
        embedding: Tensor = image.features["image_embeddings"]
        low, predicted = self.decoder(embedding, hidden)
        return low, predicted

    def logits(self, image: PromptedImage, low: Tensor) -> Tensor:
        """(4 h, 4 w) logits at the size of the image, (H, W) float32."""
        size = int(low.shape[0]), int(low.shape[1])
        resize = LogitResize(size, image.image_size, self.segmenter.input_size, low.device)
        return resize(low[None])[0]

    @torch.inference_mode()
    def _answer(
        self,
        instruction: str,
        image: PromptedImage,
        low: Tensor,
        predicted_iou: Tensor,
        selection: SelectionConfig,
    ) -> Segmentation:
        """One mask: its pixels are those more likely on what is meant than not.

        The confidence is their mean probability. The predicted IoU would be SAM's of points and
        boxes, which LISA's training leaves alone.
        """
        logits = self.logits(image, low)
        mask = logits > 0
        found = bool(mask.any())
        drawn = DrawnMasks(mask[None][:found], predicted_iou.float()[None][:found])
        return prompted_answer(
            DESCRIPTION.name,
            instruction,
            "",
            drawn,
            [float(logits[mask].sigmoid().mean())] * found,
            selection,
            "the mask that was drawn has no pixel; this method is not taught that nothing may fit",
            self.calibration,
        )

    @property
    def device(self) -> torch.device:
        """Where the VLM runs."""
        return self.seg_token_encoder.llava.device

    @property
    def trouble(self) -> str:
        """Nothing keeps it from answering: all of it is in this process."""
        return ""

    @property
    def description(self) -> MethodDescription:
        """What LISA is and understands."""
        return DESCRIPTION

    @classmethod
    def from_config(
        cls,
        config: LisaConfig,
        path: Path,
        runtime: RuntimeConfig | None = None,
        shared: SharedNetworks | None = None,
    ) -> Lisa:
        """See `ConfiguredMethod.from_config`."""
        lisa = cls(load_lisa(path, config, runtime, shared))
        if (runtime or RuntimeConfig()).cuda_graphs and lisa.device.type == "cuda":
            lisa.record_on_gpu()
        return lisa

    @classmethod
    def places(cls, config: LisaConfig, path: Path) -> dict[str, str]:
        """See `ConfiguredMethod.places`."""
        return lisa_places(path, config)
