# SPDX-License-Identifier: Apache-2.0
"""Images with regions from our folder format and rendered scenes, and images without any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from llmseg_core.images.image_files import images_in, opened_image

from ...data.folder import FolderData
from ...data.segmentation_data import DataQuestion, QuestionKind
from ...questions.nouns import CATEGORY_NOUNS
from ...scenes import SceneFolder
from .source_image import ImageSource, Origin, Region, SourceImage, box_of, spoken

__all__ = ["BareSource", "FolderSource", "SceneSource"]


class FolderSource(ImageSource):
    """Our folder format: each mask that a question means is a region, once.

    Its category is the question's, or the text of one of the kind "category"; "" if neither is
    there.
    """

    def __init__(self, root: Path) -> None:
        self.data = FolderData(root)
        super().__init__(f"folder/{self.data.name}", Origin.OTHER)

    def __len__(self) -> int:
        return len(self.data)

    def image_name(self, index: int) -> str:
        """The sample's name, without folders."""
        return self.data.sample_name(index).replace("/", "__")

    def usable_categories(self, index: int) -> frozenset[str]:
        """See `ImageSource`; the annotation is read for it."""
        return frozenset(self[index].categories)

    def __getitem__(self, index: int) -> SourceImage:
        """See `ImageSource`."""
        sample = self.data[index]
        regions: dict[bytes, Region] = {}
        for question in sample.questions:
            if question.mask.any():
                known = regions.get(key := np.packbits(question.mask).tobytes())
                category = _category(question) or (known.category if known else "")
                regions[key] = Region(category, box_of(question.mask), question.mask)
        return SourceImage(
            name=self.image_name(index),
            origin=self.origin,
            source=self.name,
            file=self.data.image_file(index),
            size=(sample.image.shape[0], sample.image.shape[1]),
            regions=tuple(regions.values()),
        )


class SceneSource(ImageSource):
    """Rendered scenes: what is in them is known without doubt, so that filters can be measured."""

    def __init__(self, root: Path, split: str) -> None:
        other = {
            name: tuple(
                dict.fromkeys(form for noun in nouns for form in (noun.singular, noun.plural))
            )
            for name, nouns in CATEGORY_NOUNS.items()
        }
        super().__init__(f"scenes/{split}", Origin.OTHER, other)
        self.scenes = SceneFolder(root / split)

    def __len__(self) -> int:
        return len(self.scenes)

    def image_name(self, index: int) -> str:
        """The scene's number."""
        return self.scenes.sample_name(index)

    def usable_categories(self, index: int) -> frozenset[str]:
        """See `ImageSource`."""
        return frozenset(each.category for each in self.scenes.objects(index))

    def __getitem__(self, index: int) -> SourceImage:
        """See `ImageSource`."""
        instances = self.scenes.instances(index)
        regions = []
        for item in self.scenes.objects(index):
            mask = instances == item.id
            regions.append(Region(item.category, box_of(mask), mask))
        present = {each.category for each in regions}
        return SourceImage(
            name=self.image_name(index),
            origin=self.origin,
            source=self.name,
            file=self.scenes.image_file(index),
            size=(int(instances.shape[0]), int(instances.shape[1])),
            regions=tuple(regions),
            absent=tuple(name for name in CATEGORY_NOUNS if name not in present),
        )


class BareSource(ImageSource):
    """Images that nobody annotated, as `llmseg data frames` writes them: SAM finds the regions.

    Args:
        root: a folder of images, or one with `images` in it; all are taken for frames of one video
            if their names are times, as `data frames` names them.
    """

    def __init__(self, root: Path) -> None:
        folder = root / "images" if (root / "images").is_dir() else root
        if not folder.is_dir():
            raise FileNotFoundError(f"{root} is no folder of images")
        self.files: Sequence[Path] = images_in(folder)
        if not self.files:
            raise FileNotFoundError(f"{folder} has no image")
        name = root.resolve().name
        super().__init__(f"images/{name}", Origin.OTHER)
        timed = all(path.stem.isdecimal() and len(path.stem) > 12 for path in self.files)
        self._video = name if timed else ""

    def __len__(self) -> int:
        return len(self.files)

    def image_name(self, index: int) -> str:
        """The name of its file without suffix."""
        return self.files[index].stem

    def usable_categories(self, index: int) -> frozenset[str]:
        """Nobody knows."""
        return frozenset()

    def video(self, index: int) -> str:
        """The recording, if it is one."""
        return self._video

    def __getitem__(self, index: int) -> SourceImage:
        """See `ImageSource`; there is no region yet."""
        with opened_image(self.files[index]) as image:
            size = image.height, image.width
            if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
                size = size[::-1]
        name, file = self.image_name(index), self.files[index]
        return SourceImage(name, self.origin, self.name, file, size, (), self._video)


def _category(question: DataQuestion) -> str:
    if question.category:
        return spoken(question.category)
    return spoken(question.text) if question.kind is QuestionKind.CATEGORY else ""
