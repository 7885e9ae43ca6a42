# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmseg_core.config import ProposalConfig
from llmseg_training.embedded.recipe import (
    EMBEDDED_RECIPE,
    EmbeddedRecipe,
    SceneRecipe,
    ShipRecipe,
    load_recipe,
)
from llmseg_training.embedded.train_refiner import RefinerRecipe
from llmseg_training.embedded.train_selection import SelectionRecipe, SelectorRecipe


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_embedded_recipe_is_shipped() -> None:
    written = yaml.safe_load(EMBEDDED_RECIPE.read_text())
    recipe = load_recipe()
    assert recipe.seed == written["seed"]
    assert recipe.sam.steps == written["sam"]["steps"]


def test_every_field_can_be_set(tmp_path: Path) -> None:
    default = EmbeddedRecipe(refiner=RefinerRecipe(), selector=SelectorRecipe())
    scenes = SceneRecipe(7, 8, 9, 10, 64, 48, 1, 2, ("mug", "book"), "household", "rich")
    other = replace(
        _shifted(default),
        scenes=scenes,
        sam_scenes=scenes,
        ship=ShipRecipe(3, 4, 0.5),
        proposals=_other_proposals(),
    )
    plain = yaml.safe_load(yaml.safe_dump(_lists(asdict(other))))
    read = load_recipe(write(tmp_path, yaml.safe_dump(plain)))
    assert read == other
    assert read != default
    usual = replace(default, sam_scenes=SceneRecipe())
    for stage in (spec.name for spec in fields(EmbeddedRecipe)):
        for (name, value), standard in zip(
            _values(read, stage), _values(usual, stage), strict=True
        ):
            assert (name, value) != standard, f"{stage}: {name} was not read"


def _values(recipe: EmbeddedRecipe, stage: str) -> list[tuple[str, Any]]:
    """Name and value of every field of a stage."""
    part = getattr(recipe, stage)
    return list(asdict(part).items()) if is_dataclass(part) else [(stage, part)]


def _shifted(recipe: EmbeddedRecipe) -> EmbeddedRecipe:
    """The same recipe with every number of every stage changed."""
    stages = {
        name: replace(
            getattr(recipe, name),
            **{key: _other(value) for key, value in asdict(getattr(recipe, name)).items()},
        )
        for name in (
            "sam",
            "refiner",
            "recognition",
            "language",
            "selector",
            "selection",
            "calibrate",
            "familiarity",
        )
    }
    return replace(recipe, seed=recipe.seed + 1, **stages)


def _lists(value: Any) -> Any:
    """Tuples as lists, which YAML has."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def test_what_is_not_named_keeps_its_default(tmp_path: Path) -> None:
    read = load_recipe(write(tmp_path, "selection: {iop_weight: 20}"))
    assert read == EmbeddedRecipe(selection=SelectionRecipe(iop_weight=20))
    assert load_recipe(write(tmp_path, "")) == EmbeddedRecipe()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed: 1", r"recipe\.yaml has the unknown key 'sed'; known are seed, scenes, sam"),
        ("sam: {stepz: 1}", r"recipe\.yaml: sam has the unknown key 'stepz'; known are steps"),
        ("sam: 3", r"recipe\.yaml: sam is 3, it must be a mapping"),
        ("- seed", r"recipe\.yaml is \['seed'\], it must be a mapping"),
        ("sam: {", r"recipe\.yaml is no YAML"),
        ("seed: -1", r"recipe\.yaml: seed is -1, it must be at least 0"),
        ("seed: one", r"recipe\.yaml: seed is 'one', it must be a whole number"),
        ("sam: {steps: 0}", r"sam: steps is 0, it must be at least 1"),
        ("sam: {steps: 10}", r"sam: steps is 10, it must be at least .* = 100 \+ 1000"),
        ("sam: {steps: 4e3}", r"sam: steps is '4e3', it must be a whole number"),
        ("sam: {balance: 1.5}", r"sam: balance is 1\.5, it must be in \[0, 1\]"),
        ("sam: {points: 0}", r"sam: points is 0, it must be in \[1, 1000\]"),
        ("recognition: {batch_size: 0}", r"batch_size is 0, it must be at least 1"),
        ("recognition: {kept_patches: 0}", r"kept_patches is 0, it must be at least 1"),
        ("language: {learning_rate: 0}", r"learning_rate is 0, it must be in"),
        ("language: {questions: true}", r"questions is True, it must be a whole number"),
        ("selection: {iop_weight: -1}", r"iop_weight is -1, it must be at least 0"),
        ("selection: {save_steps: 0}", r"save_steps is 0, it must be at least 1"),
        ("ship: {no_target_accuracy: 2}", r"ship: no_target_accuracy is 2, .*\[0, 1\]"),
        ("scenes: {width: 8}", r"scenes: width is 8, it must be at least 16"),
        ("recognition: {steps: 1000, whole_steps: 1001}", r"whole_steps is 1001, .* = 1000"),
        ("selection: {vlm_from: .inf}", r"vlm_from is inf, it must be a whole number"),
        ("selection: {learning_rate: .nan}", r"learning_rate is nan, it must be a finite number"),
        ("sam:", r"recipe\.yaml: sam is empty, it must be a mapping with keys among steps"),
        ("scenes: {train: 0}", r"scenes: train is 0, it must be at least 1"),
        (
            "scenes: {categories: [unicorn]}",
            r"scenes: categories is \['unicorn'\], it must be some of",
        ),
        (
            "scenes: {min_objects: 9}",
            r"scenes: min_objects is 9, .* at most max_objects = 8",
        ),
    ],
)
def test_a_bad_recipe_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_recipe(write(tmp_path, text))


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no recipe .*nowhere\.yaml"):
        load_recipe(tmp_path / "nowhere.yaml")


def _other(value: Any) -> Any:
    """Another valid value."""
    if isinstance(value, str):
        return {"sam": "sam2", "points": "all"}.get(value, f"other {value}")
    if isinstance(value, bool):
        return not value
    if value == 256:  # a size in pixels
        return 2 * value
    return value + 1 if isinstance(value, int) else value / 2 or 0.5


def test_a_catalogue_stands_for_its_categories() -> None:
    assert len(SceneRecipe().categories) == 28
    household = SceneRecipe(catalogue="household", looks="rich")
    assert len(household.categories) == 94
    assert household.config.looks == "rich"
    assert household.config.categories == household.categories
    with pytest.raises(ValueError, match="catalogue is 'kitchen', it must be one of tabletop"):
        SceneRecipe(catalogue="kitchen")


def _other_proposals() -> ProposalConfig:
    """Every setting of everything mode changed."""
    return ProposalConfig(
        points_per_side=16, points_per_batch=7, pred_iou_thresh=0.3, stability_score_thresh=0.4,
        stability_score_offset=0.5, box_nms_thresh=0.8, crop_n_layers=1, crop_overlap_ratio=0.2,
        crop_n_points_downscale_factor=2, crop_nms_thresh=0.8, min_mask_region_area=3,
        low_resolution_stability=True, low_resolution_measures=True, coarse_step=2,
        coarse_confidence=0.8, max_image_side=640, max_proposals=40, keep="likeliest",
        refine=True, skip_padding=True,
    )  # fmt: skip
