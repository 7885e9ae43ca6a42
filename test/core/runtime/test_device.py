# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from llmseg_core import RuntimeConfig
from llmseg_core.runtime import device
from llmseg_core.runtime.device import faster_dtype, torch_device, torch_dtype


def test_device_and_dtype() -> None:
    assert torch_device(RuntimeConfig()) == torch.device("cpu")
    assert torch_dtype(RuntimeConfig(dtype="bfloat16")) is torch.bfloat16


def test_unknown_device() -> None:
    with pytest.raises(ValueError, match="device is 'gpu0', it must be"):
        torch_device(RuntimeConfig(device="gpu0"))


def test_missing_device() -> None:
    with pytest.raises(ValueError, match=r"device is 'cuda:99', but PyTorch .* sees \d+ CUDA"):
        torch_device(RuntimeConfig(device="cuda:99"))


AMD = ("AuthenticAMD", "fpu avx2 avx512f avx512_bf16 avx512_vnni")
INTEL = ("GenuineIntel", "fpu avx2 avx512f avx512_bf16 avx512_fp16")
OLD = ("GenuineIntel", "fpu avx2 avx512f avx512_vnni")
FORMATS = torch.bfloat16, torch.float16


def cpu_info(*cores: tuple[str, str]) -> str:
    """The list of an x86 processor, as Linux writes it."""
    return "".join(
        f"processor\t: {number}\nvendor_id\t: {maker}\nbugs\t\t: amx_bf16\nflags\t\t: {flags}\n\n"
        for number, (maker, flags) in enumerate(cores)
    )


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        (cpu_info(AMD, AMD), [True, False]),
        (cpu_info(INTEL, INTEL), [False, True]),  # without AMX its bfloat16 is slow
        (cpu_info(("GenuineIntel", f"{INTEL[1]} amx_tile amx_bf16")), [True, True]),
        (cpu_info(("GenuineIntel", f"{OLD[1]} amx_tile amx_bf16 amx_fp16")), [True, True]),
        (cpu_info(OLD), [False, False]),
        (cpu_info(AMD, OLD), [False, False]),  # not on every core
        ("processor\t: 0\nFeatures\t: fp asimd asimdhp bf16 i8mm\n\n", [False, False]),
        ("", [False, False]),
        (None, [False, False]),
    ],
)
def test_a_cpu_takes_a_half_format_that_it_has_units_for(
    text: str | None, fast: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "CPU_INFO", tmp_path / "cpuinfo")
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    chosen = [faster_dtype(cpu, dtype) for dtype in FORMATS]
    assert chosen == [
        one if is_fast else torch.float32 for one, is_fast in zip(FORMATS, fast, strict=True)
    ]
    assert faster_dtype(cpu, torch.float32) == torch.float32
    assert [faster_dtype(gpu, dtype) for dtype in FORMATS] == list(FORMATS)


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file(), reason="needs Linux")
def test_this_cpu_is_read_without_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Path("/proc/cpuinfo").read_text().split()
    fast = "amx_bf16" in words or {"avx512_bf16", "AuthenticAMD"} <= set(words)
    monkeypatch.setattr(time, "perf_counter", lambda: pytest.fail("looked at a clock"))
    chosen = faster_dtype(torch.device("cpu"), torch.bfloat16)
    assert chosen == (torch.bfloat16 if fast else torch.float32)
