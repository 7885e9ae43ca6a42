# SPDX-License-Identifier: Apache-2.0
"""The three image encoders of the paper's Table 4, from configuration to answer."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ConvNextConfig, ConvNextModel

from helpers.counting import count_calls
from helpers.openclip import openclip_state
from llmseg_core import LLMSegPipeline, SelectionConfig, SelectionRule
from llmseg_core.config import ImageEncoderConfig, ImageEncoderKind
from llmseg_core.embeddings.clip_convnext import ClipConvNextEncoder
from llmseg_core.images.clip_pixels import CLIP_MEAN, CLIP_STD
from llmseg_core.model_dir.networks import build_image_encoder, build_selector
from llmseg_core.model_dir.original.convnext import convnext_from_openclip
from llmseg_core.model_dir.parts import ModelParts

TOP = SelectionConfig(SelectionRule.TOP_IOU)


@pytest.fixture(scope="module")
def convnext() -> ConvNextModel:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = ConvNextConfig(hidden_sizes=[4, 8, 12, 20], depths=[1, 1, 1, 1])
        return ConvNextModel(config).eval()


def with_encoder(parts: ModelParts, kind: ImageEncoderKind, convnext: ConvNextModel) -> ModelParts:
    width = {ImageEncoderKind.SAM: 32, ImageEncoderKind.CLIP_CONVNEXT: 20}[kind]
    selector = replace(parts.config.selector, feature_dim=width)
    config = replace(
        parts.config,
        image_encoder=replace(parts.config.image_encoder, kind=kind, image_size=64),
        selector=selector,
    )
    is_convnext = kind is ImageEncoderKind.CLIP_CONVNEXT
    return replace(
        parts,
        config=config,
        dinov2=None,
        convnext=convnext if is_convnext else None,
        selector=build_selector(selector),
    )


@pytest.mark.parametrize("kind", [ImageEncoderKind.CLIP_CONVNEXT, ImageEncoderKind.SAM])
def test_a_model_with_another_encoder_is_written_and_read(
    parts: ModelParts,
    convnext: ConvNextModel,
    image: np.ndarray,
    tmp_path: Path,
    kind: ImageEncoderKind,
) -> None:
    pipeline = LLMSegPipeline.from_parts(with_encoder(parts, kind, convnext))
    pipeline.save_pretrained(tmp_path / "model")
    folders = {path.name for path in (tmp_path / "model").iterdir() if path.is_dir()}
    assert folders == {"sam", "llava"} | ({"convnext"} if kind.value != "sam" else set())
    loaded = LLMSegPipeline.from_pretrained(tmp_path / "model")
    assert loaded.config.image_encoder.kind is kind
    one, other = (each.segment(image, "the cup", TOP) for each in (pipeline, loaded))
    torch.testing.assert_close(one.candidates.iop, other.candidates.iop, atol=1e-6, rtol=0)
    assert one.candidates.iou_score.std() > 0


def test_openclips_file_stands_in_a_model_directory(
    parts: ModelParts, image: np.ndarray, tmp_path: Path
) -> None:
    convnext = convnext_from_openclip(openclip_state())
    pipeline = LLMSegPipeline.from_parts(
        with_encoder(parts, ImageEncoderKind.CLIP_CONVNEXT, convnext)
    )
    model = tmp_path / "model"
    pipeline.save_pretrained(model)
    shutil.rmtree(model / "convnext")
    torch.save(openclip_state(), model / "open_clip_pytorch_model.bin")
    config = model / "llmseg.yaml"
    text = config.read_text()
    config.write_text(text.replace("convnext: convnext", "convnext: open_clip_pytorch_model.bin"))
    loaded = LLMSegPipeline.from_pretrained(model)
    one, other = (each.segment(image, "the cup", TOP) for each in (pipeline, loaded))
    torch.testing.assert_close(one.candidates.iop, other.candidates.iop, atol=1e-6, rtol=0)

    (model / "open_clip_pytorch_model.bin").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"open_clip_pytorch_model\.bin is damaged"):
        LLMSegPipeline.from_pretrained(model)


def test_sams_features_are_paid_once(parts: ModelParts, image: np.ndarray) -> None:
    pipeline = LLMSegPipeline.from_parts(with_encoder(parts, ImageEncoderKind.SAM, None))
    encoder = pipeline.mask_embedder.image_encoder
    with count_calls(parts.sam.vision_encoder.neck) as calls:
        pipeline.encode_frame(image)
        assert calls == [1]
        other = encoder.encode(255 - image)
        assert calls == [2]
    pixels = encoder.preprocess(255 - image)[None]
    with torch.inference_mode():
        expected = parts.sam.vision_encoder(pixels).last_hidden_state[0]
    assert other.shape == (encoder.feature_dim, *encoder.feature_size) == (32, 8, 8)
    torch.testing.assert_close(other, expected, atol=1e-6, rtol=0)


def test_convnext_map_is_the_normalised_last_stage(
    convnext: ConvNextModel, image: np.ndarray
) -> None:
    encoder = ClipConvNextEncoder(convnext, 96)
    features = encoder.encode(image)  # 48 x 64, so the right size is 72 x 96
    assert features.shape == (encoder.feature_dim, *encoder.feature_size) == (20, 3, 3)
    channels = features.flatten(1)
    torch.testing.assert_close(channels.mean(0), torch.zeros(9), atol=1e-5, rtol=0)
    pixels = encoder.preprocess(np.full((60, 30, 3), 255, np.uint8))
    white = (1 - torch.tensor(CLIP_MEAN)) / torch.tensor(CLIP_STD)
    torch.testing.assert_close(pixels[:, :, :48], white[:, None, None].expand(-1, 96, 48))
    assert not pixels[:, :, 48:].any()
    with pytest.raises(ValueError, match="image_size is 100, it must be a multiple of 32"):
        ClipConvNextEncoder(convnext, 100)


def test_a_missing_network_and_an_unknown_kind_are_refused(parts: ModelParts) -> None:
    with pytest.raises(ValueError, match=r"kind is dinov2, but there is no such network"):
        build_image_encoder(replace(parts, dinov2=None))
    with pytest.raises(ValueError, match="kind is 'resnet', it must be one of dinov2, clip_conv"):
        ImageEncoderConfig(kind="resnet")
