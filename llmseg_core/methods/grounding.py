# SPDX-License-Identifier: Apache-2.0
"""Grounding: a VLM answers an instruction with boxes and points, and what they show is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from llmseg_core.config import BoxFormat, GroundingConfig, RuntimeConfig, SelectionConfig
from llmseg_core.config.llm_seg import INSTRUCTION
from llmseg_core.grounding.box_text import Grounding, parse_grounding
from llmseg_core.grounding.chat import ChatVlm, SeenImage
from llmseg_core.images.image_ops import check_image
from llmseg_core.model_dir.method_parts import load_chat, load_segmenter, part_places
from llmseg_core.model_dir.network_files import SharedNetworks, part_kind
from llmseg_core.prompted.masks import PromptedMasks
from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.types import Segmentation

from .description import MethodDescription
from .instruction import checked
from .presence import presence
from .prompted_answer import PromptedFrame, prompted_answer
from .prompted_method import PromptedMethod
from .timed_answer import timed

__all__ = ["GroundingMethod"]

FORMATS = {"qwen2_5_vl": BoxFormat.ABSOLUTE, "qwen3_vl": BoxFormat.THOUSAND}
"""What the numbers of each kind of VLM mean."""


class GroundingMethod(PromptedMethod[GroundingConfig]):
    """Segments what a VLM shows.

    Args:
        chat: the VLM.
        segmenter: boxes and points to masks.
        config: of the model directory; its `min_confidence` is the default.
        box_format: what the VLM's numbers mean.
    """

    config_type = GroundingConfig

    def __init__(
        self,
        chat: ChatVlm,
        segmenter: PromptedMasks,
        config: GroundingConfig,
        box_format: BoxFormat,
    ) -> None:
        super().__init__(segmenter, config)
        self.chat = chat
        self.box_format = box_format

    def encode_frame(self, image: np.ndarray) -> PromptedFrame:
        """Everything about an image that does not depend on the instruction.

        The VLM's keys and values of the image are among it: all instructions share them.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is of another type, shape or dtype, or has no pixel.
        """
        check_image(image)
        timer = StageTimer(self.segmenter.device)
        with timer.stage("image_prefix"):
            seen = self.chat.look(image)
        with timer.stage("segmenter_image"):
            drawn = self.segmenter.encode(image)
        return PromptedFrame(drawn, {"vlm": seen}, timer.timings_ms, timer.total_ms)

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
        seen: SeenImage = frame.parts["vlm"]
        with timer.stage("grounding"):
            shown = self.ground(seen, instruction)
        with timer.stage("presence"):
            present = 0.0
            if shown.targets:
                present = presence(self.chat, seen, self.config.presence, instruction)
        with timer.stage("drawing"):
            drawn = self.segmenter.draw(frame.image, shown.targets)
        answer = prompted_answer(
            self.description.name,
            instruction,
            ", ".join(dict.fromkeys(each.label for each in shown.targets if each.label)),
            drawn,
            [
                present * float(quality) * (1.0 if target.score is None else target.score)
                for target, quality in zip(
                    shown.targets, drawn.predicted_iou.clamp(0, 1), strict=True
                )
            ],
            selection or self.selection,
            shown.reason,
            self.calibration,
        )
        return timed(answer, frame, timer)

    def ground(self, seen: SeenImage, instruction: str) -> Grounding:
        """What the VLM shows, in pixels of the image, or why it shows nothing.

        Args:
            seen: the image as the VLM has taken it in.
            instruction: what to show.
        """
        said = self.chat.answer(seen, INSTRUCTION.fill(self.config.question, instruction.strip()))
        return parse_grounding(said, self.box_format, seen.processed_size, seen.image_size)

    @property
    def trouble(self) -> str:
        """Why it cannot answer now, for people; "" while it can."""
        return self.chat.trouble

    @property
    def description(self) -> MethodDescription:
        """What it is and understands."""
        return MethodDescription(
            name="grounding",
            understands="names, descriptions, relations, questions, several things, nothing",
            takes_questions=True,
            selection=("min_confidence",),
        )

    @classmethod
    def from_config(
        cls,
        config: GroundingConfig,
        path: Path,
        runtime: RuntimeConfig | None = None,
        shared: SharedNetworks | None = None,
    ) -> GroundingMethod:
        """See `ConfiguredMethod.from_config`."""
        runtime, shared = runtime or RuntimeConfig(), shared or SharedNetworks()
        places = cls.places(config, path)
        box_format = config.box_format
        if box_format is None:
            box_format = FORMATS[part_kind(places["vlm"], FORMATS, "vlm")]
        chat = load_chat(path, config.vlm, runtime, shared)
        segmenter = load_segmenter(path, config.sam, config.best_of_three, runtime, shared)
        return cls(chat, segmenter, config, box_format)

    @classmethod
    def places(cls, config: GroundingConfig, path: Path) -> dict[str, str]:
        """See `ConfiguredMethod.places`."""
        return part_places(path, {"vlm": config.vlm.path, "sam": config.sam})
