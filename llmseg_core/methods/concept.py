# SPDX-License-Identifier: Apache-2.0
"""Concept: SAM 3 draws everything that a phrase names, and says how sure it is that it is there.

SAM 3 (Carion et al., arXiv 2511.16719).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from llmseg_core.config import ConceptConfig, RuntimeConfig, SelectionConfig
from llmseg_core.grounding.namer import PhraseNamer
from llmseg_core.grounding.sam3 import ConceptImage, FoundConcept, Sam3Concepts
from llmseg_core.images.image_ops import check_image
from llmseg_core.model_dir.method_parts import load_concepts, load_namer, part_places
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.types import Segmentation

from .configured_method import ConfiguredMethod
from .description import MethodDescription
from .instruction import checked
from .prompted_answer import prompted_answer
from .timed_answer import timed

__all__ = ["Concept", "ConceptFrame"]


@dataclass(frozen=True)
class ConceptFrame:
    """What the method knows of one image that does not depend on the instruction.

    Attributes:
        image: as SAM 3 has encoded it.
        named: as the namer has.
        timings_ms: wall time of each stage in milliseconds.
        total_ms: wall time of all stages together.
    """

    image: ConceptImage
    named: Any
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    total_ms: float = 0.0

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the image in pixels."""
        return self.image.image_size


class Concept(ConfiguredMethod[ConceptConfig]):
    """Segments everything that the named phrase means.

    Args:
        namer: an instruction to a phrase.
        concepts: a phrase to masks.
        config: of the model directory; its `min_confidence` is the default.
    """

    config_type = ConceptConfig

    def __init__(self, namer: PhraseNamer, concepts: Sam3Concepts, config: ConceptConfig) -> None:
        super().__init__(config)
        self.namer, self.concepts = namer, concepts

    def encode_frame(self, image: np.ndarray) -> ConceptFrame:
        """Everything about an image that does not depend on the instruction.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is of another type, shape or dtype, or has no pixel.
        """
        check_image(image)
        timer = StageTimer(self.concepts.device)
        with timer.stage("image_prefix"):
            named = self.namer.look(image)
        with timer.stage("segmenter_image"):
            encoded = self.concepts.look(image)
        return ConceptFrame(encoded, named, timer.timings_ms, timer.total_ms)

    def segment(
        self, frame: ConceptFrame, instruction: str, selection: SelectionConfig | None = None
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
        timer = StageTimer(self.concepts.device)
        with timer.stage("naming"):
            named = self.namer.name(frame.named, instruction)
        found: FoundConcept | None = None
        with timer.stage("drawing"):
            if named.phrase:
                found = self.concepts.find(frame.image, named.phrase)
        answer = prompted_answer(
            self.description.name,
            instruction,
            named.phrase,
            self.concepts.nothing(frame.image) if found is None else found.drawn,
            [] if found is None else found.drawn.predicted_iou.tolist(),
            selection or self.selection,
            "; ".join(filter(None, (_absence(named.phrase, found), named.reason))),
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
            name="concept",
            understands="questions and names" if asks else "names of things, nothing",
            takes_questions=asks,
            selection=("min_confidence",),
        )

    @classmethod
    def from_config(
        cls,
        config: ConceptConfig,
        path: Path,
        runtime: RuntimeConfig | None = None,
        shared: SharedNetworks | None = None,
    ) -> Concept:
        """See `ConfiguredMethod.from_config`."""
        runtime, shared = runtime or RuntimeConfig(), shared or SharedNetworks()
        cls.places(config, path)  # what is missing shows before anything is read
        namer = load_namer(path, config.vlm, config.request, runtime, shared)
        concepts = load_concepts(path, config.sam, config.score_threshold, runtime, shared)
        return cls(namer, concepts, config)

    @classmethod
    def places(cls, config: ConceptConfig, path: Path) -> dict[str, str]:
        """See `ConfiguredMethod.places`."""
        vlm = None if config.vlm is None else config.vlm.path
        return part_places(path, {"vlm": vlm, "sam": config.sam})


def _absence(phrase: str, found: FoundConcept | None) -> str:
    """Why a phrase was not found; "" where none was looked for."""
    if found is None:
        return ""
    return f"SAM 3 found no {phrase!r} in the image, its presence is {found.presence:.2f}"
