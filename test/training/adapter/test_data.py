# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.folder_data import write_folder_data
from llmseg_core import Proposals
from llmseg_core.images.clip_pixels import clip_input
from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.vlm.llava_vlm import LlavaPixels
from llmseg_core.vlm.prompts import ANSWERS, CLASS_QUESTIONS, QUESTIONS
from llmseg_training.adapter.data import (
    AdapterDataset,
    InputSizes,
    spoken_question,
)
from llmseg_training.data import BrokenPolicy, DataQuestion, QuestionKind, open_data
from llmseg_training.data.draws import SampleDraws
from llmseg_training.learning.batch import collate_proposals

SIZES = InputSizes(feature_size=(4, 4), pooling_size=16, vlm=LlavaPixels(28, "pad"))


def quarters(image: np.ndarray) -> Proposals:
    """The left half and the whole of an image."""
    masks = torch.ones(2, *image.shape[:2], dtype=torch.bool)
    masks[0, :, image.shape[1] // 2 :] = False
    return Proposals.from_masks(masks)


def no_proposals(image: np.ndarray) -> Proposals:
    return Proposals.empty((image.shape[0], image.shape[1]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder_data(tmp_path_factory.mktemp("data") / "six", 6)


def dataset(folder: Path, questions: int = 3, **options: object) -> AdapterDataset:
    draws = SampleDraws(open_data(folder), questions, BrokenPolicy.SKIP)
    return AdapterDataset(draws, quarters, SIZES, 40, **options)


def asked(kind: QuestionKind, seeds: Sequence[int] = range(40)) -> set[str]:
    question = DataQuestion(" the {odd} cup ", kind, np.ones((1, 1), bool))
    return {spoken_question(question, np.random.default_rng(seed)) for seed in seeds}


def test_every_kind_of_question_has_its_templates() -> None:
    whole = {template.format(instruction="the {odd} cup") for template in QUESTIONS}
    around = {template.format(name="the {odd} cup") for template in CLASS_QUESTIONS}
    assert asked(QuestionKind.INSTRUCTION) == whole
    assert asked(QuestionKind.PHRASE) == asked(QuestionKind.CATEGORY) == around


def test_a_sample_is_what_image_proposals_and_masks_say(folder: Path) -> None:
    data = open_data(folder)
    texts = {data[index].image.tobytes(): data[index] for index in range(len(data))}
    sample = dataset(folder, bare_questions=True)[3]
    source = texts[sample.image.tobytes()]
    proposals = quarters(source.image)
    assert set(sample.questions) <= {question.text for question in source.questions}
    for row, text in enumerate(sample.questions):
        (question,) = [each for each in source.questions if each.text == text]
        target = torch.from_numpy(question.mask)[None]
        iop = (proposals.masks & target).sum((1, 2)) / proposals.masks.sum((1, 2))
        assert torch.allclose(sample.target_iou[row], pairwise_iou(proposals.masks, target)[:, 0])
        assert torch.allclose(sample.target_iop[row], iop)
    assert torch.equal(sample.pixel_values, clip_input(source.image, 28, "pad"))
    assert sample.boxes_rel.tolist() == [[0.25, 0.5, 0.5, 1], [0.5, 0.5, 1, 1]]
    assert sample.weights.shape == (2, 16)


def test_draws_depend_on_seed_and_index_alone(folder: Path) -> None:
    one, other = dataset(folder), dataset(folder)
    for index in (0, 7, 39):
        first, again = one[index], other[index]
        assert first.questions == again.questions
        assert first.answers == again.answers
        assert np.array_equal(first.image, again.image)
    differing = dataset(folder, seed=1)
    assert [one[i].questions for i in range(9)] != [differing[i].questions for i in range(9)]


def test_images_questions_and_answers_vary(folder: Path) -> None:
    samples = [dataset(folder, questions=1)[index] for index in range(40)]
    assert len({sample.image.tobytes() for sample in samples}) == 6
    assert {len(sample.questions) for sample in samples} == {1}
    assert {sample.answers[0] for sample in samples} == set(ANSWERS)


def test_a_batch_is_padded_and_knows_the_image_of_each_question(folder: Path) -> None:
    full = dataset(folder)[0]
    draws = SampleDraws(open_data(folder))
    empty = AdapterDataset(draws, no_proposals, SIZES, 40)[1]
    batch = collate_proposals([full, empty])
    assert batch.valid.tolist() == [[True, True], [False, False]]
    assert batch.image_index.tolist() == [0] * len(full.questions) + [1] * len(empty.questions)
    assert batch.questions == full.questions + empty.questions
    assert torch.equal(batch.weights[0], full.weights)
    assert not batch.weights[1].any()
    assert not batch.target_iou[len(full.questions) :].any()
    assert np.array_equal(batch.images[1], empty.image)
    assert batch.features is None


def test_broken_samples_are_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder_data(tmp_path / "two", 2)
    (folder / "images" / "picture_0.png").unlink()
    data = dataset(folder)
    good = open_data(folder).image(1)
    assert all(np.array_equal(data[index].image, good) for index in range(6))
    assert capsys.readouterr().err.count("left out: two: sample 'picture_0'") == 1
