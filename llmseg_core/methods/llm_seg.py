# SPDX-License-Identifier: Apache-2.0
"""The method as a whole: what is done once a frame, and what is done once an instruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from transformers import ConvNextModel

from llmseg_core.config import Calibration, LLMSegConfig, RuntimeConfig, SelectionConfig
from llmseg_core.embeddings.dinov2 import DINOS
from llmseg_core.embeddings.mask_embedder import MaskEmbedder, PooledMaskEmbedder
from llmseg_core.familiarity.familiarity import Familiarity, unfamiliar_reason
from llmseg_core.images.image_ops import check_image
from llmseg_core.model_dir.checkpoint import load_parts, save_parts
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.model_dir.networks import build_image_encoder, encoder_classes
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.model_dir.proposers import SEGMENTERS, build_proposals
from llmseg_core.proposals.enlarge import enlarge_mask
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.runtime.recorded import record_on_gpu
from llmseg_core.runtime.side_stream import SideStream
from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.selector.selection import select, union_mask
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.types import Candidates, FrameEncoding, ProposalScores, Segmentation, Selection
from llmseg_core.vlm.seg_token import SegTokenEncoder

from .description import MethodDescription
from .timed_answer import timed

__all__ = ["LLMSegPipeline"]

DESCRIPTION = MethodDescription(
    name="llm_seg",
    understands="names, descriptions, relations and questions like those it was trained on",
    takes_questions=True,
    selection=(
        "rule",
        "iop_threshold",
        "top_k",
        "min_presence",
        "min_confidence",
        "accept_unfamiliar",
    ),
)

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
        familiarity: notices images that the networks do not know; None takes every image.
    """

    def __init__(
        self,
        generator: ProposalGenerator,
        mask_embedder: MaskEmbedder,
        seg_token_encoder: SegTokenEncoder,
        selector: MaskSelector,
        config: LLMSegConfig,
        familiarity: Familiarity | None = None,
    ) -> None:
        self.generator = generator
        self.mask_embedder = mask_embedder
        self.seg_token_encoder = seg_token_encoder
        self.selector = selector
        self.config = config
        self.familiarity = familiarity
        self.calibration: Calibration | None = config.calibration
        self._side = SideStream(self.device)

    def record_on_gpu(self) -> None:
        """Let a GPU record the passes of the large networks, see `Recorded`."""
        encoder = getattr(self.mask_embedder, "image_encoder", None)
        record_on_gpu(self.generator, encoder, self.seg_token_encoder.vlm)

    def encode_frame(self, image: np.ndarray) -> FrameEncoding:
        """Everything about an image that does not depend on the instruction.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is of another type, shape or dtype, or has no pixel.
        """
        image, timer = check_image(image), StageTimer(self.device)
        if self.familiarity is None:
            return self._encode(image, timer)
        with self.familiarity.watching((image.shape[0], image.shape[1])) as statistics:
            frame = self._encode(image, timer)
        with timer.stage("familiarity"):
            distance = self.familiarity.distance(statistics)
        timings_ms = {**frame.timings_ms, "familiarity": timer.timings_ms["familiarity"]}
        return replace(
            frame, unfamiliarity=distance, timings_ms=timings_ms, total_ms=timer.total_ms
        )

    def _encode(self, image: np.ndarray, timer: StageTimer) -> FrameEncoding:
        # The VLM is asked first: on a GPU it works while SAM, which waits for results, is at it.
        with self._side.aside(), timer.stage("image_prefix"):
            prefix = self.seg_token_encoder.encode_image(image)
        with timer.stage("proposals"):
            proposals = self.generator(image)
        with timer.stage("embeddings"):
            embeddings = self.mask_embedder(image, proposals)
            mask_embeddings = self.selector.embed_proposals(embeddings)
        self._side.join((*prefix.keys, *prefix.values))
        taken = timer.timings_ms
        timings_ms = {name: taken[name] for name in FRAME_STAGES}
        return FrameEncoding(
            proposals, embeddings, mask_embeddings, prefix, timings_ms, timer.total_ms
        )

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
            scores = self.selector.score(frame.mask_embeddings, hidden).to("cpu")
            scores = replace(scores, quality=frame.proposals.predicted_iou.cpu())
            answers = [
                _answer(text, frame, scores[index], selection or self.selection, self.calibration)
                for index, text in enumerate(instructions)
            ]
        return [timed(answer, frame, timer) for answer in answers]

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
    def profile(self) -> str:
        """Name of the model's profile, for people."""
        return self.config.profile

    @property
    def selection(self) -> SelectionConfig:
        """The model's own rule and thresholds."""
        return self.config.selection

    @property
    def description(self) -> MethodDescription:
        """What LLM-Seg is and understands."""
        return DESCRIPTION

    @property
    def trouble(self) -> str:
        """Nothing keeps it from answering: all of it is in this process."""
        return ""

    @property
    def device(self) -> torch.device:
        """Where the VLM runs."""
        return self.seg_token_encoder.llava.device

    @classmethod
    def from_parts(cls, parts: ModelParts, runtime: RuntimeConfig | None = None) -> LLMSegPipeline:
        """The pipeline of one model: SAM's proposals, pooled features, the VLM, the selector.

        Args:
            parts: the networks, where they shall run.
            runtime: memory budget, whether SAM is compiled, and whether a GPU records passes; None
                takes the defaults.

        Raises:
            ValueError: if the network of the image encoder is not among the parts.
        """
        runtime, config, seen = runtime or RuntimeConfig(), parts.config, parts.seen_images
        sam, budget = parts.sam, runtime.memory_budget_mb
        pipeline = cls(
            build_proposals(sam, config.proposals, budget, runtime.compile),
            PooledMaskEmbedder(build_image_encoder(parts), config.image_encoder.pooling_size),
            SegTokenEncoder(parts.llava, parts.tokenizer, config.seg_token, parts.pixels),
            parts.selector,
            config,
            None
            if seen is None
            else Familiarity(seen, sam, parts.dinov2, config.image_encoder.image_size),
        )
        if runtime.cuda_graphs and pipeline.device.type == "cuda":
            pipeline.record_on_gpu()
        return pipeline

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
        return cls.from_parts(load_parts(directory, runtime, shared), runtime)

    def save_pretrained(self, directory: str | Path, dtype: torch.dtype | None = None) -> None:
        """Write a model directory, whole or not at all.

        Args:
            directory: made or replaced.
            dtype: number format of the weights; None keeps theirs.

        Raises:
            TypeError: if the pipeline was put together from other parts than a directory can hold.
        """
        save_parts(self._parts(), directory, dtype)

    def _parts(self) -> ModelParts:
        """The networks that a model directory holds."""
        encoder = getattr(self.mask_embedder, "image_encoder", None)
        sam, network = getattr(self.generator, "model", None), getattr(encoder, "model", None)
        wanted = encoder_classes(self.config.image_encoder.kind)
        proposers = tuple(SEGMENTERS.values())
        if not isinstance(sam, proposers) or not isinstance(network, wanted):
            raise TypeError(
                f"a model directory holds a SAM and {wanted[0].__name__}, the pipeline has "
                f"{type(sam).__name__} and {type(network).__name__}"
            )
        return ModelParts(
            config=self.config,
            sam=sam,
            dinov2=network if isinstance(network, DINOS) else None,
            llava=self.seg_token_encoder.llava,
            tokenizer=self.seg_token_encoder.tokenizer,
            selector=self.selector,
            convnext=network if isinstance(network, ConvNextModel) else None,
            pixels=self.seg_token_encoder.pixels,
            seen_images=None if self.familiarity is None else self.familiarity.seen,
        )


def _answer(
    instruction: str,
    frame: FrameEncoding,
    scores: ProposalScores,
    config: SelectionConfig,
    calibration: Calibration | None,
) -> Segmentation:
    masks = frame.proposals.masks
    selection = select(scores, masks, config, calibration)
    far = frame.unfamiliarity
    if far is not None and far > 1 and not config.accept_unfamiliar:
        selection = Selection((), 0.0, unfamiliar_reason(far))
    return Segmentation(
        instruction=instruction,
        mask=enlarge_mask(union_mask(masks, selection).cpu().numpy(), frame.image_size),
        selection=selection,
        candidates=Candidates(
            masks,
            frame.boxes_px,
            frame.areas_px,
            scores.iou_score[0],
            scores.iop[0],
            quality=scores.quality,
        ),
        unfamiliarity=far,
    )
