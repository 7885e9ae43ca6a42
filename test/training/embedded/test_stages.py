# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from helpers.answers import giou_of
from llmseg_core import LLMSegPipeline
from llmseg_core.config import LLMSegConfig, SelectionConfig, SelectionRule
from llmseg_core.model_dir.network_files import save_network
from llmseg_core.model_dir.networks import build_embedded_sam, embedded_config
from llmseg_core.runtime.folder_lock import locked
from llmseg_training.data import SceneData
from llmseg_training.embedded.program import main
from llmseg_training.embedded.recipe import EmbeddedRecipe, SceneRecipe, ShipRecipe
from llmseg_training.embedded.self_knowledge import CalibrateRecipe, FamiliarityRecipe
from llmseg_training.embedded.stages import STAGES, EmbeddedTraining
from llmseg_training.embedded.train_sam import SamRecipe
from llmseg_training.embedded.train_selection import (
    LanguageRecipe,
    SelectionRecipe,
    SelectorRecipe,
)
from llmseg_training.evaluate import PipelineAnswers, evaluate, score_cases
from llmseg_training.scenes import SceneFolder

ROOT = Path(__file__).resolve().parents[3]
RECIPE = EmbeddedRecipe(
    scenes=SceneRecipe(
        train=28,
        val=3,
        test=8,
        proposals=28,
        width=160,
        height=120,
        min_objects=3,
        max_objects=4,
        categories=("mug", "banana", "scissors", "book"),
    ),
    language=LanguageRecipe(
        steps=4, batch_size=2, questions=4, learning_rate=1e-4, warmup_steps=1, decay_steps=1
    ),
    selector=SelectorRecipe(
        steps=120,
        batch_size=4,
        questions=4,
        learning_rate=1e-3,
        warmup_steps=5,
        decay_steps=40,
        passes=3,
    ),
    selection=SelectionRecipe(
        steps=4, batch_size=4, questions=4, learning_rate=1e-4, warmup_steps=1, decay_steps=1
    ),
    ship=ShipRecipe(scenes=3, questions=4, no_target_accuracy=0),
    calibrate=CalibrateRecipe(scenes=3, questions=8, presence=False),
    familiarity=FamiliarityRecipe(scenes=20, made_up=14, name="four things"),
)


@dataclass(frozen=True)
class Trained:
    training: EmbeddedTraining
    giou_before: float
    giou_after: float
    oracle: float


def small_config() -> LLMSegConfig:
    """The embedded profile with fewer prompts and patches, always answering something."""
    config = embedded_config()
    return replace(
        config,
        proposals=replace(config.proposals, points_per_side=8, low_resolution_measures=True),
        image_encoder=replace(config.image_encoder, image_size=128),
        selection=SelectionConfig(rule=SelectionRule.TOP_IOU),
    )


def held_out(training: EmbeddedTraining, pipeline: LLMSegPipeline) -> dict[str, float]:
    """Scores on scenes that training never saw."""
    root, categories = training.work / "scenes", RECIPE.scenes.categories
    scenes = SceneData(root, "test", ("train",), questions=8, seed=1, categories=categories)
    asked = scenes.asked_about(len(scenes))
    return score_cases(evaluate(scenes, PipelineAnswers(pipeline), asked).cases)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """All stages, with SAM, image encoder and VLM of the packaged model and a new selector."""
    work = tmp_path_factory.mktemp("work")
    training = EmbeddedTraining(RECIPE, work, work / "model", workers=1, config=small_config())
    training.reuse("embedded")
    for stage in ("scenes", "language", "proposals"):
        getattr(training, stage)()
    before = held_out(training, LLMSegPipeline.from_parts(training.parts(training.untrained())))
    training.selector()
    training.selection()
    training.ship()
    shipped = LLMSegPipeline.from_pretrained(training.out)
    shipped.config = replace(shipped.config, selection=small_config().selection)
    after = held_out(training, shipped)
    return Trained(training, before["giou"], after["giou"], after["oracle_giou"])


def test_training_improves_giou_on_held_out_scenes(trained: Trained) -> None:
    assert trained.giou_after > trained.giou_before + 0.12
    assert trained.giou_after > 0.4 * trained.oracle


def test_the_shipped_model_is_whole_and_small(trained: Trained) -> None:
    out = trained.training.out
    assert {path.name for path in out.iterdir()} >= {
        "llmseg.yaml",
        "sam",
        "dinov2",
        "llava",
        "selector.safetensors",
    }
    for file in out.rglob("*.safetensors"):
        assert all(value.dtype == torch.float16 for value in load_file(file).values()), file
    assert sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) < 15e6


def test_the_shipped_rule_is_the_best_that_was_tried(trained: Trained) -> None:
    table = json.loads((trained.training.work / "tuning.json").read_text())
    rule = LLMSegPipeline.from_pretrained(trained.training.out).config.selection
    assert max(table.values()) in giou_of(table, rule)


def test_what_is_finished_is_not_done_again(trained: Trained) -> None:
    training = trained.training
    weights = training.work / "selection" / "model.safetensors"
    before = load_file(weights)
    (stored,) = (training.work / "proposals").glob("000003.*.json")
    heard = sorted((training.work / "selector" / "heard").glob("*.safetensors"))
    assert len(heard) == 3
    kept = [stored, training.work / "proposals" / "features.pt", *heard]
    times = [path.stat().st_mtime_ns for path in kept]
    for stage in ("scenes", "language", "proposals", "selector", "selection"):
        getattr(training, stage)()
    assert [path.stat().st_mtime_ns for path in kept] == times
    after = load_file(weights)
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_the_model_is_told_how_sure_it_may_be_and_what_it_has_seen(
    trained: Trained, tmp_path: Path
) -> None:
    work, model = trained.training.work, tmp_path / "model"
    shutil.copytree(trained.training.out, model)
    again = EmbeddedTraining(RECIPE, work, model, workers=1, config=small_config())
    plain = LLMSegPipeline.from_pretrained(model)
    assert (plain.calibration, plain.familiarity) == (None, None)
    again.calibrate()
    again.familiarity()
    known = LLMSegPipeline.from_pretrained(model)
    assert known.calibration is not None
    assert known.calibration.data == "scenes/val/val/train"
    assert known.calibration.questions >= 20
    assert known.familiarity is not None
    assert [group.name for group in known.familiarity.seen.groups] == ["four things"]
    scene = SceneFolder(work / "scenes" / "train").image(20)
    frame = known.encode_frame(scene)
    assert frame.unfamiliarity is not None
    noise = np.random.default_rng(0).integers(0, 256, scene.shape, dtype=np.uint8)
    far = known.encode_frame(noise).unfamiliarity
    assert far is not None
    assert far > max(1.0, frame.unfamiliarity)

    kept = [*(work / "familiarity").rglob("*.safetensors"), *(work / "calibrate").rglob("*.jsonl")]
    before = [file.stat().st_mtime_ns for file in kept]
    assert len(kept) == 3
    again.calibrate()
    again.familiarity()
    assert [file.stat().st_mtime_ns for file in kept] == before


def test_a_model_must_be_written_before_it_knows_itself(tmp_path: Path) -> None:
    training = EmbeddedTraining(RECIPE, tmp_path, tmp_path / "model", workers=1)
    with pytest.raises(FileNotFoundError, match="model is no model directory: run --stage ship"):
        training._shipped()


def write_recipe(folder: Path) -> Path:
    """A recipe of one scene a split."""
    path = folder / "recipe.yaml"
    scenes = {"train": 1, "val": 1, "test": 1, "width": 64, "height": 48, "max_objects": 4}
    selector = {"steps": 1, "warmup_steps": 0, "decay_steps": 0}
    path.write_text(yaml.safe_dump({"scenes": scenes, "selector": selector}))
    return path


def test_one_stage_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    arguments = ["--recipe", str(recipe), "--work", str(tmp_path), "--workers", "1"]
    assert main([*arguments, "--stage", "scenes"]) == 0
    assert capsys.readouterr().out == "stage scenes\n"
    assert [len(SceneFolder(tmp_path / "scenes" / s)) for s in ("train", "val", "test")] == [1] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "recipe.yaml", "scenes"]


def test_sam_learns_from_scenes_of_its_own(tmp_path: Path) -> None:
    own = replace(RECIPE.scenes, train=2, looks="rich")
    recipe = replace(
        RECIPE,
        scenes=replace(RECIPE.scenes, train=1, val=1, test=1),
        sam_scenes=own,
        sam=SamRecipe(steps=1, batch_size=2, points=2, decay_steps=0, warmup_steps=0),
    )
    training = EmbeddedTraining(recipe, tmp_path, tmp_path / "model", workers=1)
    training.scenes()
    rendered = SceneFolder(tmp_path / "sam_scenes" / "train")
    assert (len(rendered), rendered.config.looks) == (2, "rich")
    assert SceneFolder(tmp_path / "scenes" / "train").config.looks == "plain"
    shutil.rmtree(tmp_path / "scenes")
    training.sam()
    assert (tmp_path / "sam" / "sam" / "config.json").is_file()


@pytest.mark.parametrize(
    ("stage", "missing", "before"),
    [
        ("recognition", "sam", "sam"),
        ("proposals", "sam", "sam"),
        ("selector", "tokenizer", "language"),
        ("selection", "tokenizer", "language"),
        ("ship", "tokenizer", "language"),
    ],
)
def test_a_stage_names_the_one_before_it(
    tmp_path: Path, stage: str, missing: str, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path)
    arguments = ["--recipe", str(recipe), "--work", str(tmp_path), "--workers", "1"]
    main([*arguments, "--stage", "scenes"])
    assert main([*arguments, "--stage", stage]) == 2
    wanted = f"{tmp_path / before / missing} is missing: run --stage {before} first"
    error = capsys.readouterr().err
    assert wanted in error.splitlines()[-1]
    assert "Traceback" not in error


def test_a_refiner_that_is_reused_is_not_trained_anew(tmp_path: Path) -> None:
    training = EmbeddedTraining(EmbeddedRecipe(), tmp_path, tmp_path / "out")
    training.reuse("embedded")
    assert training.reused == ("sam", "recognition", "refiner")
    save_network(build_embedded_sam(), tmp_path / "sam" / "sam")
    assert training.reused == ("sam", "recognition")


def test_every_stage_has_a_method() -> None:
    assert all(callable(getattr(EmbeddedTraining, stage)) for stage in STAGES)


def test_an_interruption_tells_where_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(self: EmbeddedTraining) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(EmbeddedTraining, "scenes", interrupted)
    assert main(["--recipe", str(write_recipe(tmp_path)), "--work", str(tmp_path)]) == 130
    said = capsys.readouterr()
    assert "the same command goes on with stage scenes" in said.out
    assert said.err == "python -m llmseg_training.embedded: interrupted\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--reuse", "nowhere"], "model directory nowhere does not exist"),
        (["--recipe", "nowhere.yaml"], "there is no recipe nowhere.yaml; the project's own is "),
        (["--threads", "0"], "--threads is 0, it must be at least 1"),
        (["--recipe", "."], ". is a folder, it must be a YAML file"),
    ],
)
def test_wrong_arguments_are_named(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--work", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"python -m llmseg_training.embedded: {message}")
    assert error.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} <= {".lock"}


def test_one_training_at_a_time_writes_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--recipe", str(write_recipe(tmp_path)), "--work", str(tmp_path)]
    with locked(tmp_path):
        assert main([*arguments, "--stage", "scenes"]) == 2
    assert f"{tmp_path} is being written by process" in capsys.readouterr().err
    assert not (tmp_path / "scenes").exists()


def test_an_unknown_stage_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--stage", "nothing"])
    assert "invalid choice: 'nothing'" in capsys.readouterr().err


@pytest.mark.parametrize(("gpus", "processes"), [(0, 2), (1, 1), (4, 4)])
def test_make_starts_a_process_for_each_gpu_or_two_without(
    tmp_path: Path, gpus: int, processes: int
) -> None:
    """A Python of its own stands for the machine: what it is asked of torch it answers."""
    torch = tmp_path / "modules" / "torch.py"
    torch.parent.mkdir()
    torch.write_text(f"class cuda:\n    device_count = staticmethod(lambda: {gpus})\n")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nPYTHONPATH={torch.parent} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    command = ["make", "--dry-run", "train-embedded", f"VENV={tmp_path}"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"--nproc-per-node {processes} -m llmseg_training.embedded" in shown
