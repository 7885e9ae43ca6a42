# SPDX-License-Identifier: Apache-2.0
"""Writes any data set in our own folder format; `folder.py` says what it looks like."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llmseg_core.images.image_files import write_image
from llmseg_core.images.run_lengths import encode_mask
from llmseg_core.runtime.folder_lock import locked
from llmseg_core.runtime.whole_file import to_disk, whole_file

from .folder import INDEX, FolderData
from .image_data import ImageData
from .names import check_name, fitting_path
from .plain_json import parse_json
from .readable import BrokenPolicy, ReadableSamples
from .segmentation_data import DataQuestion, DataSample, SegmentationData

__all__ = ["write_folder"]

_PARTIAL = f"{INDEX}.part"


def write_folder(
    data: SegmentationData,
    folder: str | Path,
    broken: BrokenPolicy = BrokenPolicy.FATAL,
    samples: int | None = None,
) -> ReadableSamples:
    """Export a data set to our own format.

    Image files are copied as they are; images of data without files are written as PNG. After an
    interruption the same call goes on where it stopped; `samples.jsonl` is there only when all
    samples are.

    Args:
        data: what to export.
        folder: new, or with an export of the same data set, which is completed.
        broken: what to do about samples that cannot be used.
        samples: only the first so many; None exports all.

    Returns:
        What was read now, with the broken samples.

    Raises:
        BrokenSampleError: if a broken sample is fatal.
        ValueError: if the folder holds samples that `data` has not.
        FolderInUseError: if another process writes the folder.
    """
    with locked(Path(folder)):
        count = len(data) if samples is None else min(samples, len(data))
        return _write(data, Path(folder), broken, range(count))


def _write(
    data: SegmentationData, folder: Path, broken: BrokenPolicy, wanted: range
) -> ReadableSamples:
    partial, index = folder / _PARTIAL, folder / INDEX
    written = _finished(index) if index.exists() else _kept(partial)
    names = [data.sample_name(position) for position in wanted]
    for name in sorted(written.difference(data.sample_name(place) for place in range(len(data)))):
        raise ValueError(
            f"{folder} has the sample {name!r}, which {data.name} has not: name a new folder"
        )
    missing = [position for position, name in enumerate(names) if name not in written]
    samples = ReadableSamples(data, broken, missing)
    if index.exists():
        if not missing:
            return samples
        index.replace(partial)
        with partial.open("a") as lines:
            lines.write("\n")  # the last line may have no end; empty ones do no harm
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with (
        partial.open("a", encoding="utf-8") as lines,
        tqdm(desc=data.name, total=len(names), initial=len(written), unit="image") as progress,
    ):
        for position, sample in samples.enumerate():
            image = _write_image(data, position, sample, folder)
            lines.write(json.dumps(_plain_sample(sample, image), ensure_ascii=False) + "\n")
            lines.flush()
            progress.update()
    to_disk(partial)
    partial.replace(index)
    return samples


def _finished(index: Path) -> set[str]:
    """Names of the samples of a folder that is whole, perhaps written by hand."""
    data = FolderData(index.parent)
    return {data.sample_name(position) for position in range(len(data))}


def _kept(path: Path) -> set[str]:
    """Names of the samples that a file has whole lines of; a line cut short is cut off."""
    if not path.exists():
        return set()
    whole, end, _ = path.read_bytes().rpartition(b"\n")
    with path.open("r+b") as lines:
        lines.truncate(len(whole + end))
    return {parse_json(line)["name"] for line in whole.splitlines() if line.strip()}


def _write_image(data: SegmentationData, position: int, sample: DataSample, folder: Path) -> str:
    """Store the image of a sample; returns its path in the folder."""
    source = data.image_file(position) if isinstance(data, ImageData) else None
    suffix = source.suffix if source else ".png"
    place = f"images/{fitting_path(check_name(sample.name), len(suffix.encode()))}{suffix}"
    if source:
        with whole_file(folder / place) as temporary:
            shutil.copyfile(source, temporary)
    else:
        write_image(folder / place, sample.image)
    return place


def _plain_sample(sample: DataSample, image: str) -> dict[str, Any]:
    questions = [_plain_question(question) for question in sample.questions]
    return {"name": sample.name, "image": image, "questions": questions}


def _plain_question(question: DataQuestion) -> dict[str, Any]:
    plain: dict[str, Any] = {"text": question.text, "kind": question.kind.value}
    if question.category:
        plain["category"] = question.category
    plain["mask"] = encode_mask(question.mask)
    if question.ignore is not None:
        plain["ignore"] = encode_mask(question.ignore)
    return plain
