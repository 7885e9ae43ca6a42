# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.generate_place import image_of
from llmseg_training.generate.sources.picture_hash import ALIKE_BITS, AlikePictures, picture_hash
from llmseg_training.generate.sources.sampling import (
    RegionRules,
    Stratum,
    candidates,
    usable_regions,
)
from llmseg_training.generate.sources.source_image import ImageSource, Origin, SourceImage


class Counted(ImageSource):
    """Images with so many categories each; image 3 i + k is frame i of video k if it has videos."""

    def __init__(self, counts: list[int], videos: bool = False) -> None:
        super().__init__("counted", Origin.OTHER)
        self.counts, self.videos = counts, videos

    def __len__(self) -> int:
        return len(self.counts)

    def image_name(self, index: int) -> str:
        return str(index)

    def usable_categories(self, index: int) -> frozenset[str]:
        return frozenset(map(str, range(self.counts[index])))

    def video(self, index: int) -> str:
        return f"video {index % 3}" if self.videos else ""

    def __getitem__(self, index: int) -> SourceImage:
        raise AssertionError("no image is read to choose it")


def test_strata_share_the_images_by_categories() -> None:
    """The paper's simple images have 2 to 5 categories, its complex ones 6 and more."""
    source = Counted(list(range(10)))
    simple = Stratum("x", least_categories=2, most_categories=5)
    found = list(candidates(source, simple, 0))
    assert sorted(found) == [2, 3, 4, 5]
    assert sorted(candidates(source, Stratum("x", least_categories=6), 0)) == [6, 7, 8, 9]
    assert sorted(candidates(source, Stratum("x"), 0)) == list(range(10))
    assert list(candidates(source, simple, 0)) == found
    assert any(list(candidates(source, simple, seed)) != found for seed in range(1, 5))


def test_one_frame_of_each_video_before_a_second_one() -> None:
    source = Counted([5] * 12, videos=True)
    videos = [each % 3 for each in candidates(source, Stratum("x"), 3)]
    assert [sorted(videos[start : start + 3]) for start in range(0, 12, 3)] == [[0, 1, 2]] * 4
    assert len(list(candidates(source, Stratum("x", frames_a_video=2), 3))) == 6


def test_regions_that_can_be_asked_about(tmp_path: Path) -> None:
    image = image_of(
        tmp_path,
        ("mug", (0, 0, 20, 20)),
        ("mug", (30, 30, 31, 32)),  # tiny, but the mugs are asked about together
        ("pin", (40, 40, 41, 42)),
        ("book", (0, 30, 20, 60)),
    )
    regions = list(image.regions)
    regions[3] = replace(regions[3], exhaustive=False)
    kept, reasons = usable_regions(image.with_regions(tuple(regions)), RegionRules())
    assert [each.category for each in kept] == ["mug", "mug"]
    assert reasons == {"tiny": 1, "not_exhaustive": 1}


def test_the_largest_categories_stay_whole(tmp_path: Path) -> None:
    image = image_of(
        tmp_path,
        ("mug", (0, 0, 10, 10)),
        ("plate", (0, 20, 20, 50)),
        ("mug", (20, 0, 30, 10)),
        ("book", (30, 20, 48, 60)),
    )
    kept, reasons = usable_regions(image, RegionRules(most_regions=3))
    assert [each.category for each in kept] == ["plate", "book"]  # no room for both mugs
    assert reasons == {"too_many": 2}


@pytest.mark.parametrize(
    "settings", [{"images": 0}, {"least_categories": 5, "most_categories": 2}, {"data": " "}]
)
def test_strata_that_make_no_sense(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Stratum(**{"data": "x", **settings})  # type: ignore[arg-type]


def photo(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (6, 8, 3), dtype=np.uint8).repeat(20, 0).repeat(20, 1)


def test_hashes_of_like_and_unlike_pictures() -> None:
    one = picture_hash(photo(1))
    brighter = (photo(1) * 0.8 + 20).astype(np.uint8)
    smaller = np.ascontiguousarray(photo(1)[::2, ::2])
    noisy = photo(1).astype(int) + np.random.default_rng(0).integers(-6, 7, photo(1).shape)
    for other in (brighter, smaller, noisy.clip(0, 255).astype(np.uint8)):
        assert (one ^ picture_hash(other)).bit_count() <= ALIKE_BITS
    others = [(one ^ picture_hash(photo(seed))).bit_count() for seed in range(2, 40)]
    assert min(others) > 10


def test_alike_pictures_are_found_as_by_comparing_all() -> None:
    rng = np.random.default_rng(0)
    hashes = [int(value) for value in rng.integers(0, 2**63, 50)]
    seen = AlikePictures((value, str(place)) for place, value in enumerate(hashes))
    for place, value in enumerate(hashes):
        for bits in (0, 6, 7):
            flipped = value
            for bit in rng.permutation(64)[:bits]:
                flipped ^= 1 << int(bit)
            expected = str(place) if bits <= 6 else None
            assert seen.like(flipped) == expected
