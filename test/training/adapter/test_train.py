# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import nn
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from helpers.adapter_place import Place, Trained, assert_same, weights
from helpers.tiny_model import tiny_llava_config
from llmseg_core import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_config, load_parts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.runtime.folder_lock import FolderInUseError, locked
from llmseg_training.adapter.directory import stored_scores
from llmseg_training.adapter.inputs import open_inputs
from llmseg_training.adapter.lora import LoraRecipe
from llmseg_training.adapter.objective import AdapterObjective
from llmseg_training.adapter.parts import load_adapter_parts
from llmseg_training.adapter.released import ReleasedSwitches
from llmseg_training.adapter.train import build_loop, build_model, train_adapter
from llmseg_training.data import open_data
from llmseg_training.learning.batch import ProposalBatch
from llmseg_training.trainer.objective import StepLoss


def test_the_loss_falls(trained: Trained) -> None:
    losses = [entry["loss"] for entry in trained.log if "loss" in entry]
    assert len(losses) == 8
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_the_rate_rises_and_falls_along_lines(trained: Trained) -> None:
    rates = [entry["learning_rate"] for entry in trained.log if "loss" in entry]
    wanted = [0, 1 / 2, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    assert rates == pytest.approx([5e-3 * share for share in wanted])


def test_the_paper_says_what_learns(place: Place) -> None:
    parts = load_adapter_parts(place.model, LoraRecipe())
    learning = {name for name, p in parts.llava.named_parameters() if p.requires_grad}
    layers = parts.llava.config.text_config.num_hidden_layers
    lora = {name for name in learning if ".lora_" in name}
    assert len(lora) == layers * 2 * 2
    assert all(".language_model." in name for name in lora)
    assert all(".q_proj." in name or ".v_proj." in name for name in lora)
    assert {name.split(".modules_to_save")[0].rpartition(".")[2] for name in learning - lora} == {
        "embed_tokens",
        "lm_head",
    }
    assert all(parameter.requires_grad for parameter in parts.selector.parameters())
    assert not any(parameter.requires_grad for parameter in parts.encoder_network.parameters())


def test_everything_that_learns_has_changed_and_nothing_else(
    place: Place, trained: Trained
) -> None:
    before, after = load_parts(place.model), load_parts(trained.work / "last")
    for name in ("sam", "dinov2"):
        assert_same(getattr(before, name).state_dict(), getattr(after, name).state_dict())
    old, new = before.llava.state_dict(), after.llava.state_dict()
    assert old.keys() == new.keys()
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    learns = ("q_proj.weight", "v_proj.weight", "embed_tokens.weight", "lm_head.weight")
    assert changed == {
        name
        for name in old
        if name.endswith(learns) and ("language_model" in name or "lm_head" in name)
    }
    old, new = before.selector.state_dict(), after.selector.state_dict()
    # With one key, the seg token, queries and keys of an attention decide nothing.
    still = {name for name in old if torch.equal(old[name], new[name])}
    assert {name for name in still if name.rsplit(".", 2)[-2] not in ("q_proj", "k_proj")} == set()


def test_the_directory_answers_as_the_trained_networks_did(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(steps=2, validation=None, warmup_steps=0)
    parts = load_adapter_parts(recipe.model, recipe.lora)
    model = build_model(recipe, parts)
    build_loop(recipe, tmp_path, parts, model, open_inputs(recipe)).train_to_end()
    assert train_adapter(recipe, tmp_path / "again") == tmp_path / "again" / "last"

    pipeline = LLMSegPipeline.from_pretrained(tmp_path / "again" / "last")
    sample = open_data(recipe.data)[0]
    frame = pipeline.encode_frame(sample.image)
    (answer,) = pipeline.segment_batch(frame, ["the red thing"])
    parts.llava.eval(), parts.selector.eval()
    encoder = model.seg_token_encoder
    hidden = encoder.encode_instructions(encoder.encode_image(sample.image), ["the red thing"])
    scores = parts.selector.score(parts.selector.embed_proposals(frame.embeddings), hidden)
    assert torch.allclose(scores.iou_score, answer.candidates.scores.iou_score, atol=1e-5)
    assert torch.allclose(scores.iop, answer.candidates.scores.iop, atol=1e-5)


def test_best_and_last(trained: Trained) -> None:
    assert trained.model == trained.work / "best"
    validations = [entry["eval_giou"] for entry in trained.log if "eval_giou" in entry]
    assert len(validations) == 2
    scores = stored_scores(trained.work / "best")
    assert scores is not None
    assert scores["giou"] == max(validations)
    assert scores["step"] == 4 * (1 + validations.index(max(validations)))
    assert stored_scores(trained.work / "last") == {"step": 8}
    assert len(list((trained.work / "logs").glob("events.out.tfevents.*"))) == 1


def test_checkpoints_hold_only_what_learns(place: Place, trained: Trained) -> None:
    stored = load_file(trained.work / "checkpoint-8" / "model.safetensors")
    parts = load_adapter_parts(place.model, LoraRecipe())
    modules = (parts.llava, parts.selector)
    learning = [p for module in modules for p in module.parameters() if p.requires_grad]
    assert sum(value.numel() for value in stored.values()) == sum(p.numel() for p in learning)


@pytest.mark.parametrize("dies_at", [2, 5, 7])
def test_a_killed_training_ends_with_the_same_weights(
    place: Place, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    loss = AdapterObjective.loss

    def dies(self: AdapterObjective, model: nn.Module, batch: ProposalBatch, step: int) -> StepLoss:
        if step == dies_at:
            raise KeyboardInterrupt
        return loss(self, model, batch, step)

    with monkeypatch.context() as patch:
        patch.setattr(AdapterObjective, "loss", dies)
        with pytest.raises(KeyboardInterrupt):
            train_adapter(place.recipe(), tmp_path)
    train_adapter(place.recipe(), tmp_path)
    for name in ("best", "last"):
        assert_same(weights(tmp_path / name), weights(trained.work / name))


def test_one_training_at_a_time_writes_a_folder(place: Place, trained: Trained) -> None:
    with (
        locked(trained.work),
        pytest.raises(FolderInUseError, match=r"is being written by process \d+ on"),
    ):
        train_adapter(place.recipe(), trained.work)
    train_adapter(place.recipe(), trained.work)  # it had ended, and the folder is free again


def test_another_recipe_does_not_go_on_in_the_same_folder(place: Place, trained: Trained) -> None:
    with pytest.raises(ValueError, match=r"begun with learning_rate 0.005, not 0.1: take another"):
        train_adapter(place.recipe(learning_rate=0.1), trained.work)


def test_a_training_from_before_the_switches_goes_on(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(steps=1, warmup_steps=0, validation=None)
    older = {key: value for key, value in recipe.to_dict().items() if key != "released"}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(older))
    assert train_adapter(recipe, tmp_path).is_dir()
    switched = replace(recipe, released=ReleasedSwitches(lower_case=True))
    with pytest.raises(ValueError, match=r"begun with released .*'lower_case': False.*, not"):
        train_adapter(switched, tmp_path)


def test_the_recipes_switches_reach_data_and_loss(place: Place, tmp_path: Path) -> None:
    switches = ReleasedSwitches(lower_case=True, untouched_questions=True)
    for released in (switches, ReleasedSwitches()):
        recipe = place.recipe(validation=None, released=released)
        parts = load_adapter_parts(recipe.model, recipe.lora)
        model = build_model(recipe, parts).eval()
        loop = build_loop(recipe, tmp_path, parts, model, open_inputs(recipe))
        assert loop.data.released == released
        batch = loop.collate([loop.data[0]])
        batch = replace(batch, target_iou=torch.zeros_like(batch.target_iou))
        alignment = loop.objective.loss(model, batch, 0).parts["alignment_loss"]
        assert bool(alignment > 0) is released.untouched_questions


def test_a_damaged_recipe_in_the_folder_is_named(place: Place, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("")
    (tmp_path / "checkpoint-1").mkdir()
    (tmp_path / "checkpoint-1" / "complete").touch()
    with pytest.raises(ValueError, match=r"recipe\.yaml: the keys 'model' and 'data' are missing"):
        train_adapter(place.recipe(), tmp_path)


def test_a_trained_adapter_goes_on(place: Place, trained: Trained, tmp_path: Path) -> None:
    recipe = place.recipe(model=str(trained.model), steps=1, warmup_steps=0, validation=None)
    out = train_adapter(recipe, tmp_path)
    before, after = weights(trained.model), weights(out)
    assert before.keys() == after.keys()
    assert load_config(out).llava == load_config(trained.model).llava
    changes = [float((after[name] - before[name]).abs().max()) for name in before]
    assert 0 < max(changes) <= 5e-3 * 1.01  # one step of AdamW


def test_stored_and_live_proposals_train_the_same(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(steps=2, warmup_steps=0, validation=None)
    stored = train_adapter(recipe, tmp_path / "stored")
    live = train_adapter(replace(recipe, proposals=None), tmp_path / "live")
    assert_same(weights(stored), weights(live))


def test_reading_processes_change_nothing(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(steps=2, warmup_steps=0, validation=None)
    alone = train_adapter(recipe, tmp_path / "alone")
    helped = train_adapter(replace(recipe, workers=1), tmp_path / "helped")
    assert_same(weights(alone), weights(helped))


def test_bfloat16_and_checkpointing_train_too(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(steps=2, warmup_steps=0, precision="bfloat16")
    out = train_adapter(recipe, tmp_path)
    stored = weights(out)
    assert {value.dtype for value in stored.values()} == {torch.float32}
    assert all(value.isfinite().all() for value in stored.values())


def test_checkpointing_changes_nothing(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(steps=2, warmup_steps=0, validation=None)
    twice = weights(train_adapter(recipe, tmp_path / "twice"))
    kept = weights(train_adapter(replace(recipe, gradient_checkpointing=False), tmp_path / "kept"))
    for name, value in twice.items():
        assert torch.allclose(value, kept[name], atol=1e-5), name


def test_zero_2_without_its_package_leaves_nothing_behind(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmseg_training.trainer.processes.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"zero2 is true.*pip install deepspeed"):
        train_adapter(place.recipe(zero2=True), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {".lock"}


@pytest.mark.parametrize("load_in", ["8bit", "4bit"])
def test_quantization_without_its_package_is_refused(
    place: Place, load_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmseg_training.adapter.parts.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=f"load_in is '{load_in}'.*pip install bitsandbytes"):
        load_adapter_parts(place.model, LoraRecipe(), load_in=load_in)


def test_public_weights_need_no_more_than_a_file_that_names_them(
    place: Place, parts: ModelParts, tmp_path: Path
) -> None:
    """LLaVA without seg token, no selector: what training begins with in the paper."""
    bare = tmp_path / "llava"
    words = ("<unk>", "<s>", "</s>", "<pad>", "USER:", "ASSISTANT:", "the", "red", "thing", "mask")
    model = WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>")
    plain = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(model), unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    config = tiny_llava_config(parts.tokenizer)
    config.text_config.vocab_size, config.text_config.max_position_embeddings = len(words), 128
    config.image_token_index = len(words)
    LlavaForConditionalGeneration(config).save_pretrained(bare)
    plain.save_pretrained(bare)
    base = {
        "sam": str(place.model / "sam"),
        "dinov2": str(place.model / "dinov2"),
        "llava": "llava",
    }
    said = {**parts.config.to_dict(), **base}
    (tmp_path / "llmseg.yaml").write_text(yaml.safe_dump(said))

    recipe = place.recipe(model=str(tmp_path), steps=2, warmup_steps=0)
    out = train_adapter(recipe, tmp_path / "work")
    pipeline = LLMSegPipeline.from_pretrained(out)
    assert pipeline.seg_token_encoder.tokenizer.get_vocab()["[SEG]"] >= len(words)
    frame = pipeline.encode_frame(open_data(recipe.data).image(0))
    assert len(pipeline.segment(frame, "the red thing").candidates) == len(frame.proposals)


def test_sams_own_features_can_be_trained_on(place: Place, tmp_path: Path) -> None:
    """The image encoders of the paper's Table 4."""
    said = yaml.safe_load((place.model / "llmseg.yaml").read_text())
    said["image_encoder"]["kind"] = "sam"
    said |= {"sam": str(place.model / "sam"), "llava": str(place.model / "llava")}
    (tmp_path / "llmseg.yaml").write_text(yaml.safe_dump(said))
    recipe = place.recipe(model=str(tmp_path), steps=2, warmup_steps=0)
    out = train_adapter(recipe, tmp_path / "work")
    assert LLMSegPipeline.from_pretrained(out).config.image_encoder.kind.value == "sam"


def test_sizes_that_do_not_fit_are_named(place: Place, tmp_path: Path) -> None:
    said = yaml.safe_load((place.model / "llmseg.yaml").read_text())
    said |= {name: str(place.model / name) for name in ("sam", "dinov2", "llava")}
    said["selector"]["feature_dim"] = 99
    (tmp_path / "llmseg.yaml").write_text(yaml.safe_dump(said))
    with pytest.raises(ValueError, match=r"selector\.feature_dim is 99, the network has 32"):
        load_adapter_parts(tmp_path, LoraRecipe())
