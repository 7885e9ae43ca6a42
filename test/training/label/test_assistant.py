# SPDX-License-Identifier: Apache-2.0
"""Every SAM of a model directory proposes and draws, for labels and for generated data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.tiny_prompted import red_square, tiny_sam, tiny_sam2, tiny_sam_hq
from helpers.tiny_vlms import tiny_chat
from llmseg_core import LLMSegPipeline, RuntimeConfig
from llmseg_core.config import MarksConfig
from llmseg_core.methods.marks import Marks
from llmseg_core.model_dir.checkpoint import save_parts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.model_dir.proposers import build_proposals
from llmseg_core.prompted.target import Target
from llmseg_training.generate.masks.mask_checks import MaskRules
from llmseg_training.generate.masks.open_sam import open_masker
from llmseg_training.label.assistant import Assistant


@pytest.mark.parametrize("make", [tiny_sam, tiny_sam_hq, tiny_sam2])
def test_any_sam_proposes_and_draws(
    parts: ModelParts, make: type[torch.nn.Module], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    made, image = replace(parts, sam=make()), red_square()
    marks = Marks(
        tiny_chat("llava"), build_proposals(made.sam, made.config.proposals), MarksConfig(),
        torch.device("cpu"),
    )  # fmt: skip
    found = []
    for method in (LLMSegPipeline.from_parts(made), marks):
        assistant = Assistant(method)
        assert (assistant.draws, assistant.proposes) == (True, True)
        found.append(assistant.regions("a", lambda: image))
        assert found[-1]
        mask = assistant.draw("a", lambda: image, Target((6.0, 8.0, 22.0, 24.0)))
        assert (mask.shape, mask.dtype) == (image.shape[:2], bool)
    assert all(map(np.array_equal, *found))

    save_parts(made, tmp_path / "model")
    masker = open_masker(str(tmp_path / "model"), MaskRules(), RuntimeConfig())
    assert masker.prompted is not None
    assert masker.everything is not None
    assert torch.equal(
        masker.everything(image).masks,
        build_proposals(made.sam, made.config.proposals)(image).masks,
    )
