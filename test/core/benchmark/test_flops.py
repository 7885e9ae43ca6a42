# SPDX-License-Identifier: Apache-2.0
"""Counts from the sizes, beside what PyTorch counts while the network runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    Dinov2Config,
    Dinov2Model,
    LlamaConfig,
    LlamaModel,
    SamConfig,
    SamModel,
)

from llmseg_core.benchmark import flops
from llmseg_core.config import SelectorConfig
from llmseg_core.embeddings.mask_pooling import mask_pooling, proposal_weights
from llmseg_core.proposals.sam_decoder import SamPointDecoder
from llmseg_core.proposals.sam_encoder import SamImageEncoder
from llmseg_core.selector.selector import MaskSelector

CLOSE = 0.04


def counted(run: Callable[[], object]) -> int:
    """FLOP of a call.

    PyTorch counts attention only where it is made of plain products, and products only where they
    are not written into another tensor, as ours are where no gradients are asked for.
    """
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())


@pytest.fixture(scope="module")
def sam() -> SamModel:
    config = SamConfig(
        vision_config={
            "hidden_size": 48,
            "output_channels": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 3,
            "image_size": 160,
            "mlp_dim": 96,
            "num_pos_feats": 32,
            "window_size": 4,  # 10 x 10 patches are padded to 12 x 12
            "global_attn_indexes": [1],
        },
        prompt_encoder_config={"hidden_size": 64, "image_size": 160, "image_embedding_size": 10},
        mask_decoder_config={"hidden_size": 64, "mlp_dim": 128, "iou_head_hidden_dim": 32},
    )
    model = SamModel._from_config(config, attn_implementation="eager")
    return model.eval().requires_grad_(False)  # the counter trips over expanded weights otherwise


def test_sam_encoder(sam: SamModel) -> None:
    encoder = SamImageEncoder(sam)
    found = counted(lambda: encoder(torch.zeros(1, 3, 160, 160)))
    assert flops.sam_encoder_flops(sam.config.vision_config) == pytest.approx(found, rel=CLOSE)


@pytest.mark.parametrize("drawn", [0, 6])
def test_sam_points(sam: SamModel, drawn: int) -> None:
    decoder = SamPointDecoder(sam)
    position = decoder.dense_position()

    def run() -> None:
        side = decoder.image_side(torch.zeros(64, 10, 10), position)
        decoded = decoder.decode(side, torch.zeros(20, 2))
        decoder.draw(decoded, torch.arange(drawn), torch.ones(drawn, dtype=torch.int64))

    analytic = flops.sam_points_flops(sam.config, points=20, drawn=drawn)
    assert analytic == pytest.approx(counted(run), rel=CLOSE)


def test_dinov2() -> None:
    config = Dinov2Config(hidden_size=48, num_hidden_layers=2, num_attention_heads=3, image_size=70)
    model = Dinov2Model._from_config(config, attn_implementation="eager").eval()
    found = counted(lambda: model(torch.zeros(1, 3, 112, 112)))
    assert flops.dinov2_flops(config, 112) == pytest.approx(found, rel=CLOSE)


def test_pooling() -> None:
    masks, features = torch.ones(5, 60, 80, dtype=torch.bool), torch.zeros(32, 8, 8)
    proposal_weights(masks, (8, 8), 16)  # what depends on sizes only is kept
    found = counted(lambda: mask_pooling(features, proposal_weights(masks, (8, 8), 16)))
    assert flops.pooling_flops((60, 80), (8, 8), 32, 5) == pytest.approx(found, rel=CLOSE)


def test_clip() -> None:
    config = CLIPVisionConfig(
        hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=3,
        image_size=70, patch_size=14,
    )  # fmt: skip
    model = CLIPVisionModel._from_config(config, attn_implementation="eager").eval()
    found = counted(lambda: model(torch.zeros(1, 3, 70, 70)))
    assert flops.clip_flops(config, layers=2) == pytest.approx(found, rel=CLOSE)


@pytest.mark.parametrize("known", [0, 40])
def test_llama(known: int) -> None:
    config = LlamaConfig(
        vocab_size=10, hidden_size=96, intermediate_size=256, num_hidden_layers=2,
        num_attention_heads=6, num_key_value_heads=2,
    )  # fmt: skip
    model = LlamaModel._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        cache = model(torch.zeros(1, known + 1, dtype=torch.int64)).past_key_values
    cache.crop(-1)
    tokens = torch.zeros(1, 12, dtype=torch.int64)
    found = counted(lambda: model(tokens, past_key_values=cache if known else None))
    assert flops.llama_flops(config, 12, known) == pytest.approx(found, rel=CLOSE)


@pytest.mark.parametrize("fusion", [True, False])
def test_selector(fusion: bool) -> None:
    config = SelectorConfig(
        feature_dim=48, hidden_dim=64, width=32, num_heads=4, mlp_dim=64, iop_hidden_dim=16,
        embedding_hidden_dim=64, attention_downsample=2, use_fusion=fusion,
    )  # fmt: skip
    selector = MaskSelector(config).eval()
    inputs = torch.zeros(1, 30, 48), torch.zeros(1, 30, 4), torch.zeros(1, 64)
    with torch.no_grad():
        found = counted(lambda: selector(*inputs))
    assert flops.selector_flops(config, 30) == pytest.approx(found, rel=CLOSE)


def test_published_sizes() -> None:
    """SAM ViT-B has 484 GMAC in the literature, DINOv2 ViT-L at 896 pixels 4.13 TFLOP.

    In SAM's 8 layers with windows, 70 x 70 tokens hold 64 x 64: ours does not multiply the rest.
    """
    padding = 8 * (70**2 - 64**2) * 4 * 768**2
    found = flops.sam_encoder_flops(SamConfig().vision_config)
    assert found == pytest.approx(2 * (484e9 - padding), rel=0.01)
    large = Dinov2Config(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16)
    assert flops.dinov2_flops(large, 896) == pytest.approx(4.13e12, rel=0.01)
    seven_billion = LlamaConfig()  # 2 FLOP a weight and token, less the embeddings
    assert flops.llama_flops(seven_billion, 1) == pytest.approx(2 * 6.5e9, rel=0.01)
