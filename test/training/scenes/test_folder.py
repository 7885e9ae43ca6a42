# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from llmseg_core.runtime.folder_lock import locked
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


def test_scenes_of_two_sizes_do_not_mix(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path, "train", 2, config=SMALL)
    wide = replace(SMALL, width=120, categories=("mug", "fork"))
    for count in (1, 3):
        with pytest.raises(ValueError, match=r"width 96, not 120, categories .*mug"):
            write_scenes(tmp_path, "train", count, config=wide)
    assert len(SceneFolder(folder)) == 2
    write_scenes(tmp_path, "val", 1, config=wide)  # another folder
    write_scenes(tmp_path, "val", 2)  # as those that are there
    assert {SceneFolder(tmp_path / "val").image(i).shape for i in range(2)} == {(72, 120, 3)}
    (folder / "scenes.yaml").write_text("width: 96")
    with pytest.raises(ValueError, match=r"scenes.yaml does not say how scenes are rendered"):
        write_scenes(tmp_path, "train", 3, config=SMALL)


def test_folders_of_before_are_known_by_their_images(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path, "train", 1, config=SMALL)
    (folder / "scenes.yaml").unlink()
    with pytest.raises(ValueError, match="rendered with height 72, not 96: name another folder"):
        write_scenes(tmp_path, "train", 2, config=replace(SMALL, height=96))
    write_scenes(tmp_path, "train", 2, config=SMALL)
    assert not (folder / "scenes.yaml").exists()  # nobody knows how the first was rendered
    write_scenes(tmp_path, "train", 3)
    assert [SceneFolder(folder).image(i).shape for i in range(3)] == [(72, 96, 3)] * 3
    cv2.imwrite(str(folder / "images" / "000001.png"), np.zeros((9, 16, 3), np.uint8))
    with pytest.raises(ValueError, match=r"are \(16, 9\) and \(96, 72\) pixels"):
        write_scenes(tmp_path, "train", 4)


def test_settings_of_no_finished_scene_do_not_count(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path, "train", 1, config=SMALL)
    (folder / "scenes.jsonl").write_text('{"index": 0, "se')  # it was interrupted at once
    write_scenes(tmp_path, "train", 1, config=replace(SMALL, width=120))
    assert SceneFolder(folder).image(0).shape == (72, 120, 3)


def test_what_is_finished_is_only_read(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path, "train", 2, config=SMALL)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with locked(folder):  # somebody writes more of them
        assert write_scenes(tmp_path, "train", 2, config=SMALL) == folder
    (folder / ".lock").unlink()
    assert write_scenes(tmp_path, "train", 1) == folder
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert after == {path: time for path, time in before.items() if path.name != ".lock"}


WRITE = """
import sys
from pathlib import Path
from llmseg_training.scenes import SceneConfig, write_scenes
config = SceneConfig(width=96, height=72, edge_samples=0)
write_scenes(Path(sys.argv[1]), "train", int(sys.argv[2]), workers=int(sys.argv[3]), config=config)
"""


def start(root: Path, count: int, workers: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITE, str(root), str(count), str(workers)]
    return subprocess.Popen(command, text=True, stderr=subprocess.PIPE)


def test_two_processes_write_each_scene_once(tmp_path: Path) -> None:
    both = [start(tmp_path, 12, 1), start(tmp_path, 14, 2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    lines = (tmp_path / "train" / "scenes.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["index"] for line in lines) == list(range(14))
    assert len(SceneFolder(tmp_path / "train")) == 14


def test_a_killed_process_leaves_nobody_who_keeps_the_folder(tmp_path: Path) -> None:
    process = start(tmp_path, 5000, 2)
    index = tmp_path / "train" / "scenes.jsonl"
    deadline = time.monotonic() + 60
    while not (index.exists() and index.read_text().count("\n") >= 2):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.communicate()
    count = index.read_text().count("\n") + 2
    write_scenes(tmp_path, "train", count, config=replace(SMALL, min_visible_pixels=40))
    assert len(SceneFolder(tmp_path / "train")) == count


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
