# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from llmseg_core.runtime import compute_rate as module
from llmseg_core.runtime.compute_rate import compute_rate, faster_dtype

GPU = torch.device("cuda")


def test_a_cpu_is_measured() -> None:
    rate = compute_rate(torch.device("cpu"), torch.float32)
    assert 1e8 < rate.flops < 1e14
    assert "measured" in rate.source
    assert rate.milliseconds(rate.flops) == pytest.approx(1000)


@pytest.mark.parametrize(
    ("name", "dtype", "expected"),
    [
        ("NVIDIA H100 80GB HBM3", torch.bfloat16, 494.5e12),
        ("NVIDIA H100 PCIe", torch.float32, 25.5e12),
        ("NVIDIA L40S", torch.float16, 181e12),
        ("NVIDIA L4", torch.float16, 60.5e12),
    ],
)
def test_known_gpus(
    name: str, dtype: torch.dtype, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    rate = compute_rate(GPU, dtype)
    assert rate.flops == pytest.approx(expected)
    assert name in rate.source


def test_an_unknown_gpu_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Some GPU")
    monkeypatch.setattr(module, "_measured", lambda device, dtype: 3e12)
    assert compute_rate(GPU, torch.float32).flops == 3e12


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("rate", [1e9, 1e12])
def test_a_cpu_takes_what_it_multiplies_faster(
    dtype: torch.dtype, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {torch.float32: 1e11, dtype: rate}
    monkeypatch.setattr(module, "_cpu_rate", rates.__getitem__)
    fast = rate == 1e12
    assert faster_dtype(torch.device("cpu"), dtype) == (dtype if fast else torch.float32)
    assert faster_dtype(GPU, dtype) == dtype


def test_formats_that_are_alike_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {torch.float32: 1e11, torch.float16: 0.95e11}
    monkeypatch.setattr(module, "_cpu_rate", rates.__getitem__)
    assert faster_dtype(torch.device("cpu"), torch.float16) == torch.float16
