# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from llmseg_core.convert.released_checkpoint import (
    LoraPair,
    find_released_file,
    merge_lora,
    plain_name,
    read_weights,
    released_selector_config,
    split_lora,
)

NAME = "mp_rank_00_model_states.pt"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("base_model.model.model.layers.0.norm.weight", "layers.0.norm.weight"),
        ("module.base_model.model.lm_head.weight", "lm_head.weight"),
        ("model.vision_tower.vision_tower.x", "vision_tower.vision_tower.x"),
        ("lisa_dino_conv.bias", "lisa_dino_conv.bias"),
        ("model.layers.0.q_proj.base_layer.weight", "layers.0.q_proj.weight"),
    ],
)
def test_wrappers_are_taken_off(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_the_file_is_found_where_deepspeed_puts_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"there is no {NAME}"):
        find_released_file(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        find_released_file(tmp_path / "nowhere")
    files = [tmp_path / f"global_step{step}" / NAME for step in (500, 1000)]
    for file in files:
        file.parent.mkdir()
        file.touch()
    with pytest.raises(ValueError, match="several checkpoints, give one of them"):
        find_released_file(tmp_path)
    (tmp_path / "latest").write_text("global_step500\n")
    assert find_released_file(tmp_path) == files[0]
    assert find_released_file(files[1].parent) == find_released_file(files[1]) == files[1]


def test_files_that_hold_no_weights_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    torch.save([1, 2], file)
    with pytest.raises(ValueError, match="it must be a mapping"):
        read_weights(file)
    torch.save({"module": {"model.a": torch.zeros(1), "a": torch.zeros(1)}}, file)
    with pytest.raises(ValueError, match="holds a twice"):
        read_weights(file)
    file.write_bytes(b"no weights at all")
    with pytest.raises(ValueError, match="cannot be read as plain weights"):
        read_weights(file)


def test_lora_is_merged() -> None:
    a, b, weight = torch.randn(2, 5), torch.randn(3, 2), torch.randn(3, 5)
    plain, pairs = split_lora({"q.weight": weight, "q.lora_A.weight": a, "q.lora_B.weight": b})
    assert list(plain) == ["q.weight"]
    x = torch.randn(4, 5)
    merged = x @ merge_lora(weight, pairs["q.weight"], alpha=16).T
    torch.testing.assert_close(merged, x @ weight.T + 8 * (x @ a.T) @ b.T)
    half = merge_lora(weight.bfloat16(), LoraPair(a, b), alpha=16)
    assert half.dtype == torch.bfloat16


def test_half_a_lora_pair_is_refused() -> None:
    with pytest.raises(ValueError, match=r"missing q\.lora_B\.default\.weight"):
        split_lora({"q.lora_A.default.weight": torch.zeros(2, 5)})
    with pytest.raises(ValueError, match="must share a rank"):
        split_lora({"q.lora_A.weight": torch.zeros(2, 5), "q.lora_B.weight": torch.zeros(3, 4)})


def test_another_checkpoint_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no released checkpoint.*lisa_dino_conv\.weight"):
        released_selector_config({"layers.0.norm.weight": torch.zeros(1)})
