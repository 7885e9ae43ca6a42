# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from llmseg_core.runtime import compute_rate as module
from llmseg_core.runtime.compute_rate import compute_rate

GPU = torch.device("cuda")


def test_a_cpu_is_measured() -> None:
    rate = compute_rate(torch.device("cpu"), torch.float32)
    assert 1e8 < rate.flops < 1e14
    assert "measured" in rate.source
    assert rate.milliseconds(rate.flops) == pytest.approx(1000)


@pytest.mark.parametrize(
    ("name", "peaks"),
    [
        ("NVIDIA L4", (30.3, 121, 121)),
        ("NVIDIA L40", (90.5, 181, 181)),
        ("NVIDIA L40S", (91.6, 362, 362)),
        ("NVIDIA A10", (31.2, 125, 125)),
        ("NVIDIA A10G", (31.2, 70, 70)),
        ("NVIDIA A40", (37.4, 150, 150)),
        ("NVIDIA A100-SXM4-40GB", (19.5, 312, 312)),
        ("NVIDIA A100-SXM4-80GB", (19.5, 312, 312)),
        ("A100-PCIE-40GB", (19.5, 312, 312)),
        ("NVIDIA A100 80GB PCIe", (19.5, 312, 312)),
        ("NVIDIA RTX A6000", (38.7, 155, 155)),
        ("NVIDIA GeForce RTX 3090", (35.6, 71, 71)),
        ("NVIDIA GeForce RTX 4090", (82.6, 165, 165)),
        ("NVIDIA H100 PCIe", (51, 756, 756)),
        ("NVIDIA H100 80GB HBM3", (67, 989, 989)),
        ("NVIDIA H100 NVL", (60, 835, 835)),
        ("NVIDIA H200", (67, 989, 989)),
        ("NVIDIA H200 NVL", (60, 835, 835)),
        ("NVIDIA GH200 480GB", (67, 989, 989)),
        ("NVIDIA GH200 144G HBM3e", (67, 989, 989)),
        ("Tesla V100-SXM2-16GB", (15.7, 15.7, 125)),
        ("Tesla V100-PCIE-32GB", (14, 14, 112)),
        ("Tesla T4", (8.1, 8.1, 65)),
    ],
)
def test_known_gpus(
    name: str, peaks: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    formats = torch.float32, torch.bfloat16, torch.float16
    rates = [compute_rate(GPU, dtype) for dtype in formats]
    assert [rate.flops for rate in rates] == pytest.approx([0.5e12 * peak for peak in peaks])
    assert all(name in rate.source for rate in rates)


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA A1000",
        "NVIDIA RTX A1000",
        "NVIDIA RTX A1000 6GB Laptop GPU",
        "NVIDIA A16",
        "NVIDIA A10-24Q",
        "NVIDIA A40-48Q",
        "NVIDIA A100X",
        "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
        "NVIDIA H100 80GB HBM3 MIG 3g.40gb",
        "NVIDIA H20",
        "NVIDIA H800",
        "NVIDIA GB200",
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 3090 Ti",
        "NVIDIA RTX 6000 Ada Generation",
        "NVIDIA RTX 4000 SFF Ada Generation",
        "NVIDIA T400",
        "NVIDIA T400 4GB",
        "NVIDIA T4G",
        "Tesla V100S-PCIE-32GB",
        "Orin",
        "Some GPU",
        "",
    ],
)
def test_other_gpus_are_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those whose name begins or ends like that of a known one."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    monkeypatch.setattr(module, "_measured", lambda device, dtype: 3e12)
    assert compute_rate(GPU, torch.float32).flops == 3e12
