# SPDX-License-Identifier: Apache-2.0
"""Marks: everything mode's proposals get numbers on the image, and a VLM names the numbers.

Set-of-Mark prompting (Yang et al., arXiv 2310.11441), also the last step of SAM 3's agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from llmseg_core.config import MarksConfig, RuntimeConfig, SelectionConfig
from llmseg_core.config.llm_seg import INSTRUCTION
from llmseg_core.grounding.chat import ChatVlm, SeenImage
from llmseg_core.grounding.mark_text import NamedMarks, parse_marks
from llmseg_core.images.image_ops import check_image
from llmseg_core.images.numbered_outlines import draw_numbered_outlines
from llmseg_core.model_dir.method_parts import load_chat, load_proposer, part_places
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.proposals.enlarge import enlarge_masks
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.selector.selection import judged
from llmseg_core.types import Proposals, Segmentation

from .configured_method import ConfiguredMethod
from .description import MethodDescription
from .instruction import checked
from .presence import presence
from .prompted_answer import candidates_of
from .timed_answer import timed

__all__ = ["Marks", "MarksFrame"]


@dataclass(frozen=True)
class MarksFrame:
    """What the method knows of one image that does not depend on the instruction.

    Attributes:
        proposals: that were numbered from 1, largest first.
        masks: (K, H, W) bool on the CPU, the same at the image's size.
        seen: the image with the numbers, as the VLM has taken it in; None without a proposal.
        timings_ms: wall time of each stage in milliseconds.
        total_ms: wall time of all stages together.
    """

    proposals: Proposals
    masks: Tensor
    seen: SeenImage | None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    total_ms: float = 0.0

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the image in pixels."""
        return self.proposals.image_size


class Marks(ConfiguredMethod[MarksConfig]):
    """Segments the proposals whose numbers a VLM names.

    Args:
        chat: the VLM.
        generator: proposes masks.
        config: of the model directory; its `min_confidence` is the default.
        device: where the proposals are made.
    """

    config_type = MarksConfig

    def __init__(
        self,
        chat: ChatVlm,
        generator: ProposalGenerator,
        config: MarksConfig,
        device: torch.device,
    ) -> None:
        super().__init__(config)
        self.chat, self.generator, self.device = chat, generator, device

    def encode_frame(self, image: np.ndarray) -> MarksFrame:
        """Everything about an image that does not depend on the instruction.

        The VLM sees the image with the numbers once: all instructions share its keys and values.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is of another type, shape or dtype, or has no pixel.
        """
        check_image(image)
        timer = StageTimer(self.device)
        with timer.stage("proposals"):
            proposals = self.generator(image)
        with timer.stage("numbers"):
            masks = enlarge_masks(proposals.masks, proposals.image_size)
            marked = draw_numbered_outlines(image, masks.numpy())
        with timer.stage("image_prefix"):
            seen = self.chat.look(marked) if len(masks) else None
        return MarksFrame(proposals, masks, seen, timer.timings_ms, timer.total_ms)

    def segment(
        self, frame: MarksFrame, instruction: str, selection: SelectionConfig | None = None
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
        timer = StageTimer(self.device)
        with timer.stage("naming"):
            named = self.name(frame, instruction)
        with timer.stage("presence"):
            present = 0.0
            if named.numbers and frame.seen is not None:
                present = presence(self.chat, frame.seen, self.config.presence, instruction)
        with timer.stage("drawing"):
            answer = self._answer(frame, instruction, named, present, selection or self.selection)
        return timed(answer, frame, timer)

    def name(self, frame: MarksFrame, instruction: str) -> NamedMarks:
        """The numbers that the VLM names, or why it names none."""
        if frame.seen is None:
            return NamedMarks((), "nothing in the image could be outlined")
        question = INSTRUCTION.fill(self.config.question, instruction.strip())
        return parse_marks(self.chat.answer(frame.seen, question), len(frame.masks))

    def _answer(
        self,
        frame: MarksFrame,
        instruction: str,
        named: NamedMarks,
        present: float,
        selection: SelectionConfig,
    ) -> Segmentation:
        """All proposals with their scores.

        Of those that are named it is the VLM's share of yes times the predicted IoU, of the others
        0.
        """
        chosen = [number - 1 for number in named.numbers]
        quality = frame.proposals.predicted_iou.float().cpu().clamp(0, 1)
        score = torch.zeros(len(frame.masks))
        score[chosen] = present * quality[chosen]
        taken = sorted(chosen, key=lambda index: -float(score[index]))
        best = float(score[taken[0]]) if taken else 0.0
        result = judged(tuple(taken), best, named.reason, selection, self.calibration)
        mask = frame.masks[list(result.indices)].any(0).numpy()
        phrase = ", ".join(map(str, named.numbers))
        return Segmentation(
            instruction, mask, result, candidates_of(frame.masks, score),
            method=self.description.name, phrase=phrase,
        )  # fmt: skip

    @property
    def trouble(self) -> str:
        """Why it cannot answer now, for people; "" while it can."""
        return self.chat.trouble

    @property
    def description(self) -> MethodDescription:
        """What it is and understands."""
        return MethodDescription(
            name="marks",
            understands="names, descriptions, relations, questions, several things, nothing",
            takes_questions=True,
            selection=("min_confidence",),
        )

    @classmethod
    def from_config(
        cls,
        config: MarksConfig,
        path: Path,
        runtime: RuntimeConfig | None = None,
        shared: SharedNetworks | None = None,
    ) -> Marks:
        """See `ConfiguredMethod.from_config`."""
        runtime, shared = runtime or RuntimeConfig(), shared or SharedNetworks()
        cls.places(config, path)  # what is missing shows before anything is read
        generator = load_proposer(path, config.sam, config.proposals, runtime, shared)
        return cls(
            load_chat(path, config.vlm, runtime, shared), generator, config, generator.device
        )

    @classmethod
    def places(cls, config: MarksConfig, path: Path) -> dict[str, str]:
        """See `ConfiguredMethod.places`."""
        return part_places(path, {"vlm": config.vlm.path, "sam": config.sam})
