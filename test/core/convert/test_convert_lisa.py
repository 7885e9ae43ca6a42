# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from helpers.counting import count_calls
from helpers.lisa_files import LisaFiles, lisa_logits, write_lisa
from helpers.released_reference import Weights
from helpers.tiny_model import tiny_parts
from llmseg_core import load_method
from llmseg_core.cli.main import main
from llmseg_core.convert.convert_lisa import convert_lisa
from llmseg_core.methods.lisa import Lisa

QUESTIONS = ["Which red cup could hold tea?", "Where would a guest find something to drink?"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> LisaFiles:
    return write_lisa(tmp_path_factory.mktemp("lisa"), seed=1)


@pytest.fixture(scope="module")
def model(files: LisaFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted") / "model"
    done = convert_lisa(files.folder, folder)
    assert (done.folder, done.unused) == (files.folder, 1)
    return folder


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.kron(rng.integers(0, 256, (9, 13, 3)), np.ones((11, 11, 1))).astype(np.uint8)


def test_masks_are_the_released_models(files: LisaFiles, model: Path, picture: np.ndarray) -> None:
    method = load_method(model)
    assert isinstance(method, Lisa)
    frame = method.encode_frame(picture)
    prefix = frame.parts["vlm"]
    hidden = method.seg_token_encoder.encode_instructions(prefix, QUESTIONS)
    low, _ = method.draw(frame.image, hidden)
    wanted = [lisa_logits(files, picture, question) for question in QUESTIONS]
    for ours, theirs in zip(low, wanted, strict=True):
        torch.testing.assert_close(method.logits(frame.image, ours), theirs, atol=1e-4, rtol=0)
    answers = method.segment_batch(frame, QUESTIONS)
    for answer, theirs in zip(answers, wanted, strict=True):
        assert (answer.mask ^ (theirs > 0).numpy())[theirs.abs() > 1e-4].sum() == 0
        assert answer.confidence == pytest.approx(
            float(theirs[theirs > 0].sigmoid().mean()), abs=1e-4
        )
    # The comparison means something only if masks are neither empty nor full, and differ.
    assert all(0.02 < answer.mask.mean() < 0.98 for answer in answers)
    assert (wanted[0] - wanted[1]).abs().max() > 0.01


def test_an_image_is_encoded_once(model: Path, picture: np.ndarray) -> None:
    method = load_method(model)
    assert isinstance(method, Lisa)
    vlm = method.seg_token_encoder.llava.model
    networks = (method.segmenter.model.vision_encoder.patch_embed, vlm.vision_tower)
    with count_calls(*networks) as counts:
        frame = method.encode_frame(picture)
        first = method.segment(frame, QUESTIONS[0])
        both = method.segment_batch(frame, QUESTIONS)
        assert counts == [1, 1]
    assert np.array_equal(first.mask, both[0].mask)
    fresh = method.segment(method.encode_frame(picture), QUESTIONS[1])
    assert np.array_equal(fresh.mask, both[1].mask)
    assert method.segment_batch(frame, []) == []


def changed(files: LisaFiles, folder: Path, change: Callable[[Weights], object]) -> Path:
    """A copy of LISA's folder in one file, after `change` of its weights."""
    copy = Path(copytree(files.folder, folder / "changed"))
    module: Weights = {}
    for shard in sorted(copy.glob("pytorch_model-*.bin")):
        module |= torch.load(shard, weights_only=True)
        shard.unlink()
    change(module)
    torch.save(module, copy / "pytorch_model.bin")
    return copy


def test_every_missing_and_unexpected_weight_is_named(files: LisaFiles, tmp_path: Path) -> None:
    def spoil(module: Weights) -> None:
        module["model.text_hidden_fcs.1.weight"] = module.pop("model.text_hidden_fcs.0.2.bias")
        del module["model.layers.1.mlp.up_proj.weight"]

    with pytest.raises(ValueError) as caught:
        convert_lisa(changed(files, tmp_path, spoil), tmp_path / "model")
    missing, unexpected = str(caught.value).split("missing ")[1].split("; unexpected ")
    assert missing.split(", ") == ["layers.1.mlp.up_proj.weight", "text_hidden_fcs.0.2.bias"]
    assert unexpected.split(", ") == ["text_hidden_fcs.1.weight"]
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda module: module.pop("model.visual_model.mask_decoder.iou_token.weight"),
            r"visual_model\.\*: .*missing \['mask_decoder.iou_token.weight'\]",
        ),
        (
            lambda module: module.update({"model.visual_model.no.weight": torch.zeros(1)}),
            r"not expected \['no.weight'\]",
        ),
        (
            lambda module: module.update({"model.text_hidden_fcs.0.0.bias": torch.zeros(7)}),
            r"text_hidden_fcs.0.0.bias has shape \(7,\), the configuration says \(24,\)",
        ),
        (
            lambda module: module.update({"lm_head.weight": module["lm_head.weight"][:-1]}),
            r"lm_head.weight has shape \(404, 24\), the configuration says \(405, 24\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    files: LisaFiles, tmp_path: Path, change: Callable[[Weights], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        convert_lisa(changed(files, tmp_path, change), tmp_path / "model")


def test_a_shard_that_is_missing_shows(files: LisaFiles, tmp_path: Path) -> None:
    copy = Path(copytree(files.folder, tmp_path / "copy"))
    (copy / "pytorch_model-00002-of-00003.bin").unlink()
    with pytest.raises(ValueError, match="do not fit the configuration: missing "):
        convert_lisa(copy, tmp_path / "model")


def test_other_folders_are_refused(files: LisaFiles, tmp_path: Path) -> None:
    parts = tiny_parts()
    parts.llava.save_pretrained(tmp_path / "later")
    with pytest.raises(ValueError, match=r"is no released LISA: .* has a text_config"):
        convert_lisa(tmp_path / "later", tmp_path / "model")
    plain = Path(copytree(files.folder, tmp_path / "plain"))
    (plain / "added_tokens.json").write_text(json.dumps({"<im_patch>": 400}))
    with pytest.raises(ValueError, match=r"its tokenizer has no \[SEG\]"):
        convert_lisa(plain, tmp_path / "model")


def test_the_command_converts(
    files: LisaFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    arguments = ["convert", "--lisa", str(files.folder), "--out", str(out)]
    assert main([*arguments, "--clip", str(files.clip), "--dtype", "float16"]) == 0
    assert f"wrote {out}" in capsys.readouterr().out
    for name in ("llava/model.safetensors", "lisa.safetensors", "sam/model.safetensors"):
        stored = load_file(out / name)
        assert {value.dtype for value in stored.values()} == {torch.float16}, name
    for wrong, said in (
        ([*arguments, "--sam", "sam.pth"], "--sam does not go with --lisa"),
        ([*arguments, "--lora-alpha", "8"], "--lora-alpha does not go with --lisa"),
        (["convert", "--released", "a.pt", "--out", str(out)], "--llava is missing"),
    ):
        assert main(wrong) == 2
        assert said in capsys.readouterr().err
