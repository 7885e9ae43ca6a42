# SPDX-License-Identifier: Apache-2.0
"""Every file of training/configs is read by its loader, and its data opened and drawn from.

The data sets are miniatures of their true layout, in the folders that the recipes name. Weights are
not needed for any of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.utils.deepspeed import HfDeepSpeedConfig

from helpers.folder_data import write_folder_data
from helpers.generate_place import write_generate_sources
from helpers.lisa_tree import write_lisa_tree
from llmseg_core import Proposals
from llmseg_core.config import LisaConfig, LLMSegConfig
from llmseg_training.adapter.inputs import AdapterInputs, open_inputs
from llmseg_training.adapter.recipe import CONFIGS, SHIPPED, AdapterRecipe, load_adapter_recipe
from llmseg_training.data import ImageData, Mixture, SampleDraws, open_data
from llmseg_training.embedded.comparison import load_comparison
from llmseg_training.embedded.recipe import load_recipe
from llmseg_training.generate.recipe import load_generate_recipe
from llmseg_training.generate.shipped import GENERATE_RECIPES
from llmseg_training.generate.sources.open_source import open_source
from llmseg_training.proposals.write import write_proposals
from llmseg_training.scenes import write_scenes

FILES = sorted(path for path in CONFIGS.iterdir() if path.suffix in (".yaml", ".json"))
SCENES = ("embedded", "household", "ablation")
DRAWS = 60
"""enough that every data set of the mixture is drawn"""


def left_half(image: np.ndarray) -> Proposals:
    masks = torch.zeros(1, *image.shape[:2], dtype=torch.bool)
    masks[0, :, : image.shape[1] // 2] = True
    return Proposals.from_masks(masks)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the recipes' commands are typed: `datasets`, `my_data`; models without weights."""
    root = tmp_path_factory.mktemp("place")
    write_lisa_tree(root / "datasets")
    for name, first in (("train", 0), ("val", 10)):
        write_folder_data(root / "my_data" / name, 2, first)
    for name in SHIPPED:
        model = root / load_adapter_recipe(name).model
        model.mkdir(parents=True, exist_ok=True)
        config = LisaConfig() if name.startswith("lisa") else LLMSegConfig()
        (model / "llmseg.yaml").write_text(yaml.safe_dump(config.to_dict()))
    write_generate_sources(root)
    return root


def opened(recipe: AdapterRecipe) -> AdapterInputs:
    """What `llmseg train` opens, once `llmseg proposals` was there."""
    config = LLMSegConfig().proposals
    for spec, place in (
        (recipe.data, recipe.proposals),
        (recipe.validation, recipe.validation_proposals),
    ):
        if spec is not None and place is not None and not Path(place).exists():
            data = open_data(spec)
            write_proposals(left_half, data, Path(place), config=config, show_progress=False)
    return open_inputs(recipe)


def drawn(data: ImageData, questions: int = 3) -> set[str]:
    """Names of the data sets that some draws come from."""
    draws = SampleDraws(data, questions)
    found = set()
    for step in range(DRAWS):
        sample = draws.draw(np.random.default_rng(step))
        assert 1 <= len(sample.questions) <= questions
        found.add(sample.name.split("/")[0] if isinstance(data, Mixture) else data.name)
    return found


def sources(data: ImageData) -> set[str]:
    """Names of the data sets that could be drawn from."""
    if isinstance(data, Mixture):
        return {each.name.split("/")[0] for each in data.data}
    return {data.name}


def check_adapter(path: Path, folder: Path) -> None:
    recipe = load_adapter_recipe(path.stem)
    if recipe.model == "embedded":  # the packaged one is there, and wants proposals of its own
        recipe = replace(recipe, model="models/llm-seg")
    inputs = opened(recipe)
    assert drawn(inputs.data, recipe.questions) == sources(inputs.data)
    assert (inputs.proposals is None) == (recipe.proposals is None)
    assert inputs.validation is not None


def check_mixture(path: Path, folder: Path) -> None:
    for name in (path.stem.removeprefix("mixture_"), path):  # by its name and as one's own file
        mixture = open_data(f"mixture:datasets:{name}")
        assert isinstance(mixture, Mixture)
        named = [each for group in yaml.safe_load(path.read_text())["groups"].values()
                 for each in group["data"]]  # fmt: skip
        assert len(mixture.data) == len(named)
        assert drawn(mixture) == sources(mixture)


def check_scenes(path: Path, folder: Path) -> None:
    recipe = load_recipe(path)
    for split in ("train", "val", "test"):
        write_scenes(folder / path.stem, split, 1, config=recipe.scenes.config)
        data = open_data(f"scenes:{folder / path.stem}:{split}")
        sample = SampleDraws(data).draw(np.random.default_rng(0))
        assert sample.image.shape == (recipe.scenes.height, recipe.scenes.width, 3)


def check_comparison(path: Path, folder: Path) -> None:
    recipe = load_comparison(path)
    assert recipe.training.steps > recipe.fine_tuning.steps > 0


def check_generate(path: Path, folder: Path) -> None:
    """Its sources are opened, and the first image of each."""
    recipe = load_generate_recipe(path.stem)
    for stratum in recipe.sources.values():
        source = open_source(stratum.data)
        image = source[0]
        assert image.image().shape[:2] == image.size
    assert (recipe.verifier is None) == (path.stem == "generate_paper")


def check_accelerate(path: Path, folder: Path) -> None:
    config = load_config_from_file(str(path))
    assert (config.num_processes, config.mixed_precision) == (2, "no")


def check_deepspeed(path: Path, folder: Path) -> None:
    assert HfDeepSpeedConfig(str(path)).is_zero2()


def check(path: Path) -> Callable[[Path, Path], None]:
    """How a file is read: by its name, as people and programs do."""
    if path.stem in SHIPPED:
        return check_adapter
    if path.stem in SCENES:
        return check_scenes
    if path.stem in GENERATE_RECIPES:
        return check_generate
    if path.stem.startswith("mixture_"):
        return check_mixture
    others = {
        "two_gpus": check_accelerate, "zero2": check_deepspeed, "comparison": check_comparison,
    }  # fmt: skip
    return others[path.stem]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_read_and_its_data_drawn(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    check(path)(path, folder)


def test_every_shipped_recipe_has_its_file() -> None:
    assert {*SHIPPED, *SCENES, *GENERATE_RECIPES} <= {path.stem for path in FILES}
