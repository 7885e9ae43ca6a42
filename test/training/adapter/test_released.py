# SPDX-License-Identifier: Apache-2.0
"""The recipe's switches for what the released code does, each beside what happens without it."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch.nn import functional as F

from helpers.lisa_tree import write_lisa_tree
from llmseg_core import Proposals
from llmseg_core.vlm.llava_vlm import LlavaPixels
from llmseg_training.adapter.data import AdapterDataset, InputSizes, spoken_question
from llmseg_training.adapter.recipe import load_adapter_recipe
from llmseg_training.adapter.released import ReleasedSwitches
from llmseg_training.data import (
    BrokenPolicy,
    DataQuestion,
    QuestionKind,
    SampleDraws,
    open_data,
)
from llmseg_training.learning.batch import ProposalSample

ALL = ReleasedSwitches(**{spec.name: True for spec in fields(ReleasedSwitches)})
SIZES = InputSizes(feature_size=(8, 8), pooling_size=8, vlm=LlavaPixels(28, "crop"))
ROWS = slice(2, 14)
"""rows of the one proposal"""


def some_rows(image: np.ndarray) -> Proposals:
    masks = torch.zeros(1, *image.shape[:2], dtype=torch.bool)
    masks[:, ROWS] = True
    return Proposals.from_masks(masks)


def sample_of(spec: str, **switches: bool) -> ProposalSample:
    released = ReleasedSwitches(**switches)
    draws = SampleDraws(open_data(spec, reading=released), 9, BrokenPolicy.SKIP)
    return AdapterDataset(draws, some_rows, SIZES, 1, bare_questions=True, released=released)[0]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    write_lisa_tree(root)
    return root


def asked(kind: QuestionKind, lower_case: bool) -> str:
    question = DataQuestion("The Red Cup", kind, np.ones((1, 1), bool))
    return spoken_question(question, np.random.default_rng(0), lower_case, bare=True)


def test_phrases_and_names_of_classes_in_lower_case() -> None:
    for kind in (QuestionKind.PHRASE, QuestionKind.CATEGORY):
        assert asked(kind, lower_case=False) == "The Red Cup"
        assert asked(kind, lower_case=True) == "the red cup"
    assert asked(QuestionKind.INSTRUCTION, lower_case=True) == "The Red Cup"


def test_the_template_keeps_its_capitals() -> None:
    question = DataQuestion("Cup", QuestionKind.CATEGORY, np.ones((1, 1), bool))
    rngs = map(np.random.default_rng, range(40))
    found = {spoken_question(question, rng, lower_case=True) for rng in rngs}
    assert "Can you segment the cup in this image?" in found
    assert len(found) == 4


def test_half_of_the_parts_are_the_x_of_the_y() -> None:
    mask = np.ones((1, 1), bool)
    question = DataQuestion(
        "mug handle", QuestionKind.CATEGORY, mask, other_text="the handle of the mug"
    )
    rng = np.random.default_rng(0)
    texts = [spoken_question(question, rng, bare=True) for _ in range(1000)]
    assert set(texts) == {"mug handle", "the handle of the mug"}
    assert texts.count("mug handle") / 1000 == pytest.approx(1 / 2, abs=0.05)


def test_one_wording_draws_nothing() -> None:
    """Without switches the draws are those of a training before there were any."""
    question = DataQuestion("mug", QuestionKind.CATEGORY, np.ones((1, 1), bool))
    rng = np.random.default_rng(0)
    spoken_question(question, rng, lower_case=True, bare=True)
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize(
    ("spec", "plain"),
    [
        ("ade20k:{}:training", True),
        ("refcoco:{}:train", True),
        ("reason_seg:{}:train", False),
        ("llm_seg40k:{}:train", False),
    ],
)
def test_semantic_and_referring_data_are_shrunk_without_antialiasing(
    tree: Path, spec: str, plain: bool
) -> None:
    square = torch.zeros(1, 1, 64, 64)
    square[:, :, ROWS] = 1
    smooth, jagged = (
        F.interpolate(square, (8, 8), mode="bilinear", antialias=antialias).reshape(1, 64)
        for antialias in (True, False)
    )
    assert not torch.allclose(smooth, jagged, atol=0.1)
    default = sample_of(spec.format(tree)).weights
    switched = sample_of(spec.format(tree), plain_shrinking=True).weights
    assert torch.allclose(default, smooth, atol=1e-6)
    assert torch.allclose(switched, jagged if plain else smooth, atol=1e-6)


def test_ignored_pixels_are_background_in_the_targets(tree: Path) -> None:
    """Of the proposal's 12 rows of 64 pixels 20 columns are "person", 4 rows x 24 have no label."""
    area, ignored, both, target = 12 * 64, 4 * 24, 12 * 20, 48 * 20
    for switch, counted in ((False, area - ignored), (True, area)):
        sample = sample_of(f"ade20k:{tree}:training", ignored_as_background=switch)
        person = sample.questions.index("person")
        assert sample.target_iop[person].item() == pytest.approx(both / counted)
        assert sample.target_iou[person].item() == pytest.approx(both / (counted + target - both))


def write(folder: Path, **values: Any) -> Path:
    path = folder / "my.yaml"
    path.write_text(yaml.safe_dump({"model": "models/m", "data": "my_data", **values}))
    return path


@pytest.mark.parametrize(
    ("said", "settings", "switches"),
    [
        ({}, [], ReleasedSwitches()),
        ({"released": True}, [], ALL),
        ({"released": False}, [], ReleasedSwitches()),
        ({"released": {"lower_case": True}}, [], ReleasedSwitches(lower_case=True)),
        ({}, ["released=true"], ALL),
        ({"released": True}, ["released=false"], ReleasedSwitches()),
        ({}, ["released.all_labels=true"], ReleasedSwitches(all_labels=True)),
        (
            {"released": True},
            ["released.lower_case=false"],
            ReleasedSwitches(**{**asdict(ALL), "lower_case": False}),
        ),
    ],
)
def test_a_recipe_turns_all_switches_or_some(
    tmp_path: Path, said: dict[str, Any], settings: list[str], switches: ReleasedSwitches
) -> None:
    recipe = load_adapter_recipe(write(tmp_path, **said), settings)
    assert recipe.released == switches
    assert load_adapter_recipe(write(tmp_path, **recipe.to_dict())) == recipe


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"lowercase": True}, "released has the unknown key 'lowercase'; known are single_inst"),
        ({"lower_case": 1}, "lower_case is 1, it must be true or false"),
        ("all", "released is 'all', it must be a mapping with keys among single_instances"),
    ],
)
def test_a_slip_in_a_switch_is_named(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_adapter_recipe(write(tmp_path, released=value))


@pytest.mark.parametrize(
    ("name", "switches"),
    [
        ("paper_10_epochs", ALL),
        ("paper_20_epochs", ALL),
        ("zero_shot", ALL),
        ("llmseg40k_finetune", ALL),
        ("finetune_folder", ReleasedSwitches()),
    ],
)
def test_the_papers_recipes_train_as_the_released_code(
    name: str, switches: ReleasedSwitches
) -> None:
    assert load_adapter_recipe(name).released == switches
