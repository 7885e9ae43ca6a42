# SPDX-License-Identifier: Apache-2.0
"""Scenes on disk: a folder of images, instance maps and one line of metadata a scene.

SPLIT/images/000123.png     RGB
SPLIT/instances/000123.png  ids, one channel
SPLIT/scenes.jsonl          index, seed and objects of each finished scene
SPLIT/scenes.yaml           what all of them were rendered with
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from llmseg_core.runtime.child_process import die_with_parent
from llmseg_core.runtime.folder_lock import locked
from llmseg_core.runtime.whole_file import write_whole

from .folder_config import folder_config, store_config
from .render import render_scene
from .scene import Scene, SceneConfig, SceneObject
from .splits import scene_seed

_INDEX = "scenes.jsonl"


def _png(pixels: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise OSError(f"an array of shape {pixels.shape} could not be written as PNG")
    return data.tobytes()


def _read_png(path: Path, flags: int) -> NDArray[np.uint8]:
    pixels = cv2.imread(str(path), flags)
    if pixels is None:
        raise OSError(f"image {path} is missing or unreadable; write the scenes again")
    return pixels.astype(np.uint8, copy=False)


def _records(path: Path) -> dict[int, str]:
    """The finished lines of the index file by scene; a line cut short is left out."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [line.strip() for line in lines if line.endswith("\n") and line.strip()]
    return {int(json.loads(line)["index"]): line for line in whole}


def _write_scene(index: int, folder: Path, split: str, config: SceneConfig) -> str:
    """Renders and stores one scene; returns its line of the index file."""
    scene = render_scene(scene_seed(split, index), config)
    name = f"{index:06d}.png"
    write_whole(folder / "images" / name, _png(scene.image[..., ::-1]))
    write_whole(folder / "instances" / name, _png(scene.instances))
    objects = [asdict(item) for item in scene.objects]
    return json.dumps({"index": index, "seed": scene.seed, "objects": objects})


def write_scenes(
    root: Path, split: str, count: int, *, workers: int = 1, config: SceneConfig | None = None
) -> Path:
    """Writes scenes 0 to `count` - 1 of a split to `root`/`split`; finished ones are kept.

    One process writes at a time, others wait. Where all scenes are there nothing is written.

    Args:
        root: folder of the splits.
        split: "train", "val" or "test".
        count: how many scenes, from the first.
        workers: processes that render.
        config: what scenes to render; None takes what the folder's were rendered with.

    Returns:
        The folder of the split.

    Raises:
        ValueError: if the folder's scenes were rendered with another `config`, or a number is
            wrong.
    """
    if count < 1 or workers < 1:
        raise ValueError(f"count {count} and workers {workers} must be at least 1")
    scene_seed(split, count - 1)
    folder = Path(root) / split
    records = _records(folder / _INDEX)
    folder_config(folder, records, config)
    if records.keys() >= set(range(count)):
        return folder
    with locked(folder, wait=True):
        _write_missing(folder, split, count, workers, config)
    return folder


def _write_missing(
    folder: Path, split: str, count: int, workers: int, config: SceneConfig | None
) -> None:
    records = _records(folder / _INDEX)  # another process may have begun meanwhile
    config = folder_config(folder, records, config)
    if not records:
        store_config(folder, config)
    write_whole(folder / _INDEX, "".join(f"{line}\n" for line in records.values()).encode())
    missing = [index for index in range(count) if index not in records]
    render = partial(_write_scene, folder=folder, split=split, config=config)
    pool = (
        ProcessPoolExecutor(workers, initializer=die_with_parent) if workers > 1 else nullcontext()
    )
    with pool as executor, (folder / _INDEX).open("a", encoding="utf-8") as index_file:
        lines = _mapped(executor, render, missing)
        for line in tqdm(lines, desc=f"{split} scenes", total=count, initial=len(records)):
            index_file.write(f"{line}\n")
            index_file.flush()


def _mapped(executor: Executor | None, render: partial[str], indices: list[int]) -> Iterator[str]:
    """What `render` gives for each index, in order; in the executor's processes if there is one."""
    if executor is None:
        yield from map(render, indices)
        return
    for start in range(0, len(indices), 256):
        yield from executor.map(render, indices[start : start + 256], chunksize=4)


class SceneFolder:
    """Reads the scenes of one split's folder; scenes written later are not seen."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.name = self.path.name
        records = _records(self.path / _INDEX)
        if not records:
            raise FileNotFoundError(
                f"{self.path} holds no scenes (no finished line in {_INDEX}); "
                "write them with python -m llmseg_training.scenes --split ... --out ..."
            )
        self._records = [json.loads(records[index]) for index in sorted(records)]

    def __len__(self) -> int:
        return len(self._records)

    @property
    def config(self) -> SceneConfig:
        """What the scenes were rendered with; of folders that do not say, the default but size."""
        return folder_config(self.path, {int(each["index"]) for each in self._records}, None)

    def sample_name(self, position: int) -> str:
        """The number of a scene, as its files have it."""
        return f"{self._records[position]['index']:06d}"

    def __getitem__(self, position: int) -> Scene:
        """The scene, without depth."""
        return Scene(
            image=self.image(position),
            instances=self.instances(position),
            depth=None,
            objects=self.objects(position),
            seed=int(self._records[position]["seed"]),
        )

    def image_file(self, position: int) -> Path:
        """Where the image of one scene lies."""
        return self._file("images", position)

    def image(self, position: int) -> NDArray[np.uint8]:
        """(H, W, 3) RGB of one scene."""
        pixels = _read_png(self.image_file(position), cv2.IMREAD_COLOR)
        return np.ascontiguousarray(pixels[..., ::-1])

    def instances(self, position: int) -> NDArray[np.uint8]:
        """(H, W) instance ids of one scene."""
        return _read_png(self._file("instances", position), cv2.IMREAD_GRAYSCALE)

    def objects(self, position: int) -> tuple[SceneObject, ...]:
        """The listed objects of one scene."""
        return tuple(
            SceneObject(
                id=item["id"],
                category=item["category"],
                colour=item["colour"],
                box=tuple(item["box"]),
                visible_pixels=item["visible_pixels"],
                position=tuple(item["position"]),
                size_m=item["size_m"],
            )
            for item in self._records[position]["objects"]
        )

    def _file(self, kind: str, position: int) -> Path:
        return self.path / kind / f"{self.sample_name(position)}.png"
