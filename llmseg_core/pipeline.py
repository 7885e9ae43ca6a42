"""The method as a whole: what is done once a frame, and what is done once an instruction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from .config import LLMSegConfig, RuntimeConfig, SelectionConfig
from .image_ops import check_image
from .mask_embedder import MaskEmbedder
from .network_files import SharedNetworks
from .proposals import ProposalGenerator
from .runtime import StageTimer
from .seg_token import SegTokenEncoder
from .selection import select, union_mask
from .selector import MaskSelector
from .side_stream import SideStream
from .types import FrameEncoding, Proposals, ProposalScores, Segmentation

__all__ = ["LLMSegPipeline"]

FRAME_STAGES = ("proposals", "embeddings", "image_prefix")
"""What is timed once a frame; on a GPU the last runs beside the others."""


class LLMSegPipeline:
    """Segments what an instruction means (paper figure 2).

    Args:
        generator: proposes masks.
        mask_embedder: describes them.
        seg_token_encoder: the VLM.
        selector: scores proposals for an instruction.
        config: of the model directory; its selection rule is the default.
    """

    def __init__(
        self,
        generator: ProposalGenerator,
        mask_embedder: MaskEmbedder,
        seg_token_encoder: SegTokenEncoder,
        selector: MaskSelector,
        config: LLMSegConfig,
    ) -> None:
        self.generator = generator
        self.mask_embedder = mask_embedder
        self.seg_token_encoder = seg_token_encoder
        self.selector = selector
        self.config = config
        self._side = SideStream(self.device)

    def encode_frame(self, image: np.ndarray) -> FrameEncoding:
        """Everything about an image that does not depend on the instruction.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is of another type, shape or dtype, or has no pixel.
        """
        image = check_image(image)
        timer = StageTimer(self.device)
        # The VLM is asked first: on a GPU it works while SAM, which waits for results, is at it.
        with self._side.aside(), timer.stage("image_prefix"):
            prefix = self.seg_token_encoder.encode_image(image)
        with timer.stage("proposals"):
            proposals = self.generator(image)
        with timer.stage("embeddings"):
            embeddings = self.mask_embedder(image, proposals)
        self._side.join((*prefix.keys, *prefix.values))
        timings_ms = {name: timer.timings_ms[name] for name in FRAME_STAGES}
        return FrameEncoding(proposals, embeddings, prefix, timings_ms)

    def segment_batch(
        self,
        frame: FrameEncoding,
        instructions: Sequence[str],
        selection: SelectionConfig | None = None,
    ) -> list[Segmentation]:
        """Answer several instructions about one image at once.

        Args:
            frame: from `encode_frame`; it is not changed.
            instructions: R texts.
            selection: rule and thresholds; None takes the model's.

        Returns:
            R answers. What does not fit the image has `found` False and an empty mask.

        Raises:
            ValueError: if an instruction is empty or too long for the VLM.
        """
        timer = StageTimer(self.device)
        with timer.stage("seg_token"):
            hidden = self.seg_token_encoder.encode_instructions(frame.prefix, instructions)
        with timer.stage("selection"):
            scores = self.selector.score(frame.embeddings, hidden).to("cpu")
            answers = [
                _answer(text, frame.proposals, scores[index], selection or self.config.selection)
                for index, text in enumerate(instructions)
            ]
        timings = {**frame.timings_ms, **timer.timings_ms}
        return [answer.with_timings(timings) for answer in answers]

    def segment(
        self,
        image: FrameEncoding | np.ndarray,
        instruction: str,
        selection: SelectionConfig | None = None,
    ) -> Segmentation:
        """Answer one instruction about an image, or about a frame that was encoded before.

        Args:
            image: (H, W, 3) uint8 RGB, or the result of `encode_frame`.
            instruction: what to segment, in words.
            selection: rule and thresholds; None takes the model's.

        Raises:
            ValueError: as `encode_frame` and `segment_batch`.
        """
        frame = image if isinstance(image, FrameEncoding) else self.encode_frame(image)
        return self.segment_batch(frame, [instruction], selection)[0]

    @property
    def device(self) -> torch.device:
        """Where the VLM runs."""
        return self.seg_token_encoder.llava.device

    @classmethod
    def from_pretrained(
        cls,
        directory: str | Path = "embedded",
        runtime: RuntimeConfig | None = None,
        shared: SharedNetworks | None = None,
    ) -> LLMSegPipeline:
        """Load a model directory; nothing is ever downloaded.

        Args:
            directory: a path, or "embedded" for the model that comes with the package.
            runtime: device, number format and attention implementation; None means a CPU.
            shared: networks of other models, of which those with the same files are used again.

        Raises:
            FileNotFoundError: if the directory or a part of it is missing.
            ValueError: if its contents do not fit together, or the device is not there.
        """
        from .checkpoint import load_pipeline  # checkpoint.py makes pipelines, so it imports this

        return load_pipeline(directory, runtime or RuntimeConfig(), shared)

    def save_pretrained(self, directory: str | Path, dtype: torch.dtype | None = None) -> None:
        """Write a model directory, whole or not at all.

        Args:
            directory: made or replaced.
            dtype: number format of the weights; None keeps theirs.
        """
        from .checkpoint import save_pipeline

        save_pipeline(self, directory, dtype)


def _answer(
    instruction: str, proposals: Proposals, scores: ProposalScores, config: SelectionConfig
) -> Segmentation:
    selection = select(scores, config)
    return Segmentation(
        instruction=instruction,
        mask=union_mask(proposals.masks, selection).cpu().numpy(),
        selection=selection,
        scores=scores,
        boxes=proposals.boxes.cpu(),
        areas=proposals.areas.cpu(),
    )
