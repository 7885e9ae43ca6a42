# SPDX-License-Identifier: Apache-2.0
"""Proposals of a data set, computed once: compressed masks (COCO RLE) with their scores.

    PROPOSALS/NAME.9f86d081884c7d65.json    {"size": [h, w], "rle": [...], "boxes": [...], ...}
    PROPOSALS/proposals.yaml                settings and SAM that all of them were made with

NAME is the sample's name ("/" makes folders), the number a digest of its image, so that a sample is
known to be done without reading it, and an image finds its proposals without a name. Names that are
too long for a file are cut, and end on a digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote

import numpy as np
import torch
from tqdm import tqdm

from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_ops import check_image
from llmseg_core.images.run_lengths import decode_counts, encode_counts
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.runtime.whole_file import write_whole
from llmseg_core.types import Proposals

from ..data import BrokenSampleError, DataSample, ImageData
from ..data.names import fitting_path
from ..data.plain_json import parse_json
from .made_with import SETTINGS_FILE, SamInUse, check_made_with, keep_made_with

__all__ = ["CachedProposals", "HasProposals", "NamedImages", "write_proposals"]

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
    sam: SamInUse | None = None,
) -> int:
    """Propose masks for samples and store them; finished files are kept.

    A file is finished if it is whole, and its image has not changed since.

    Args:
        generator: proposes masks.
        data: images with names.
        folder: gets a file for each sample.
        indices: samples to do; None means all.
        config: settings of the generator; a folder made with others, or of another data set, is
            refused. None checks nothing.
        sam: the generator's network; a folder made with another one, or in another number format,
            is refused. None checks nothing.
        on_broken: told of each sample that cannot be used, which is then left out; None stops
            there.
        show_progress: whether there is a progress bar.

    Returns:
        How many files were written.

    Raises:
        BrokenSampleError: for a sample that cannot be used, if there is no `on_broken`.
        ValueError: if the folder holds proposals of other settings or of another data set.
    """
    keep_made_with(folder, data.name, config, sam)
    done = CachedProposals(folder)
    wanted = range(len(data)) if indices is None else indices
    missing = [index for index in wanted if not _is_finished(data, index, done)]
    written = 0
    for index in tqdm(missing, desc="proposals", unit="image", disable=not show_progress):
        try:
            # Where broken samples stop everything, an image without a question does not: no
            # question is asked here. Where they are left out, they are the same ones everywhere.
            if isinstance(data, ImageData) and on_broken is not None:
                image = data.usable_image(index)
            else:
                image = data.image(index)
        except BrokenSampleError as error:
            if on_broken is None:
                raise
            on_broken(error)
            continue
        path = _file(folder, data.sample_name(index), image_digest(image))
        before = done.file(data.sample_name(index))
        if before == path and _is_whole(path):
            os.utime(path)  # the file of the image is newer, what it shows is not
            continue
        write_whole(path, json.dumps(_to_plain(generator(image).to("cpu"))))
        if before not in (None, path):
            before.unlink(missing_ok=True)
        written += 1
    return written


class CachedProposals:
    """Reads what `write_proposals` wrote; called with an image, it is a `ProposalGenerator`.

    Files that are written later are not seen.

    Args:
        folder: from `write_proposals`.
        config: settings that the proposals must have been made with; None takes any.
        sam: who must have proposed; None takes any.

    Raises:
        ValueError: if they were made with other settings or another SAM.
    """

    def __init__(
        self, folder: Path, config: ProposalConfig | None = None, sam: SamInUse | None = None
    ) -> None:
        self.folder = folder
        check_made_with(folder, config, sam)
        self._by_name: dict[str, Path] = {}
        self._by_digest: dict[str, Path] = {}
        self._last: tuple[str, Proposals] | None = None  # often asked for twice
        for path in sorted(folder.rglob("[!.]*.json")):
            match = _FILE.fullmatch(path.relative_to(folder).as_posix())
            if match is not None:
                self._by_name[unquote(match["name"])] = path
                if match["digest"] is not None:
                    self._by_digest[match["digest"]] = path

    def made_with(self) -> str:
        """What `proposals.yaml` says; empty without one."""
        file = self.folder / SETTINGS_FILE
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: str) -> bool:
        return self.file(name) is not None

    def file(self, name: str) -> Path | None:
        """Where the proposals of a sample are, if they are stored."""
        return self._by_name.get(unquote(_stored_name(name)))

    def __getitem__(self, name: str) -> Proposals:
        """The proposals of one sample.

        Raises:
            FileNotFoundError: naming the command that computes them.
        """
        return self._read(self.file(name), f"sample {name!r}")

    def __call__(self, image: np.ndarray) -> Proposals:
        """The proposals of an image, found by its pixels.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            FileNotFoundError: if none are stored of this very image.
        """
        digest = image_digest(image)
        if self._last is None or self._last[0] != digest:
            size = f"this image of {image.shape[1]} x {image.shape[0]} pixels"
            self._last = digest, self._read(self._by_digest.get(digest), size)
        return self._last[1]

    def _read(self, path: Path | None, what: str) -> Proposals:
        if path is None:
            raise FileNotFoundError(
                f"{self.folder} has no proposals of {what} among its {len(self)}: "
                f"compute them with `llmseg proposals`"
            )
        try:
            return _from_plain(parse_json(path.read_bytes()))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(
                f"{path} holds no proposals: {error!r}; remove it, and compute them with "
                f"`llmseg proposals`"
            ) from error


class HasProposals:
    """A check of samples (`ImageData.require`): their images have proposals that can be read.

    Args:
        proposals: where they are stored.
    """

    def __init__(self, proposals: CachedProposals) -> None:
        self.proposals = proposals

    def __call__(self, sample: DataSample) -> None:
        """Refuse a sample without; raises OSError or ValueError."""
        self.proposals(sample.image)


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
    return folder / f"{_stored_name(name)}.{digest}.json"


def _stored_name(name: str) -> str:
    """A sample's name in letters that every file system has, cut where it is too long."""
    safe = re.sub(r"(^|/)\.", r"\1%2E", quote(name, safe="/ ", errors="surrogatepass"))
    return fitting_path(safe, len(".0123456789abcdef.json"))


def _is_finished(data: NamedImages, index: int, done: CachedProposals) -> bool:
    """Whether a sample has proposals of its image; one that is newer has to be looked at."""
    file = done.file(data.sample_name(index))
    if file is None or not _is_whole(file):
        return False
    if not isinstance(data, ImageData):
        return True
    try:
        image = data.image_file(index).stat()
    except (OSError, ValueError, KeyError, TypeError):
        return True  # as before the image was lost
    return max(image.st_mtime, image.st_ctime) <= file.stat().st_mtime


def _is_whole(file: Path) -> bool:
    """Whether a file ends as one of proposals does."""
    with file.open("rb") as content:
        size = content.seek(0, os.SEEK_END)
        content.seek(max(size - 1, 0))
        return content.read() == b"}"


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
