# SPDX-License-Identifier: Apache-2.0
"""Proposals of a data set, computed once: compressed masks (COCO RLE) with their scores.

    PROPOSALS/NAME.9f86d081884c7d65.json    {"size": [h, w], "rle": [...], "boxes": [...], ...}
    PROPOSALS/proposals.yaml                settings that all of them were made with

NAME is the sample's name ("/" makes folders), the number a digest of its image, so that a sample is
known to be done without reading it, and an image finds its proposals without a name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote

import numpy as np
import torch
import yaml
from tqdm import tqdm

from llmseg_core.config import ProposalConfig
from llmseg_core.config.yaml_file import read_mapping
from llmseg_core.images.image_ops import check_image
from llmseg_core.images.run_lengths import decode_counts, encode_counts
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.runtime.whole_file import write_whole
from llmseg_core.types import Proposals

from ..data import BrokenSampleError

__all__ = ["CachedProposals", "NamedImages", "write_proposals"]

SETTINGS_FILE = "proposals.yaml"
_FILE = re.compile(r"(?P<name>.+?)(?:\.(?P<digest>[0-9a-f]{16}))?\.json")


class NamedImages(Protocol):
    """What proposals can be computed of: a `SegmentationData`, or rendered scenes.

    Attributes:
        name: of the data set.
    """

    name: str

    def __len__(self) -> int:
        """How many images."""

    def sample_name(self, index: int) -> str:
        """The name of a sample, without reading it."""

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""


def write_proposals(
    generator: ProposalGenerator,
    data: NamedImages,
    folder: Path,
    indices: Iterable[int] | None = None,
    config: ProposalConfig | None = None,
    on_broken: Callable[[BrokenSampleError], None] | None = None,
    show_progress: bool = True,
) -> int:
    """Propose masks for samples and store them; finished files are kept.

    Args:
        generator: proposes masks.
        data: images with names.
        folder: gets a file for each sample.
        indices: samples to do; None means all.
        config: settings of the generator; a folder made with others, or of another data set, is
            refused. None checks nothing.
        on_broken: told of each sample that cannot be read, which is then left out; None stops
            there.
        show_progress: whether there is a progress bar.

    Returns:
        How many files were written.

    Raises:
        BrokenSampleError: for a sample that cannot be read, if there is no `on_broken`.
        ValueError: if the folder holds proposals of other settings or of another data set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if config is not None:
        settings = {"data": data.name, **_settings(config)}
        _check_settings(folder, settings)
        write_whole(folder / SETTINGS_FILE, yaml.safe_dump(settings, sort_keys=False))
    done = CachedProposals(folder)
    wanted = range(len(data)) if indices is None else indices
    missing = [index for index in wanted if data.sample_name(index) not in done]
    written = 0
    for index in tqdm(missing, desc="proposals", unit="image", disable=not show_progress):
        try:
            image = data.image(index)
        except BrokenSampleError as error:
            if on_broken is None:
                raise
            on_broken(error)
            continue
        proposals = generator(image).to("cpu")
        path = _file(folder, data.sample_name(index), image_digest(image))
        write_whole(path, json.dumps(_to_plain(proposals)))
        written += 1
    return written


class CachedProposals:
    """Reads what `write_proposals` wrote; called with an image, it is a `ProposalGenerator`.

    Files that are written later are not seen.

    Args:
        folder: from `write_proposals`.
        config: settings that the proposals must have been made with; None takes any.

    Raises:
        ValueError: if they were made with other settings.
    """

    def __init__(self, folder: Path, config: ProposalConfig | None = None) -> None:
        self.folder = folder
        if config is not None:
            _check_settings(folder, _settings(config))
        self._by_name: dict[str, Path] = {}
        self._by_digest: dict[str, Path] = {}
        for path in sorted(folder.rglob("[!.]*.json")):
            match = _FILE.fullmatch(path.relative_to(folder).as_posix())
            if match is not None:
                self._by_name[unquote(match["name"])] = path
                if match["digest"] is not None:
                    self._by_digest[match["digest"]] = path

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Proposals:
        """The proposals of one sample.

        Raises:
            FileNotFoundError: naming the command that computes them.
        """
        return self._read(self._by_name.get(name), f"sample {name!r}")

    def __call__(self, image: np.ndarray) -> Proposals:
        """The proposals of an image, found by its pixels.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            FileNotFoundError: if none are stored of this very image.
        """
        size = f"this image of {image.shape[1]} x {image.shape[0]} pixels"
        return self._read(self._by_digest.get(image_digest(image)), size)

    def _read(self, path: Path | None, what: str) -> Proposals:
        if path is None:
            raise FileNotFoundError(
                f"{self.folder} has no proposals of {what} among its {len(self)}: "
                f"compute them with `llmseg proposals`"
            )
        return _from_plain(json.loads(path.read_text(encoding="utf-8")))


def image_digest(image: np.ndarray) -> str:
    """16 hexadecimal digits that tell one (H, W, 3) uint8 image from all others."""
    pixels = np.ascontiguousarray(check_image(image))
    code = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=8)
    code.update(pixels.data)
    return code.hexdigest()


def _file(folder: Path, name: str, digest: str) -> Path:
    """Where the proposals of a sample are stored; its name stays readable and within `folder`."""
    if not all(name.split("/")):
        raise ValueError(
            f'the sample name {name!r} has an empty part, it must be such as "val/image_7"'
        )
    safe = re.sub(r"(^|/)\.", r"\1%2E", quote(name, safe="/ "))
    return folder / f"{safe}.{digest}.json"


def _settings(config: ProposalConfig) -> dict[str, Any]:
    """What of the settings changes the proposals, and not the speed alone."""
    return {key: value for key, value in asdict(config).items() if key != "points_per_batch"}


def _check_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Refuse a folder of other settings; one without any is new, or was made without a check."""
    file = folder / SETTINGS_FILE
    if not file.is_file():
        return
    # What it does not name had its default then.
    stored = {**_settings(ProposalConfig()), **read_mapping(file)}
    other = [key for key in settings if stored.get(key) != settings[key]]
    if other:
        differences = ", ".join(f"{key} {stored.get(key)}, not {settings[key]}" for key in other)
        raise ValueError(
            f"the proposals in {folder} were made with {differences}: use another folder, or the "
            f"model that they were made with"
        )


def _to_plain(proposals: Proposals) -> dict[str, object]:
    return {
        "size": list(proposals.masks.shape[1:]),
        "image_size": list(proposals.image_size),
        "rle": [encode_counts(mask) for mask in proposals.masks.numpy()],
        "boxes": proposals.boxes_px.tolist(),
        "predicted_iou": proposals.predicted_iou.tolist(),
        "stability": proposals.stability.tolist(),
        "points": proposals.points.tolist(),
    }


def _from_plain(plain: dict[str, list]) -> Proposals:
    height, width = plain["size"]
    image_size = tuple(plain.get("image_size", plain["size"]))  # older files: masks of that size
    if not plain["rle"]:
        return Proposals.empty(image_size)
    masks = np.stack([decode_counts(text, (height, width)) for text in plain["rle"]])
    return Proposals(
        torch.from_numpy(masks),
        torch.tensor(plain["boxes"], dtype=torch.float32),
        torch.tensor(plain["predicted_iou"], dtype=torch.float32),
        torch.tensor(plain["stability"], dtype=torch.float32),
        torch.tensor(plain["points"], dtype=torch.float32),
        image_size,
    )
