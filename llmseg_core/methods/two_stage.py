# SPDX-License-Identifier: Apache-2.0
"""Two stages: a phrase is named and located, and what was located is drawn.

LLaVA, GroundingDINO and SAM are the paper's baseline LLaVA + GroundingSAM (section 5.1.2).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from llmseg_core.config import RuntimeConfig, SelectionConfig, TwoStageConfig
from llmseg_core.grounding.locator import PhraseLocator
from llmseg_core.grounding.namer import PhraseNamer
from llmseg_core.images.image_ops import check_image
from llmseg_core.model_dir.method_parts import (
    load_locator,
    load_namer,
    load_segmenter,
    part_places,
)
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.prompted.masks import PromptedMasks
from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.types import Segmentation

from .description import MethodDescription
from .instruction import checked
from .prompted_answer import PromptedFrame, prompted_answer
from .prompted_method import PromptedMethod
from .timed_answer import timed

__all__ = ["TwoStage"]


class TwoStage(PromptedMethod[TwoStageConfig]):
    """Segments everything that the named phrase finds.

    Args:
        namer: an instruction to a phrase.
        locator: a phrase to boxes with scores.
        segmenter: boxes to masks.
        config: of the model directory; its `min_confidence` is the default.
    """

    config_type = TwoStageConfig

    def __init__(
        self,
        namer: PhraseNamer,
        locator: PhraseLocator,
        segmenter: PromptedMasks,
        config: TwoStageConfig,
    ) -> None:
        super().__init__(segmenter, config)
        self.namer = namer
        self.locator = locator

    def encode_frame(self, image: np.ndarray) -> PromptedFrame:
        """Everything about an image that does not depend on the instruction.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is of another type, shape or dtype, or has no pixel.
        """
        check_image(image)
        timer = StageTimer(self.segmenter.device)
        with timer.stage("image_prefix"):
            named = self.namer.look(image)
        with timer.stage("locator_image"):
            located = self.locator.look(image)
        with timer.stage("segmenter_image"):
            drawn = self.segmenter.encode(image)
        parts = {"namer": named, "locator": located}
        return PromptedFrame(drawn, parts, timer.timings_ms, timer.total_ms)

    def segment(
        self, frame: PromptedFrame, instruction: str, selection: SelectionConfig | None = None
    ) -> Segmentation:
        """Answer one instruction; no image is encoded.

        Args:
            frame: from `encode_frame`; it is not changed.
            instruction: what to segment, in words.
            selection: only `min_confidence` counts; None takes the model's.

        Raises:
            ValueError: if the instruction is empty or too long.
            ConnectionError, TimeoutError: if the VLM is behind an address that does not answer.
        """
        checked(instruction)
        timer = StageTimer(self.segmenter.device)
        with timer.stage("naming"):
            named = self.namer.name(frame.parts["namer"], instruction)
        with timer.stage("locating"):
            found = self.locator.locate(frame.parts["locator"], named.phrase)
        with timer.stage("drawing"):
            drawn = self.segmenter.draw(frame.image, found)
        reason = f"the detector found no {named.phrase!r} in the image" if named.phrase else ""
        answer = prompted_answer(
            self.description.name,
            instruction,
            named.phrase,
            drawn,
            [
                float(quality) if target.score is None else target.score
                for target, quality in zip(found, drawn.predicted_iou.clamp(0, 1), strict=True)
            ],
            selection or self.selection,
            "; ".join(filter(None, (reason, named.reason))),
            self.calibration,
        )
        return timed(answer, frame, timer)

    @property
    def trouble(self) -> str:
        """Why it cannot answer now, for people; "" while it can."""
        return self.namer.trouble

    @property
    def description(self) -> MethodDescription:
        """What it is and understands."""
        asks = self.namer.takes_questions
        return MethodDescription(
            name="two_stage",
            understands="questions and names" if asks else "names and descriptions of things",
            takes_questions=asks,
            selection=("min_confidence",),
        )

    @classmethod
    def from_config(
        cls,
        config: TwoStageConfig,
        path: Path,
        runtime: RuntimeConfig | None = None,
        shared: SharedNetworks | None = None,
    ) -> TwoStage:
        """See `ConfiguredMethod.from_config`."""
        runtime, shared = runtime or RuntimeConfig(), shared or SharedNetworks()
        cls.places(config, path)  # what is missing shows before anything is read
        namer = load_namer(path, config.vlm, config.request, runtime, shared)
        locator = load_locator(path, config.locator, config.score_threshold, runtime, shared)
        segmenter = load_segmenter(path, config.sam, config.best_of_three, runtime, shared)
        return cls(namer, locator, segmenter, config)

    @classmethod
    def places(cls, config: TwoStageConfig, path: Path) -> dict[str, str]:
        """See `ConfiguredMethod.places`."""
        vlm = None if config.vlm is None else config.vlm.path
        return part_places(path, {"vlm": vlm, "locator": config.locator, "sam": config.sam})
