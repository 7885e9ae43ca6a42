# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.folder_data import COLOURS, write_folder_data
from helpers.tiny_model import tiny_dinov2
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.images.image_files import write_image
from llmseg_training.data import encode_mask, open_data
from llmseg_training.embedded.word_data import (
    SpokenInstances,
    WordDataset,
    WordSample,
    collate_words,
    words_in,
)


def spoken(folder: Path, images: int = 6) -> SpokenInstances:
    return SpokenInstances(open_data(str(write_folder_data(folder, images))))


def test_words_have_neither_capitals_nor_signs() -> None:
    assert words_in(["Hand me the Café's MUG, no. 2!", ""]) == {
        *("hand", "me", "the", "café", "s", "mug", "no"),
    }


def test_what_is_said_of_everything_tells_nothing(tmp_path: Path) -> None:
    """Of "the red thing" only "red" tells one thing from another."""
    found = spoken(tmp_path)
    assert set(found.vocabulary) == set(COLOURS)
    for place in range(len(found)):
        one = found[place]
        for number in (1, 2):
            mean = one.image[one.instances == number].mean(0)
            name = min(COLOURS, key=lambda each: np.abs(np.array(COLOURS[each]) - mean).sum())
            wanted = [float(word == name) for word in found.vocabulary] + [0.0]
            assert one.words[number].tolist() == wanted
        assert one.words[0].tolist() == [0.0, 0.0, 0.0, 1.0]
        assert not one.words[3:].any()


def masks(*boxes: tuple[int, int]) -> np.ndarray:
    mask = np.zeros((20, 80), dtype=bool)
    for left, right in boxes:
        mask[4:16, left:right] = True
    return mask


def test_shares_rarity_and_questions_that_mean_several(tmp_path: Path) -> None:
    """A word counts by how many of a thing's questions have it, and by how rare it is.

    The first bowl is asked for by "bowl" and by "far left bowl", which counts a quarter as much.
    """
    one, two, three = (0, 20), (30, 50), (55, 75)
    asked = [
        ("bowl", masks(one, two)),
        ("far left bowl", masks(one)),
        ("plate", masks(three)),
        ("a cup", np.zeros((20, 80), dtype=bool)),
    ]
    lines = []
    for number in range(3):
        write_image(tmp_path / f"{number}.png", np.zeros((20, 80, 3), np.uint8))
        questions = [{"text": text, "mask": encode_mask(mask)} for text, mask in asked]
        for question, (text, _) in zip(questions, asked, strict=True):
            question["kind"] = "phrase"
            assert text
        # the second bowl has a question of its own, so that it is a thing
        questions.append({"text": "bowl", "kind": "phrase", "mask": encode_mask(masks(two))})
        lines.append(json.dumps({"image": f"{number}.png", "questions": questions}))
    (tmp_path / "samples.jsonl").write_text("\n".join(lines))
    found = SpokenInstances(open_data(str(tmp_path)))
    assert found.vocabulary == ("bowl", "far", "left", "plate")  # said of 6, 3, 3 and 3 of 9 things
    example = found[0]
    row = example.words[example.instances[10, 10]]
    bowl, left = np.log(9 / 6), (1 / 5) ** 2 * np.log(9 / 3)
    both = np.array([bowl, left, left, 0, 0]) / (bowl + 2 * left)
    assert row == pytest.approx(both, abs=1e-6)
    assert example.words[example.instances[10, 40]].tolist() == [1, 0, 0, 0, 0]
    assert example.words[example.instances[10, 60]].tolist() == [0, 0, 0, 1, 0]


def test_data_that_tells_nothing_apart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"says no word of at least 3 things .* all 2"):
        spoken(tmp_path, images=1)


def sample(folder: Path, index: int = 0, seed: int = 0) -> WordSample:
    encoder = Dinov2Encoder(tiny_dinov2(), 56)
    return WordDataset(spoken(folder), encoder, 16, seed)[index]


def test_a_sample_is_of_one_image(tmp_path: Path) -> None:
    found = sample(tmp_path)
    things = len(found.words)
    cells = len(found.owners)
    assert (things, found.words.shape[1]) == (3, len(COLOURS) + 1)
    assert found.weights.shape == (things, cells)
    assert set(found.owners.unique().tolist()) <= {-100, 0, 1, 2}
    assert found.order.sort().values.equal(torch.arange(cells))
    of_things = found.geometry[found.owners > 0]  # the background has number 0
    assert bool(of_things.isfinite().all())
    assert bool(found.geometry[found.owners <= 0].isnan().all())
    again = sample(tmp_path)
    assert all(
        torch.equal(getattr(found, name), getattr(again, name))
        for name in ("pixel_values", "owners", "order", "weights", "words")
    )


def test_things_of_a_batch_stand_in_one_row(tmp_path: Path) -> None:
    samples = [sample(tmp_path, index) for index in (0, 1)]
    batch = collate_words(samples)
    counts = [len(each.words) for each in samples]
    assert batch.image_index.tolist() == [0] * counts[0] + [1] * counts[1]
    owned = samples[1].owners >= 0
    assert batch.owners[0].equal(samples[0].owners)
    assert batch.owners[1][owned].equal(samples[1].owners[owned] + counts[0])
    assert bool((batch.owners[1][~owned] == -100).all())
    assert batch.words[counts[0] :].equal(samples[1].words)
