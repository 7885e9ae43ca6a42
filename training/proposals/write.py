# SPDX-License-Identifier: Apache-2.0
"""Proposals made one image after the other in this process, a file of JSON each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from llmseg_core.config import ProposalConfig
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.runtime.whole_file import write_whole

from ..data import BrokenSampleError, ImageData
from .cache import CachedProposals
from .made_with import SamInUse, keep_made_with
from .record import image_digest, proposals_record
from .stored_file import StoredFile, stored_file

__all__ = ["NamedImages", "image_to_propose_for", "unfinished", "write_proposals"]


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
    missing = unfinished(data, range(len(data)) if indices is None else indices, done)
    written = 0
    for index in tqdm(missing, desc="proposals", unit="image", disable=not show_progress):
        try:
            image = image_to_propose_for(data, index, skip_broken=on_broken is not None)
        except BrokenSampleError as error:
            if on_broken is None:
                raise
            on_broken(error)
            continue
        name, digest = data.sample_name(index), image_digest(image)
        path, before = stored_file(folder, name, digest), done.stored(name)
        if before is not None and before.digest == digest and before.is_whole():
            if before.path == path:
                os.utime(path)  # the file of the image is newer, what it shows is not
            continue
        write_whole(path, json.dumps(proposals_record(generator(image).to("cpu"))))
        if isinstance(before, StoredFile) and before.path != path:
            before.path.unlink(missing_ok=True)
        written += 1
    return written


def image_to_propose_for(data: NamedImages, index: int, skip_broken: bool) -> np.ndarray:
    """The (H, W, 3) uint8 RGB image of a sample.

    Where broken samples stop everything, an image without a question does not: no question is
    asked here. Where they are left out, they are the same ones everywhere.

    Raises:
        BrokenSampleError: if it cannot be used.
    """
    if skip_broken and isinstance(data, ImageData):
        return data.usable_image(index)
    return data.image(index)


def unfinished(data: NamedImages, wanted: Iterable[int], done: CachedProposals) -> list[int]:
    """The samples that have no proposals yet, or whose images are newer and must be looked at."""
    return [index for index in wanted if not _is_finished(data, index, done)]


def _is_finished(data: NamedImages, index: int, done: CachedProposals) -> bool:
    stored = done.stored(data.sample_name(index))
    if stored is None or not stored.is_whole():
        return False
    if not isinstance(data, ImageData):
        return True
    try:
        image = data.image_file(index).stat()
    except (OSError, ValueError, KeyError, TypeError):
        return True  # as before the image was lost
    return max(image.st_mtime, image.st_ctime) <= stored.path.stat().st_mtime
