# SPDX-License-Identifier: Apache-2.0
"""How a recipe names a source of images: KIND:PATH:SPLIT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .coco_source import coco_source, ego_objects_source, lvis_source
from .other_sources import BareSource, FolderSource, SceneSource
from .source_image import ImageSource
from .visor_source import visor_source

__all__ = ["SOURCE_KINDS", "open_source"]


@dataclass(frozen=True)
class SourceKind:
    """A kind of source.

    Attributes:
        splits: what may stand after the path; nothing if empty, anything or nothing if None.
        open: makes it of a path and a split.
    """

    splits: tuple[str, ...] | None
    open: Callable[[Path, str], ImageSource]


SOURCE_KINDS: dict[str, SourceKind] = {
    "lvis": SourceKind(("train", "val"), lvis_source),
    "ego_objects": SourceKind(("train", "eval"), ego_objects_source),
    "coco": SourceKind(None, coco_source),
    "visor": SourceKind(("train", "val"), visor_source),
    "folder": SourceKind((), lambda path, _: FolderSource(path)),
    "scenes": SourceKind(("train", "val", "test"), SceneSource),
    "images": SourceKind((), lambda path, _: BareSource(path)),
}


def open_source(spec: str) -> ImageSource:
    """Open what a recipe names, such as lvis:datasets/lvis:train or images:frames.

    Raises:
        ValueError: for an unknown kind or split, quoting it and saying what is known.
        FileNotFoundError: if files are not where they should be.
    """
    kind, colon, rest = spec.partition(":")
    if not colon or kind not in SOURCE_KINDS:
        raise ValueError(
            f"the source is {spec!r}, it must be KIND:PATH or KIND:PATH:SPLIT with a KIND of "
            f"{', '.join(SOURCE_KINDS)}"
        )
    known = SOURCE_KINDS[kind]
    if known.splits == () or (known.splits is None and Path(rest).expanduser().exists()):
        return known.open(Path(rest).expanduser(), "")
    path, _, split = rest.rpartition(":")
    if known.splits is None:
        path, split = (path, split) if path else (split, "")
    elif split not in known.splits or not path:
        raise ValueError(
            f"{spec!r}: the split is {split!r}, it must be one of {', '.join(known.splits)}"
        )
    return known.open(Path(path).expanduser(), split)
