# SPDX-License-Identifier: Apache-2.0
"""LLM-Seg with proposals by SAM-HQ or SAM 2, by the model directory alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.counting import count_calls
from helpers.other_device import OTHER, other_device
from helpers.tiny_prompted import tiny_sam2, tiny_sam_hq
from llmseg_core import LLMSegPipeline
from llmseg_core.config import ImageEncoderConfig, ImageEncoderKind
from llmseg_core.model_dir.checkpoint import load_sam, save_parts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.prompted.everything_mode import EverythingMode

MAKE = {"sam_hq": tiny_sam_hq, "sam2": tiny_sam2}


@pytest.fixture(params=MAKE)
def other(parts: ModelParts, request: pytest.FixtureRequest) -> ModelParts:
    """A model whose proposals another SAM makes."""
    torch.manual_seed(0)
    return replace(parts, sam=MAKE[request.param]())


def test_the_directory_says_who_proposes(
    other: ModelParts, image: np.ndarray, tmp_path: Path
) -> None:
    pipeline = LLMSegPipeline.from_parts(other)
    pipeline.save_pretrained(tmp_path / "model")
    again = LLMSegPipeline.from_pretrained(tmp_path / "model")
    assert isinstance(again.generator, EverythingMode)
    assert type(load_sam(tmp_path / "model")) is type(other.sam)
    with count_calls(other.sam.vision_encoder) as counts:
        frame = pipeline.encode_frame(image)
        one, second = pipeline.segment_batch(frame, ["the red cup", "the book"])
        assert counts == [1]
    wanted = again.segment(image, "the red cup")
    assert len(one.candidates) > 0
    assert torch.equal(one.candidates.masks, wanted.candidates.masks)
    torch.testing.assert_close(one.candidates.iop, wanted.candidates.iop)
    assert not torch.equal(one.candidates.iop, second.candidates.iop)


def test_what_needs_sam_itself_says_so(other: ModelParts, tmp_path: Path) -> None:
    encoder = ImageEncoderConfig(ImageEncoderKind.SAM, pooling_size=16)
    with pytest.raises(ValueError, match=r"image_encoder.kind is sam, which needs SAM itself"):
        LLMSegPipeline.from_parts(
            replace(other, config=replace(other.config, image_encoder=encoder))
        )
    crops = replace(other.config, proposals=replace(other.config.proposals, crop_n_layers=1))
    with pytest.raises(ValueError, match=r"proposals.crop_n_layers is 1, it must be 0 unless SAM "):
        LLMSegPipeline.from_parts(replace(other, config=crops))
    finer = replace(other.config, proposals=replace(other.config.proposals, refine=True))
    with pytest.raises(ValueError, match=r"proposals.refine is True, it must be False unless SAM "):
        LLMSegPipeline.from_parts(replace(other, config=finer))


def test_another_network_is_refused(parts: ModelParts, tmp_path: Path) -> None:
    save_parts(parts, tmp_path / "model")
    parts.llava.save_pretrained(tmp_path / "model" / "sam")
    with pytest.raises(ValueError, match="the model_type 'llava'; it must be one of refined_sam"):
        LLMSegPipeline.from_pretrained(tmp_path / "model")


def test_everything_is_on_one_device(other: ModelParts, image: np.ndarray) -> None:
    wanted = LLMSegPipeline.from_parts(other).segment(image, "the red cup")
    with other_device():
        assert other.dinov2 is not None
        there = replace(
            other, sam=other.sam.to(OTHER), dinov2=other.dinov2.to(OTHER),
            llava=other.llava.to(OTHER), selector=other.selector.to(OTHER),
        )  # fmt: skip
        answer = LLMSegPipeline.from_parts(there).segment(image, "the red cup")
        iop = answer.candidates.iop.cpu()
        for network in (other.dinov2, other.llava, other.selector):
            network.to("cpu")
    torch.testing.assert_close(iop, wanted.candidates.iop, atol=1e-4, rtol=1e-4)
