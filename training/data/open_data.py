# SPDX-License-Identifier: Apache-2.0
"""How a command line or a YAML file names a data set.

    KIND:PATH           reason_seg has splits, the folder format has none, coco may go without
    KIND:PATH:SPLIT     reason_seg:/data/lisa:val
    PATH                our own folder format, same as folder:PATH
    mixture:ROOT:NAME   a mixture; its data sets are looked for below ROOT
    scenes:PATH:SPLIT   rendered scenes

PATH is the data set's own folder, or the folder that holds all data sets in LISA's arrangement;
each reader's docstring says what it looks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .ade20k import ADE20K_SPLITS, Ade20kData
from .coco import CocoData
from .coco_stuff import COCO_STUFF_SPLITS, CocoStuffData
from .folder import FolderData
from .image_data import ImageData
from .llm_seg40k import LLM_SEG40K_SPLITS, LLMSeg40KData
from .mapillary import MAPILLARY_SPLITS, MapillaryData
from .mixture import Mixture, MixtureGroup
from .mixture_recipe import load_mixture_recipe
from .paco_lvis import PACO_SPLITS, PacoLvisData
from .pascal_part import PASCAL_PART_SPLITS, PascalPartData
from .reason_seg import REASON_SEG_SPLITS, ReasonSegData
from .refer import REFER_SPLITS, ReferData
from .released import OUR_READING, ReleasedReading
from .scene_data import SCENE_SPLITS, SceneData, scene_phrasings
from .web_dataset import WebDatasetData

__all__ = ["DATA_KINDS", "DataKind", "data_place", "open_data"]


@dataclass(frozen=True)
class DataKind:
    """A kind of data set that can be named.

    Attributes:
        splits: what must stand after the path, one of these; nothing if empty; None for anything.
        optional: whether nothing may stand there, too.
        open: makes the reader of a path and a split, with the switches of the released reading
            that it has.
    """

    splits: tuple[str, ...] | None
    open: Callable[[Path, str, ReleasedReading], ImageData]
    optional: bool = False


def _refer(dataset: str) -> DataKind:
    authors = REFER_SPLITS[dataset]
    first = next(iter(authors))
    splits = [
        part if author == first else f"{author}/{part}"
        for author, parts in authors.items()
        for part in parts
    ]
    return DataKind(
        tuple(splits), lambda path, split, reading: ReferData(path, dataset, split, reading)
    )


def _scenes(path: Path, split: str, reading: ReleasedReading) -> SceneData:
    return SceneData(path, *scene_phrasings(split))


def _mixture(root: Path, recipe: str, reading: ReleasedReading) -> Mixture:
    groups = [
        MixtureGroup(
            name,
            group.rate,
            tuple(open_data(each, root, reading) for each in group.data),
        )
        for name, group in load_mixture_recipe(recipe).groups.items()
    ]
    return Mixture(Path(recipe).stem, groups)


DATA_KINDS: dict[str, DataKind] = {
    "folder": DataKind((), lambda path, split, reading: FolderData(path)),
    "coco": DataKind(None, CocoData, optional=True),
    "reason_seg": DataKind(
        REASON_SEG_SPLITS, lambda path, split, reading: ReasonSegData(path, split)
    ),
    "llm_seg40k": DataKind(LLM_SEG40K_SPLITS, LLMSeg40KData),
    **{dataset: _refer(dataset) for dataset in REFER_SPLITS},
    "ade20k": DataKind(ADE20K_SPLITS, Ade20kData),
    "coco_stuff": DataKind(COCO_STUFF_SPLITS, CocoStuffData),
    "paco_lvis": DataKind(PACO_SPLITS, PacoLvisData),
    "pascal_part": DataKind(PASCAL_PART_SPLITS, PascalPartData),
    "mapillary": DataKind(MAPILLARY_SPLITS, MapillaryData),
    "scenes": DataKind(SCENE_SPLITS, _scenes),
    "webdataset": DataKind((), lambda path, split, reading: WebDatasetData(path)),
    "mixture": DataKind(None, _mixture),
}
"""All kinds, by the name that stands first."""


def open_data(
    spec: str | Path, root: Path | None = None, reading: ReleasedReading = OUR_READING
) -> ImageData:
    """Open the data set that `spec` names.

    Args:
        spec: KIND:PATH, KIND:PATH:SPLIT or PATH.
        root: where a relative PATH begins; the working directory if None.
        reading: what is read as the released training reads it; of a mixture, in all of its data
            sets that know the switch.

    Raises:
        ValueError: for an unknown kind or split, quoting it and saying what is known.
        FileNotFoundError: if the data set's files are not where they should be.
    """
    kind, place, split = data_place(spec, root)
    return DATA_KINDS[kind].open(place, split, reading)


def data_place(spec: str | Path, root: Path | None = None) -> tuple[str, Path, str]:
    """Kind, path and split of a data set that need not be there; see `open_data`."""
    kind, path, split = _parts(str(spec))
    known = DATA_KINDS[kind]
    if known.splits and split not in known.splits:
        raise ValueError(
            f"{str(spec)!r}: the split is {split!r}, it must be one of {', '.join(known.splits)}"
        )
    if known.splits is None and not split and not known.optional:
        raise ValueError(f"{str(spec)!r} must be {kind}:ROOT:NAME")
    place = Path(path).expanduser()
    return kind, root / place if root else place, split


def _parts(spec: str) -> tuple[str, str, str]:
    """Kind, path and split."""
    kind, colon, rest = spec.partition(":")
    if not colon or Path(spec).expanduser().exists():
        return "folder", spec, ""
    if kind not in DATA_KINDS:
        raise ValueError(
            f"{spec!r}: {kind!r} is no kind of data set, it must be one of "
            f"{', '.join(DATA_KINDS)}; or give the path of a folder in our own format"
        )
    if DATA_KINDS[kind].splits == ():
        return kind, rest, ""
    if DATA_KINDS[kind].optional and Path(rest).expanduser().exists():
        return kind, rest, ""
    path, _, split = rest.rpartition(":")
    return (kind, path, split) if path else (kind, rest, "")
