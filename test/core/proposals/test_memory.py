# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helpers.original_sam import original_sam
from helpers.peak_memory import peak_bytes
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.proposals.memory import MemoryPlan
from llmseg_core.proposals.sam_decoder import SamPointDecoder


@pytest.fixture(scope="module", params=[(32, 4), (256, 8)], ids=["small", "vit_b"])
def decoder(request: pytest.FixtureRequest) -> SamPointDecoder:
    channels, heads = request.param
    original = original_sam(image_size=256, patch_size=8, channels=channels, heads=heads)
    return SamPointDecoder(sam_from_original(original.state_dict(), heads))


@pytest.mark.parametrize("points", [1, 4, 12])
def test_points_take_no_more_than_they_say(
    decoder: SamPointDecoder, points: int, tmp_path: Path
) -> None:
    channels = decoder.model.config.mask_decoder_config.hidden_size
    side = decoder.image_side(torch.randn(channels, *decoder.grid))
    prompts = 256 * torch.rand(points, 2)

    @torch.inference_mode()
    def run() -> None:
        decoded = decoder.decode(side, prompts)
        prompt, mask = torch.ones_like(decoded.iou).nonzero(as_tuple=True)
        decoder.draw(decoded, prompt, mask, max(1, points // 4))

    once, per_point = decoder.memory_of_points()
    logits = points * 3 * 16 * decoder.grid[0] * decoder.grid[1] * 4  # they wait; not of this part
    said = once + points * per_point + 2 * logits
    taken = peak_bytes(run, tmp_path)
    assert 0.3 * said < taken <= 1.05 * said


def test_the_plan_stays_within_the_budget(decoder: SamPointDecoder) -> None:
    once, per_point = decoder.memory_of_points()
    for budget in (100, 400):
        plan = MemoryPlan.make(decoder, budget)
        assert once + plan.points * per_point <= budget * 2**20 // 2
        assert plan.full_bytes + plan.waiting_bytes <= budget * 2**20 // 2
        assert 1 <= plan.drawn <= max(1, plan.points // 4)


def test_without_a_budget_a_cpu_takes_what_fits_its_cache(decoder: SamPointDecoder) -> None:
    plan = MemoryPlan.make(decoder, None)
    assert plan.points == 16 * 2**20 // decoder.token_bytes
    assert MemoryPlan.make(decoder, 10_000).points == plan.points
    assert MemoryPlan.make(decoder, None, points=3).points == 3
