# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from llmseg_core.model_dir.networks import build_embedded_sam
from llmseg_core.runtime.random_state import seeded

ROOT = Path(__file__).resolve().parents[3]


def test_the_block_draws_from_the_seed() -> None:
    with seeded(7):
        drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))


def test_the_caller_goes_on_as_if_nothing_had_been() -> None:
    torch.manual_seed(1)
    wanted = torch.rand(4)
    torch.manual_seed(1)
    first = torch.rand(2)
    with seeded(7):
        torch.rand(100)
    assert torch.equal(torch.cat((first, torch.rand(2))), wanted)


def test_no_generator_of_a_gpu_is_seeded_for_weights_on_a_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(seed: int) -> None:
        raise AssertionError(f"a GPU's generator was seeded with {seed}")

    monkeypatch.setattr(torch.cuda, "manual_seed_all", refuse)
    monkeypatch.setattr(torch.cuda, "manual_seed", refuse)
    with pytest.raises(AssertionError, match="seeded with 3"):
        torch.manual_seed(3)  # what the helper is there for
    with seeded(3), seeded(3, "cpu"):
        torch.rand(1)
    build_embedded_sam(seed=3)


def test_a_device_is_forked_and_seeded_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    forked: list[list[torch.device]] = []
    seeds: list[int] = []

    def fork(devices: list[torch.device]) -> nullcontext[None]:
        forked.append(devices)
        return nullcontext()

    monkeypatch.setattr(torch.random, "fork_rng", fork)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.cuda, "manual_seed", seeds.append)
    with seeded(5, "cuda:1"):
        pass
    assert forked == [[torch.device("cuda:1")]]
    assert seeds == [5]


def test_nothing_else_forks_random_states() -> None:
    files = [
        path for folder in ("llmseg_core", "training") for path in (ROOT / folder).rglob("*.py")
    ]
    found = [path.name for path in files if "fork_rng" in path.read_text()]
    assert found == ["random_state.py"]
