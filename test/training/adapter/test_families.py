# SPDX-License-Identifier: Apache-2.0
"""Other VLMs than LLaVA, and other SAMs that propose live, by the same recipe and commands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from helpers.commands import run
from helpers.tiny_lisa import tiny_lisa_parts
from helpers.tiny_prompted import tiny_sam2, tiny_sam_hq
from helpers.tiny_vlms import tiny_vlm
from llmseg_core import load_method
from llmseg_core.config import SegTokenVlmConfig
from llmseg_core.methods.lisa import Lisa
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_parts, load_prompt_tokens, save_parts
from llmseg_core.model_dir.lisa_files import save_lisa
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.tokenizer import add_special_tokens
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.commands.train import TRAIN
from llmseg_training.scenes import SceneFolder

SAMS = {"qwen2_5_vl": tiny_sam2, "qwen3_vl": tiny_sam_hq, "smolvlm": None}
QUESTIONS = ["the red thing", "what can I drink from?"]


@dataclass(frozen=True)
class Trained:
    """A model of one family before and after two steps."""

    kind: str
    base: Path
    work: Path


def settings(**values: object) -> list[str]:
    known = {
        "steps": 2, "accumulation": 1, "batch_size": 2, "questions": 2, "warmup_steps": 0,
        "precision": "float32", "workers": 0, "learning_rate": 0.01, "gradient_checkpointing": True,
    }  # fmt: skip
    return [f"--set={name}={value}" for name, value in {**known, **values}.items()]


@pytest.fixture(scope="module", params=SAMS)
def trained(
    request: pytest.FixtureRequest, parts: ModelParts, scenes: SceneFolder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Trained:  # fmt: skip
    """It may not be changed."""
    kind, folder = request.param, tmp_path_factory.mktemp(request.param)
    vlm = tiny_vlm(kind)
    config = replace(
        parts.config,
        vlm=SegTokenVlmConfig(max_pixels=4096),
        selector=replace(parts.config.selector, hidden_dim=32),
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = replace(
            parts, config=config, llava=vlm.model, tokenizer=vlm.tokenizer, pixels=vlm.pixels,
            selector=MaskSelector(config.selector).eval(),
            sam=parts.sam if SAMS[kind] is None else SAMS[kind](),
        )  # fmt: skip
    save_parts(made, folder / "base")
    recipe = folder / "recipe.yaml"
    data = f"scenes:{scenes.path.parent}:train"
    recipe.write_text(yaml.safe_dump({"model": str(folder / "base"), "data": data}))
    torch.manual_seed(0)
    assert run(TRAIN, recipe, "--work", folder / "work", *settings()) == 0
    return Trained(kind, folder / "base", folder / "work")


def test_it_learns_by_the_recipe_and_answers(trained: Trained, scenes: SceneFolder) -> None:
    method = load_method(trained.work / "last")
    assert isinstance(method, LLMSegPipeline)
    assert method.seg_token_encoder.llava.config.model_type == trained.kind
    frame = method.encode_frame(scenes[0].image)
    answers = method.segment_batch(frame, QUESTIONS)
    assert len(answers[0].candidates) > 0
    assert not torch.equal(answers[0].candidates.iop, answers[1].candidates.iop)
    for text, answer in zip(QUESTIONS, answers, strict=True):
        alone = method.segment(frame, text)
        torch.testing.assert_close(alone.candidates.iop, answer.candidates.iop)


def test_only_lora_embeddings_and_head_of_it_have_learnt(trained: Trained) -> None:
    stored = load_file(trained.work / "last" / "adapter" / "adapter_model.safetensors")
    lora = [name for name in stored if ".lora_" in name]
    language = "text_model" if trained.kind == "smolvlm" else "language_model"
    assert len(lora) == 2 * 2 * 2
    assert all(f".{language}.layers." in name for name in lora)
    assert all(stored[name].abs().max() > 0 for name in lora)
    before = load_parts(trained.base).llava.state_dict()
    after = load_parts(trained.work / "last").llava.state_dict()
    changed = {
        name for name, value in before.items() if not torch.equal(value, after[name][: len(value)])
    }
    learns = ("q_proj.weight", "v_proj.weight", "embed_tokens.weight", "lm_head.weight")
    assert changed == {
        name for name in before
        if name.endswith(learns) and (language in name or "lm_head" in name)
    }  # fmt: skip


def test_it_is_written_whole_and_read_again(
    trained: Trained, scenes: SceneFolder, tmp_path: Path
) -> None:
    method = load_method(trained.work / "last")
    assert isinstance(method, LLMSegPipeline)
    method.save_pretrained(tmp_path / "whole")
    again = load_method(tmp_path / "whole")
    assert (tmp_path / "whole" / "vlm" / "preprocessor_config.json").is_file()
    one, other = (each.segment(each.encode_frame(scenes[0].image), QUESTIONS[0])
                  for each in (method, again))  # fmt: skip
    torch.testing.assert_close(one.candidates.iop, other.candidates.iop)
    with pytest.raises(ValueError, match="the VLM has room for"):
        load_prompt_tokens(tmp_path / "whole").check("very " * 200)


def test_it_goes_on_from_its_adapter_with_stored_proposals(
    trained: Trained, scenes: SceneFolder, tmp_path: Path
) -> None:
    data = f"scenes:{scenes.path.parent}:train"
    stored = tmp_path / "proposals"
    assert run(PROPOSALS, data, "--model", trained.work / "last", "--out", stored) == 0
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        yaml.safe_dump(
            {"model": str(trained.work / "last"), "data": data, "proposals": str(stored)}
        )
    )
    assert run(TRAIN, recipe, "--work", tmp_path / "work", *settings(steps=1)) == 0
    before, after = (
        load_file(folder / "last" / "adapter" / "adapter_model.safetensors")
        for folder in (trained.work, tmp_path / "work")
    )
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_another_family_is_named_with_the_known_ones(trained: Trained, tmp_path: Path) -> None:
    place = tmp_path / "model"
    load_method(trained.work / "last").save_pretrained(place)  # type: ignore[attr-defined]
    config = place / "vlm" / "config.json"
    config.write_text(config.read_text().replace(f'"{trained.kind}"', '"paligemma"'))
    with pytest.raises(ValueError, match=r"'paligemma'; it must be one of llava, qwen2_5_vl, "):
        load_method(place)


@pytest.mark.parametrize("kind", SAMS)
def test_a_lisa_of_another_family(kind: str, scenes: SceneFolder, tmp_path: Path) -> None:
    vlm, lisa = tiny_vlm(kind), tiny_lisa_parts()
    add_special_tokens(vlm.tokenizer, vlm.model)
    decoder = type(lisa.decoder)(lisa.sam, 32)
    made = replace(
        lisa, config=replace(lisa.config, vlm=SegTokenVlmConfig()), llava=vlm.model,
        tokenizer=vlm.tokenizer, pixels=vlm.pixels, decoder=decoder,
    )  # fmt: skip
    save_lisa(made, tmp_path / "base")
    recipe = tmp_path / "recipe.yaml"
    data = f"scenes:{scenes.path.parent}:train"
    recipe.write_text(yaml.safe_dump({"model": str(tmp_path / "base"), "data": data}))
    assert run(TRAIN, recipe, "--work", tmp_path / "work", *settings(steps=1)) == 0
    method = load_method(tmp_path / "work" / "last")
    assert isinstance(method, Lisa)
    answer = method.segment(method.encode_frame(scenes[0].image), QUESTIONS[0])
    assert answer.mask.shape == scenes[0].image.shape[:2]
    assert np.isfinite(answer.confidence)
