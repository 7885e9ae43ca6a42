# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from llmseg_core import LLMSegPipeline
from llmseg_core.benchmark import models as benchmark_models
from llmseg_core.benchmark.inputs import benchmark_frames
from llmseg_core.benchmark.models import benchmark_model, needed_memory, random_parts
from llmseg_core.config import RuntimeConfig


def test_random_weights_let_a_natural_share_of_masks_pass() -> None:
    frame = benchmark_frames((160, 120), None, 1)[0]
    state, dtype = torch.get_rng_state(), torch.get_default_dtype()
    parts = random_parts("embedded", RuntimeConfig(), frame)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() == dtype
    found = LLMSegPipeline.from_parts(parts).generator.propose(frame)
    assert 20 <= len(found) <= 80
    assert found.predicted_iou.min() > parts.config.proposals.pred_iou_thresh


@pytest.mark.usefixtures("fast_halves")
def test_weights_are_made_in_their_number_format() -> None:
    frame = benchmark_frames((64, 48), None, 1)[0]
    parts = random_parts("embedded", RuntimeConfig(dtype="bfloat16"), frame)
    for network in (parts.sam, parts.dinov2, parts.llava, parts.selector):
        assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}


def test_the_packaged_model_is_trained() -> None:
    frame = benchmark_frames((64, 48), None, 1)[0]
    assert benchmark_model("embedded", RuntimeConfig(), frame).weights == "trained"


def test_too_little_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_models, "free_memory", lambda device: 10 * 2**30)
    frame = benchmark_frames((64, 48), None, 1)[0]
    with pytest.raises(
        ValueError, match=r"the paper profile in bfloat16 needs 2\d GiB of RAM .* has 10 GiB free"
    ):
        benchmark_model("paper", RuntimeConfig(dtype="bfloat16"), frame)


def test_memory_that_a_profile_needs() -> None:
    half, full = (needed_memory("paper", dtype) for dtype in (torch.bfloat16, torch.float32))
    weights = (0.64 + 0.64 + 0.30 + 7.05 + 0.02) * 1e9
    assert full - half == pytest.approx(2 * weights, rel=0.02)
    assert benchmark_models.free_memory(torch.device("cpu")) > 2**28
