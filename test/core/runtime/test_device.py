# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from llmseg_core import RuntimeConfig
from llmseg_core.runtime.device import torch_device, torch_dtype
from llmseg_core.runtime.stage_timer import StageTimer


def test_device_and_dtype() -> None:
    assert torch_device(RuntimeConfig()) == torch.device("cpu")
    assert torch_dtype(RuntimeConfig(dtype="bfloat16")) is torch.bfloat16


def test_unknown_device() -> None:
    with pytest.raises(ValueError, match="device is 'gpu0', it must be"):
        torch_device(RuntimeConfig(device="gpu0"))


def test_missing_device() -> None:
    with pytest.raises(ValueError, match=r"device is 'cuda:99', but PyTorch .* sees \d+ CUDA"):
        torch_device(RuntimeConfig(device="cuda:99"))


def test_stages_are_timed_in_order() -> None:
    timer = StageTimer(torch.device("cpu"))
    for name in ("first", "second"):
        with timer.stage(name):
            sum(range(1000))
    assert list(timer.timings_ms) == ["first", "second"]
    assert all(0 < value < 1000 for value in timer.timings_ms.values())
