# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from llmseg_core import LLMSegConfig, RuntimeConfig, SelectionConfig, SelectionRule
from llmseg_core.config import ImageEncoderConfig, ProposalConfig, SegTokenConfig, SelectorConfig
from llmseg_core.model_dir.networks import embedded_config, llava_7b_config


@pytest.mark.parametrize("config", [LLMSegConfig(), embedded_config(), llava_7b_config()])
def test_plain_values_and_back(config: LLMSegConfig) -> None:
    assert LLMSegConfig.from_dict(config.to_dict()) == config


def test_defaults_are_the_papers() -> None:
    config = llava_7b_config()
    assert (config.proposals.points_per_side, config.proposals.max_proposals) == (32, 50)
    assert (config.image_encoder.image_size, config.image_encoder.pooling_size) == (896, 256)
    assert (config.selector.width, config.selector.num_blocks, config.selector.num_heads) == (
        256, 2, 8,
    )  # fmt: skip
    assert config.selector.attention_downsample == 1
    assert not config.selector.box_encoding
    assert config.selection == SelectionConfig(SelectionRule.IOP, iop_threshold=0.5, top_k=5)


@pytest.mark.parametrize(
    ("cls", "values", "message"),
    [
        (ProposalConfig, {"points_per_side": 0}, "points_per_side is 0"),
        (ProposalConfig, {"points_per_batch": 0}, "points_per_batch is 0"),
        (ProposalConfig, {"box_nms_thresh": 1.5}, r"box_nms_thresh is 1.5, it must be in \[0, 1\]"),
        (ProposalConfig, {"max_proposals": 0}, "max_proposals is 0"),
        (ProposalConfig, {"crop_n_layers": -1}, "crop_n_layers is -1"),
        (ProposalConfig, {"crop_overlap_ratio": 1.0}, "crop_overlap_ratio is 1.0"),
        (ProposalConfig, {"crop_n_points_downscale_factor": 0}, "downscale_factor is 0"),
        (ProposalConfig, {"crop_nms_thresh": 1.1}, "crop_nms_thresh is 1.1"),
        (ProposalConfig, {"coarse_step": 0}, "coarse_step is 0"),
        (ProposalConfig, {"coarse_step": 33}, r"coarse_step is 33, .* points_per_side = 32"),
        (ProposalConfig, {"pred_iou_thresh": float("nan")}, "pred_iou_thresh is nan"),
        (
            ProposalConfig,
            {"box_nms_thresh": float("nan")},
            "nms_thresh is nan, .* a finite",
        ),
        (ProposalConfig, {"points_per_side": 8.0}, r"points_per_side is 8.0, .* a whole number"),
        (ProposalConfig, {"low_resolution_stability": 1}, "stability is 1, it must be true or"),
        (ImageEncoderConfig, {"image_size": 2}, "image_size is 2"),
        # more than any machine has memory or time for
        (
            ImageEncoderConfig,
            {"image_size": 10**9},
            r"image_size is 1000000000, .* in \[16, 8192\]",
        ),
        (ProposalConfig, {"crop_n_layers": 10**12}, "crop_n_layers is 1000000000000"),
        (ProposalConfig, {"points_per_side": 10**6}, "points_per_side is 1000000"),
        (SelectorConfig, {"mlp_dim": 2**62}, "mlp_dim is 4611686018427387904"),
        (SegTokenConfig, {"image_fit": "squeeze"}, "image_fit is 'squeeze'"),
        (SegTokenConfig, {"question": "what?"}, "with {instruction}"),
        (SelectorConfig, {"width": 100}, "width is 100, it must be a multiple of"),
        (SelectorConfig, {"temperature": 0.0}, "temperature is 0.0"),
        (SelectionConfig, {"rule": "best"}, "rule is 'best', it must be one of top_iou, iop"),
        (SelectionConfig, {"iop_threshold": -1.0}, "iop_threshold is -1.0"),
        (RuntimeConfig, {"dtype": "int8"}, "dtype is 'int8'"),
        (RuntimeConfig, {"memory_budget_mb": 0}, "memory_budget_mb is 0"),
        (RuntimeConfig, {"attention": "none"}, "attention is 'none'"),
    ],
)
def test_bad_values_are_quoted(cls: type, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cls(**values)


def test_unknown_keys_are_named() -> None:
    with pytest.raises(ValueError, match="selection has the unknown key 'topk'; known are"):
        LLMSegConfig.from_dict({"selection": {"topk": 3}})
    with pytest.raises(ValueError, match=r"llmseg.yaml has the unknown key 'Sam'"):
        LLMSegConfig.from_dict({"Sam": "sam"})
    with pytest.raises(ValueError, match=r"llmseg.yaml: proposals is 3, it must be a mapping"):
        LLMSegConfig.from_dict({"proposals": 3})
    with pytest.raises(ValueError, match=r"llmseg.yaml is empty, it must be a mapping"):
        LLMSegConfig.from_dict(None)


def test_rule_may_be_text() -> None:
    assert SelectionConfig("top_iou").rule is SelectionRule.TOP_IOU


def test_the_last_layer_of_crops_has_a_point() -> None:
    assert ProposalConfig(crop_n_layers=2, crop_n_points_downscale_factor=5)
    with pytest.raises(ValueError, match="crop_n_points_downscale_factor is 6"):
        ProposalConfig(crop_n_layers=2, crop_n_points_downscale_factor=6)
