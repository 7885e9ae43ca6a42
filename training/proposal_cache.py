"""Proposals of a data set, computed once: compressed masks (COCO RLE) with their scores.

    PROPOSALS/000123.json    {"size": [H, W], "rle": [...], "predicted_iou": [...], ...}

`ProposalFolder` gives back the same `Proposals` that the generator gave.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from pycocotools import mask as coco_mask
from tqdm import tqdm

from llmseg_core.proposals import ProposalGenerator
from llmseg_core.types import Proposals

from .scenes import SceneFolder

__all__ = ["ProposalFolder", "write_proposals"]


def write_proposals(
    generator: ProposalGenerator, scenes: SceneFolder, folder: Path, indices: Iterable[int]
) -> None:
    """Propose masks for the scenes at `indices` and store them; finished files are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [index for index in indices if not _file(folder, index).exists()]
    for index in tqdm(missing, desc="proposals"):
        proposals = generator(scenes.image(index)).to("cpu")
        path = _file(folder, index)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(_to_plain(proposals)), encoding="utf-8")
        temporary.replace(path)


class ProposalFolder:
    """Reads what `write_proposals` wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __contains__(self, index: int) -> bool:
        return _file(self.folder, index).exists()

    def __getitem__(self, index: int) -> Proposals:
        """The proposals of one scene.

        Raises:
            FileNotFoundError: naming the command that computes them.
        """
        path = _file(self.folder, index)
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is missing: compute the proposals of scene {index} with write_proposals"
            )
        return _from_plain(json.loads(path.read_text(encoding="utf-8")))


def _file(folder: Path, index: int) -> Path:
    return folder / f"{index:06d}.json"


def _to_plain(proposals: Proposals) -> dict[str, object]:
    masks = np.asfortranarray(proposals.masks.numpy().transpose(1, 2, 0).astype(np.uint8))
    codes = coco_mask.encode(masks) if len(proposals) else []
    return {
        "size": list(proposals.image_size),
        "rle": [code["counts"].decode("ascii") for code in codes],
        "boxes": proposals.boxes.tolist(),
        "predicted_iou": proposals.predicted_iou.tolist(),
        "stability": proposals.stability.tolist(),
        "points": proposals.points.tolist(),
    }


def _from_plain(plain: dict[str, list]) -> Proposals:
    height, width = plain["size"]
    if not plain["rle"]:
        return Proposals.empty((height, width))
    codes = [{"size": [height, width], "counts": text.encode("ascii")} for text in plain["rle"]]
    masks = coco_mask.decode(codes).transpose(2, 0, 1).astype(bool)
    return Proposals(
        torch.from_numpy(np.ascontiguousarray(masks)),
        torch.tensor(plain["boxes"], dtype=torch.float32),
        torch.tensor(plain["predicted_iou"], dtype=torch.float32),
        torch.tensor(plain["stability"], dtype=torch.float32),
        torch.tensor(plain["points"], dtype=torch.float32),
    )
