# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.folder_data import write_folder_data
from llmseg_core import Proposals
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_training.data import BrokenSampleError, open_data
from llmseg_training.proposals.cache import CachedProposals
from llmseg_training.proposals.write import write_proposals
from llmseg_training.scenes import SceneFolder


@pytest.fixture(scope="module")
def generator(parts: ModelParts) -> SamProposalGenerator:
    return SamProposalGenerator(parts.sam, parts.config.proposals)


class Pictures:
    """Images of one colour each; where the name says so, one that cannot be read."""

    def __init__(self, *names: str) -> None:
        self.name = "pictures"
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    def sample_name(self, index: int) -> str:
        return self.names[index]

    def image(self, index: int) -> np.ndarray:
        if "broken" in self.names[index]:
            raise BrokenSampleError("pictures", self.names[index], "the image is missing")
        return np.full((4, 6, 3), index, dtype=np.uint8)


def left_pixels(image: np.ndarray) -> Proposals:
    """As many pixels of the first row as the image's colour says, and one more."""
    masks = torch.zeros(1, *image.shape[:2], dtype=torch.bool)
    masks[0, 0, : 1 + int(image[0, 0, 0])] = True
    return Proposals.from_masks(masks)


def stored_names(folder: Path) -> list[str]:
    return sorted(path.name.split(".")[0] for path in folder.glob("*.json"))


def assert_same(stored: Proposals, fresh: Proposals) -> None:
    for spec in fields(Proposals)[:-1]:
        assert torch.equal(getattr(stored, spec.name), getattr(fresh, spec.name)), spec.name
    assert stored.image_size == fresh.image_size


def test_proposals_of_a_shrunk_image_keep_their_size(tmp_path: Path) -> None:
    def quarter(image: np.ndarray) -> Proposals:
        found = Proposals.from_masks(torch.ones((1, 3, 4), dtype=torch.bool))
        return replace(found, image_size=(image.shape[0], image.shape[1]))

    data = Pictures("a")
    write_proposals(quarter, data, tmp_path)
    stored = CachedProposals(tmp_path)["a"]
    assert stored.masks.shape == (1, 3, 4)
    assert_same(stored, quarter(data.image(0)))


def test_stored_proposals_are_what_the_generator_gave(
    scenes: SceneFolder, generator: SamProposalGenerator, tmp_path: Path
) -> None:
    assert write_proposals(generator, scenes, tmp_path / "new", [0, 2]) == 2
    stored = CachedProposals(tmp_path / "new")
    for index in (0, 2):
        fresh = generator(scenes.image(index))
        assert len(fresh) > 0
        assert_same(stored[f"{index:06d}"], fresh)
        assert_same(stored(scenes.image(index)), fresh)  # in the place of the generator
    assert [f"{index:06d}" in stored for index in range(4)] == [True, False, True, False]
    assert stored_names(tmp_path / "new") == ["000000", "000002"]


def test_no_proposals_are_a_result_too(
    parts: ModelParts, scenes: SceneFolder, tmp_path: Path
) -> None:
    strict = replace(parts.config.proposals, pred_iou_thresh=1000.0)
    write_proposals(SamProposalGenerator(parts.sam, strict), scenes, tmp_path, [1])
    stored = CachedProposals(tmp_path)(scenes.image(1))
    assert len(stored) == 0
    assert stored.image_size == (72, 96)


def test_finished_files_are_kept(tmp_path: Path) -> None:
    data = Pictures("first", "second")
    write_proposals(left_pixels, data, tmp_path, [0])
    (first,) = tmp_path.iterdir()
    first.write_text('{"kept": "as it is"}')
    assert write_proposals(left_pixels, data, tmp_path) == 1
    assert first.read_text() == '{"kept": "as it is"}'
    assert_same(CachedProposals(tmp_path)["second"], left_pixels(data.image(1)))


def test_an_interruption_leaves_whole_files_only(tmp_path: Path) -> None:
    data = Pictures("a", "b", "c")

    def interrupted(image: np.ndarray) -> Proposals:
        if image.any():
            raise KeyboardInterrupt
        return left_pixels(image)

    with pytest.raises(KeyboardInterrupt):
        write_proposals(interrupted, data, tmp_path)
    assert stored_names(tmp_path) == ["a"]
    assert len(list(tmp_path.iterdir())) == 1
    write_proposals(left_pixels, data, tmp_path)
    assert_same(CachedProposals(tmp_path)["c"], left_pixels(data.image(2)))


def test_files_by_number_alone_are_read_too(tmp_path: Path) -> None:
    """Caches of rendered scenes were written without digests before."""
    data = Pictures("000007")
    write_proposals(left_pixels, data, tmp_path)
    (file,) = tmp_path.iterdir()
    file.rename(tmp_path / "000007.json")
    stored = CachedProposals(tmp_path)
    assert_same(stored["000007"], left_pixels(data.image(0)))
    assert write_proposals(left_pixels, data, tmp_path) == 0


@pytest.mark.parametrize(
    "name", ["val/image 7", "../outside", ".hidden", "50 % 🙂?.jpg", "a.0123456789abcdef"]
)
def test_any_name_stays_within_the_folder_and_is_found(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "cache"
    write_proposals(left_pixels, Pictures(name), folder)
    assert name in CachedProposals(folder)
    assert [path for path in tmp_path.rglob("*.json") if folder not in path.parents] == []


@pytest.mark.parametrize("name", ["", "/absolute", "a//b"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="empty part"):
        write_proposals(left_pixels, Pictures(name), tmp_path)


def test_another_image_has_no_proposals(tmp_path: Path) -> None:
    data = Pictures("one", "two")
    write_proposals(left_pixels, data, tmp_path, [0])
    stored = CachedProposals(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"6 x 4 pixels among its 1.*llmseg proposals"):
        stored(data.image(1))
    with pytest.raises(FileNotFoundError, match=r"'two' among its 1.*llmseg proposals"):
        stored["two"]
    with pytest.raises(FileNotFoundError):
        stored(data.image(0).reshape(6, 4, 3))


def test_broken_samples_end_the_work_or_are_told_and_left_out(tmp_path: Path) -> None:
    data = Pictures("one", "broken", "three")
    with pytest.raises(BrokenSampleError, match="broken"):
        write_proposals(left_pixels, data, tmp_path)
    told: list[BrokenSampleError] = []
    assert write_proposals(left_pixels, data, tmp_path, on_broken=told.append) == 1
    assert [error.sample for error in told] == ["broken"]
    assert stored_names(tmp_path) == ["one", "three"]


def test_proposals_of_other_settings_do_not_mix(parts: ModelParts, tmp_path: Path) -> None:
    config = parts.config.proposals
    pictures = Pictures("one")
    write_proposals(left_pixels, pictures, tmp_path, config=config)
    write_proposals(left_pixels, pictures, tmp_path, config=config)
    CachedProposals(tmp_path, replace(config, points_per_batch=7))  # only a matter of speed
    finer = replace(config, points_per_side=9)
    with pytest.raises(ValueError, match="points_per_side 3, not 9"):
        write_proposals(left_pixels, Pictures("two"), tmp_path, config=finer)
    with pytest.raises(ValueError, match="points_per_side 3, not 9"):
        CachedProposals(tmp_path, finer)
    pictures.name = "paintings"  # whose samples may have the same names
    with pytest.raises(ValueError, match="data pictures, not paintings"):
        write_proposals(left_pixels, pictures, tmp_path, config=config)


@pytest.mark.parametrize("text", ["", "- data", "data: [", "data: a\ndata: b"])
def test_settings_that_cannot_be_read_are_named(
    parts: ModelParts, tmp_path: Path, text: str
) -> None:
    (tmp_path / "proposals.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"proposals\.yaml is ") as raised:
        CachedProposals(tmp_path, parts.config.proposals)
    assert "\n" not in str(raised.value)


def test_masks_are_stored_as_coco_rle(tmp_path: Path) -> None:
    write_proposals(left_pixels, Pictures("one"), tmp_path)
    (file,) = tmp_path.glob("*.json")
    plain = json.loads(file.read_text())
    assert plain["size"] == [4, 6]
    assert plain["rle"] == ["01g0"]  # columns first: no pixel outside, one inside, 23 outside


def test_an_image_that_was_replaced_is_proposed_for_again(tmp_path: Path) -> None:
    """A file that is only newer is not."""
    data, folder = open_data(write_folder_data(tmp_path / "data", 2)), tmp_path / "cache"
    assert write_proposals(left_pixels, data, folder) == 2
    assert write_proposals(left_pixels, data, folder) == 0
    first, second = (tmp_path / f"data/images/picture_{number}.png" for number in range(2))
    time.sleep(0.02)
    first.touch()
    assert write_proposals(left_pixels, data, folder) == 0
    first.write_bytes(second.read_bytes())
    assert write_proposals(left_pixels, data, folder) == 1
    stored = CachedProposals(folder)
    assert len(list(folder.glob("picture_*.json"))) == len(stored) == 2
    assert_same(stored(data.image(0)), left_pixels(data.image(0)))
    assert write_proposals(left_pixels, data, folder) == 0


def test_a_file_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    data = Pictures("a", "b")
    write_proposals(left_pixels, data, tmp_path)
    file = next(tmp_path.glob("a.*.json"))
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"a\..*json holds no proposals"):
        CachedProposals(tmp_path)["a"]
    assert write_proposals(left_pixels, data, tmp_path) == 1
    assert_same(CachedProposals(tmp_path)["a"], left_pixels(data.image(0)))


def test_long_names_are_cut_and_stay_apart(tmp_path: Path) -> None:
    """26 letters of Chinese are 234 bytes where others than ASCII are written as %E6."""
    names = ("杯" * 26, "杯" * 80 + "a", "杯" * 80 + "b")
    data = Pictures(*names)
    write_proposals(left_pixels, data, tmp_path)
    stored = CachedProposals(tmp_path)
    for index, name in enumerate(names):
        assert name in stored
        assert_same(stored[name], left_pixels(data.image(index)))
    assert write_proposals(left_pixels, data, tmp_path) == 0
