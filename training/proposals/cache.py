# SPDX-License-Identifier: Apache-2.0
"""Proposals of a data set, computed once: compressed masks (COCO RLE) with their scores.

    PROPOSALS/NAME.9f86d081884c7d65.json    {"size": [h, w], "rle": [...], "boxes": [...], ...}
    PROPOSALS/*.parquet                     the same of many images in one file, see shards.py
    PROPOSALS/proposals.yaml                settings and SAM that all of them were made with

NAME is the sample's name ("/" makes folders), the number a digest of its image, so that a sample is
known to be done without reading it, and an image finds its proposals without a name. Names that are
too long for a file are cut, and end on a digest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from llmseg_core.config import ProposalConfig
from llmseg_core.types import Proposals

from ..data import DataSample
from .made_with import SETTINGS_FILE, SamInUse, check_made_with
from .record import image_digest, proposals_of
from .stored_file import sample_key, stored_files

__all__ = ["CachedProposals", "HasProposals", "Stored"]

SHARDS = "[!.]*.parquet"
"""what files of many images are called"""


class Stored(Protocol):
    """Where the proposals of one image are."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def key(self) -> str:
        """Of the sample, see `sample_key`."""

    @property
    def digest(self) -> str | None:
        """Of the image, see `image_digest`; None where nobody noted it."""

    def is_whole(self) -> bool:
        """Whether an interruption has not cut it short."""

    def read(self) -> dict[str, Any]:
        """What `proposals_of` takes."""


class CachedProposals:
    """Reads what was stored; called with an image, it is a `ProposalGenerator`.

    What is written later is not seen. A file of its own goes before a row among many.

    Args:
        folder: from `write_proposals` or `propose_with_ray`.
        config: settings that the proposals must have been made with; None takes any.
        sam: who must have proposed; None takes any.

    Raises:
        ValueError: if they were made with other settings or another SAM, or cannot be read.
    """

    def __init__(
        self, folder: Path, config: ProposalConfig | None = None, sam: SamInUse | None = None
    ) -> None:
        self.folder = folder
        check_made_with(folder, config, sam)
        self._by_key: dict[str, Stored] = {}
        self._by_digest: dict[str, Stored] = {}
        self._last: tuple[str, Proposals] | None = None  # often asked for twice
        for stored in (*_rows(folder), *stored_files(folder)):
            self._by_key[stored.key] = stored
            if stored.digest is not None:
                self._by_digest[stored.digest] = stored

    def made_with(self) -> str:
        """What `proposals.yaml` says; empty without one."""
        file = self.folder / SETTINGS_FILE
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, name: str) -> bool:
        return self.stored(name) is not None

    def stored(self, name: str) -> Stored | None:
        """Where the proposals of a sample are, if they are stored."""
        return self._by_key.get(sample_key(name))

    def __getitem__(self, name: str) -> Proposals:
        """The proposals of one sample.

        Raises:
            FileNotFoundError: naming the command that computes them.
        """
        return self._read(self.stored(name), f"sample {name!r}")

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

    def _read(self, stored: Stored | None, what: str) -> Proposals:
        if stored is None:
            raise FileNotFoundError(
                f"{self.folder} has no proposals of {what} among its {len(self)}: "
                f"compute them with `llmseg proposals`"
            )
        try:
            return proposals_of(stored.read())
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(
                f"{stored.path} holds no proposals: {error!r}; remove it, and compute them with "
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


def _rows(folder: Path) -> list[Stored]:
    """The images of all files that hold many."""
    shards = sorted(folder.glob(SHARDS))
    if not shards:
        return []
    try:
        from .shards import shard_rows
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{shards[0]} needs {error.name}, which is not installed: "
            f"pip install -r requirements-distributed.txt"
        ) from error
    return [row for shard in shards for row in shard_rows(shard)]
