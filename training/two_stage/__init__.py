# SPDX-License-Identifier: Apache-2.0
"""The paper's two-stage baseline: a VLM names the answer, a detector finds it, SAM draws it."""

from .baseline import PhraseMask, TwoStageBaseline
from .box_masks import BoxMasks
from .detector import Detections, PhraseDetector
from .load import load_two_stage
from .phrase_answer import PhraseAnswerer

__all__ = [
    "BoxMasks",
    "Detections",
    "PhraseAnswerer",
    "PhraseDetector",
    "PhraseMask",
    "TwoStageBaseline",
    "load_two_stage",
]
