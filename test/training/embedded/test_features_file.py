# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from helpers.old_files import OLD
from llmseg_training.embedded.features_file import read_features, write_features

FEATURES = OLD / "embedded" / "proposals" / "features.pt"
"""Written when the classes of the scenes were in other modules."""


def test_encoded_scenes_survive_being_written(tmp_path: Path) -> None:
    scenes = read_features(FEATURES)
    write_features(tmp_path / "features.pt", scenes)
    again = read_features(tmp_path / "features.pt")
    assert [scene.objects for scene in again] == [scene.objects for scene in scenes]
    assert all(
        torch.equal(one.features, other.features) for one, other in zip(again, scenes, strict=True)
    )


class Trap:
    """Pickled, it is a call."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path("sprung"),)


@pytest.mark.parametrize("form", ["another class", "no pickle", "cut short", "plain values"])
def test_a_file_that_holds_anything_else_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    file = tmp_path / "features.pt"
    whole = FEATURES.read_bytes()
    monkeypatch.chdir(tmp_path)
    if form == "another class":
        torch.save([Trap()], file)
        assert b"touch" in pickle.dumps(Trap())
    elif form == "plain values":
        torch.save([{"features": torch.zeros(2)}], file)
    else:
        file.write_bytes(b"scenes" if form == "no pickle" else whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"features\.pt .*encoded scenes, remove it"):
        read_features(file)
    assert [path.name for path in tmp_path.iterdir()] == ["features.pt"]
