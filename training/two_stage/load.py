# SPDX-License-Identifier: Apache-2.0
"""Loads the three networks of the baseline from local folders; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    GroundingDinoForObjectDetection,
    GroundingDinoProcessor,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    SamModel,
)

from llmseg_core.config import RuntimeConfig
from llmseg_core.model_dir.network_files import load_network, quiet
from llmseg_core.runtime.device import torch_device, torch_dtype

from .baseline import TwoStageBaseline
from .box_masks import BoxMasks
from .detector import PhraseDetector
from .phrase_answer import PhraseAnswerer

__all__ = ["load_two_stage"]


def load_two_stage(
    vlm: Path,
    detector: Path,
    sam: Path,
    runtime: RuntimeConfig | None = None,
    box_threshold: float = 0.3,
) -> TwoStageBaseline:
    """The baseline.

    Args:
        vlm: folder of a LLaVA v1.5 with its processor, as transformers writes them; the paper has
            LLaVA-v1.5-13B.
        detector: folder of a GroundingDINO with its processor.
        sam: folder of a SAM, or an original `.pth` checkpoint.
        runtime: device, and number format of the VLM and SAM; None means a CPU. The detector's
            boxes need float32.
        box_threshold: least score of a box, [0, 1].

    Raises:
        FileNotFoundError: if a folder or a part of it is missing.
        ValueError: if weights and configuration do not fit.
    """
    runtime = runtime or RuntimeConfig()
    device, dtype = torch_device(runtime), torch_dtype(runtime)
    for path in (vlm, detector, sam):
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist")
    answerer = PhraseAnswerer(
        load_network(LlavaForConditionalGeneration, str(vlm), dtype, "sdpa").to(device),
        _processor(LlavaProcessor, vlm),
    )
    grounding = PhraseDetector(
        load_network(GroundingDinoForObjectDetection, str(detector), torch.float32, "eager").to(
            device
        ),
        _processor(GroundingDinoProcessor, detector),
        box_threshold,
    )
    masks = BoxMasks(load_network(SamModel, str(sam), dtype, "sdpa").to(device))
    return TwoStageBaseline(answerer, grounding, masks)


def _processor(cls: Any, folder: Path) -> Any:
    try:
        with quiet():
            # Else transformers would ask on the terminal whether to fetch and run foreign code.
            return cls.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except OSError as error:
        raise FileNotFoundError(f"no {cls.__name__} can be read from {folder}: {error}") from error
    except ValueError as error:
        raise ValueError(f"the {cls.__name__} in {folder} cannot be read: {error}") from error
