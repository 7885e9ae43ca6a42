# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from llmseg_training.scenes import SceneConfig, SceneFolder, render_scene, scene_seed, write_scenes

SMALL = SceneConfig(width=96, height=72, min_visible_pixels=40, edge_samples=0)


def test_written_scenes_read_back_as_rendered(tmp_path: Path) -> None:
    folder = SceneFolder(write_scenes(tmp_path, "val", 3, config=SMALL))
    assert len(folder) == 3
    for index in range(3):
        stored, fresh = folder[index], render_scene(scene_seed("val", index), SMALL)
        assert np.array_equal(stored.image, fresh.image)
        assert np.array_equal(stored.instances, fresh.instances)
        assert stored.objects == fresh.objects
        assert stored.seed == fresh.seed
        assert stored.depth is None


def test_writing_resumes_and_keeps_what_is_finished(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path, "train", 2, config=SMALL)
    first = folder / "images" / "000000.png"
    first.write_bytes(b"kept as it is")
    index = folder / "scenes.jsonl"
    with index.open("a", encoding="utf-8") as file:
        file.write('{"index": 2, "se')
    assert len(SceneFolder(folder)) == 2
    write_scenes(tmp_path, "train", 4, workers=2, config=SMALL)
    assert first.read_bytes() == b"kept as it is"
    indices = [json.loads(line)["index"] for line in index.read_text().splitlines()]
    assert indices == [0, 1, 2, 3]
    assert sorted(path.name for path in (folder / "instances").iterdir()) == [
        f"{i:06d}.png" for i in range(4)
    ]


def test_empty_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no scenes"):
        SceneFolder(tmp_path)


def test_unreadable_image_is_named(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path, "test", 1, config=SMALL)
    (folder / "images" / "000000.png").write_bytes(b"no picture")
    with pytest.raises(OSError, match=r"000000\.png"):
        SceneFolder(folder).image(0)


def test_count_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="count 0"):
        write_scenes(tmp_path, "val", 0)
