# SPDX-License-Identifier: Apache-2.0
"""Every method is measured with random weights, and counts what it does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import (
    MMGroundingDinoForObjectDetection,
    Qwen3VLForConditionalGeneration,
    Sam3Model,
)

from llmseg_core.benchmark.choices import METHOD_NAMES, SIZE_NAMES
from llmseg_core.benchmark.counted_work import Bandwidth, CountedWork, counted_work
from llmseg_core.benchmark.method_models import METHODS, _byte_tokenizer
from llmseg_core.benchmark.method_sizes import METHOD_SIZES
from llmseg_core.cli.main import main
from llmseg_core.model_dir.network_files import quiet
from llmseg_core.runtime.compute_rate import ComputeRate


def test_names_of_the_command_line() -> None:
    assert set(METHOD_NAMES) == set(METHODS)
    assert set(SIZE_NAMES) == set(METHOD_SIZES)
    for sizes in METHOD_SIZES.values():
        assert set(sizes.said) == set(METHODS)


@pytest.mark.parametrize("name", ["lisa", "concept"])
def test_a_new_instruction_encodes_no_image(name: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    arguments = ["benchmark", "methods", "--only", name, "--repeats", "1", "--image-size", "96x64",
                 "--device", "cpu", "--json", str(file)]  # fmt: skip
    assert main(arguments) == 0
    report = json.loads(file.read_text())
    found = report[name]
    assert found["image_encodings_new_frame"] > 0 == found["image_encodings_new_instruction"]
    for stage in ("new_frame", "new_instruction"):
        assert found[f"bound_{stage}_ms"] > 0
    assert found["bound_new_instruction_ms"] < found["bound_new_frame_ms"]
    assert report["sizes"] == "small"
    assert "TFLOP/s" in report["bound"]


def test_published_sizes_are_the_published_ones() -> None:
    sizes = METHOD_SIZES["published"]
    with torch.device("meta"), quiet():
        networks = {
            "sam2": (sizes.sam2(), 216.9),  # 224.4 with what is for videos
            "qwen3_vl": (Qwen3VLForConditionalGeneration(sizes.qwen3_vl(_byte_tokenizer())), 4438),
            "detector": (MMGroundingDinoForObjectDetection(sizes.detector(0)), 173.0),
            "sam3": (Sam3Model(sizes.sam3(0)), 840.5),
        }
    for name, (network, millions) in networks.items():
        count = sum(each.numel() for each in network.parameters()) / 1e6
        assert count == pytest.approx(millions, rel=0.02), name


def test_work_is_counted() -> None:
    layer = nn.Linear(30, 20, bias=False)
    network = nn.Sequential(layer, nn.ReLU())

    def twice() -> torch.Tensor:
        return network(network(torch.ones(4, 30)) @ torch.ones(20, 30))

    with torch.inference_mode():
        result, work = counted_work([network], [network], twice)
    assert result.shape == (4, 20)
    assert work == CountedWork(2 * 2 * 4 * 30 * 20 + 2 * 4 * 20 * 30, 2 * 30 * 20 * 4, 2)
    rate = ComputeRate(1e6, "")
    assert work.bound_ms(rate, Bandwidth(None, "")) == pytest.approx(work.flops / 1e3)
    assert work.bound_ms(rate, Bandwidth(100.0, "")) == pytest.approx(10 * work.weight_bytes)


@pytest.mark.parametrize("name", ["two_stage", "concept", "lisa"])
def test_all_weights_are_made_where_they_are_wanted(name: str) -> None:
    frame = np.zeros((48, 64, 3), np.uint8)
    made = METHODS[name](METHOD_SIZES["small"], torch.device("meta"), torch.float32, frame)
    assert {each.device.type for network in made.networks for each in network.parameters()} == {
        "meta"
    }


def test_heads_that_share_keys_are_counted() -> None:
    query, key = torch.rand(1, 6, 5, 8), torch.rand(1, 2, 7, 8)

    def attend() -> torch.Tensor:
        return nn.functional.scaled_dot_product_attention(query, key, key, enable_gqa=True)

    _, work = counted_work((), (), attend)
    assert work.flops == 2 * 6 * 5 * 7 * 8 * 2
