# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from llmseg_core.model_dir.original.state import check_names, read_original_state, renamed

STATE = {"a.weight": torch.arange(6.0).view(2, 3), "b": torch.ones(1)}


def write(file: Path) -> None:
    save_file(STATE, file) if file.suffix == ".safetensors" else torch.save(STATE, file)


@pytest.mark.parametrize("name", ["sam.pth", "adapter_model.bin", "clip.safetensors"])
def test_either_format_is_read_and_damage_is_named(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    with pytest.raises(FileNotFoundError):
        read_original_state(file)
    write(file)
    found = read_original_state(file)
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[key], value) for key, value in STATE.items())
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"no weights at all", b""):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"{name} is damaged or no checkpoint"):
            read_original_state(file)


@pytest.mark.parametrize("content", [{"epoch": 3}, [torch.ones(1)], torch.ones(1)])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other\.pth holds no weights by name"):
        read_original_state(tmp_path / "other.pth")


def test_wrong_names_are_all_named() -> None:
    check_names(["a", "b"], ["b", "a"], "no weights of mine")
    with pytest.raises(ValueError, match=r"no weights of mine: missing \['b', 'c'\], not expected"):
        check_names(["a", "b", "c"], ["a", "d"], "no weights of mine")


def test_the_first_fitting_beginning_is_replaced() -> None:
    table = [(r"layers\.(\d+)\.", r"blocks.\1."), ("layers", "never"), ("norm", "ln")]
    assert renamed("layers.3.norm", table) == "blocks.3.norm"
    assert renamed("norm.weight", table) == "ln.weight"
    assert renamed("head.norm", table) == "head.norm"


def test_a_file_of_objects_is_refused_in_a_line(tmp_path: Path) -> None:
    torch.save({"model": Path("a")}, tmp_path / "objects.pth")
    with pytest.raises(
        ValueError, match=r"objects\.pth .*: it holds Python objects, which"
    ) as error:
        read_original_state(tmp_path / "objects.pth")
    assert len(str(error.value)) < 300
