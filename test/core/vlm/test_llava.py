# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from transformers import LlavaConfig, LlavaForConditionalGeneration

from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.kv_cache import cache_argument
from llmseg_core.vlm.llava import (
    LlavaV1ForConditionalGeneration,
    image_token_count,
    llava_class,
)


def copied_config(parts: ModelParts) -> LlavaConfig:
    return LlavaConfig.from_dict(parts.llava.config.to_dict())


def test_image_tokens_are_as_many_as_features(parts: ModelParts) -> None:
    features = parts.llava.model.get_image_features(torch.zeros(1, 3, 28, 28), return_dict=True)
    assert len(features.pooler_output[0]) == image_token_count(parts.llava.config) == 4
    config = copied_config(parts)
    config.vision_feature_select_strategy = "full"
    assert image_token_count(config) == 5


def test_first_version_has_one_linear_projector(parts: ModelParts, tmp_path: Path) -> None:
    model = LlavaV1ForConditionalGeneration(copied_config(parts)).eval()
    projector = {key for key in model.state_dict() if "projector" in key}
    assert projector == {
        "model.multi_modal_projector.linear_1.weight",
        "model.multi_modal_projector.linear_1.bias",
    }
    model.save_pretrained(tmp_path)
    cls = llava_class(LlavaConfig.from_pretrained(tmp_path))
    assert cls is LlavaV1ForConditionalGeneration
    loaded = cls.from_pretrained(tmp_path)
    pixel_values = torch.randn(1, 3, 28, 28)
    first, second = (
        each.model.get_image_features(pixel_values, return_dict=True).pooler_output[0]
        for each in (model, loaded)
    )
    torch.testing.assert_close(first, second)


def test_other_configurations_mean_the_class_of_transformers(parts: ModelParts) -> None:
    assert llava_class(parts.llava.config) is LlavaForConditionalGeneration


def test_keys_and_values_go_by_the_name_that_a_network_knows() -> None:
    class Old(nn.Module):
        def forward(self, past_key_values: object = None) -> None: ...

    class New(nn.Module):
        def forward(self, cache: object = None) -> None: ...

    assert (cache_argument(Old()), cache_argument(New())) == ("past_key_values", "cache")
