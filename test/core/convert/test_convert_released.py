# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from helpers import released_reference as reference
from helpers.released_files import ADDED, SIZES, ReleasedFiles, write_released
from helpers.released_reference import Weights
from helpers.tiny_model import tiny_parts
from llmseg_core import LLMSegPipeline, Proposals
from llmseg_core.cli.main import main
from llmseg_core.convert.convert_released import ALPHA, Conversion, convert_released

QUESTIONS = [
    "Which red cup could hold tea?",
    "Where would a guest, who is thirsty, find something to drink? ",
]


def convert(files: ReleasedFiles, out: Path, **options: object) -> Conversion:
    return convert_released(files.checkpoint, files.llava, files.sam, files.dinov2, out, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ReleasedFiles:
    """A checkpoint that holds the frozen networks too."""
    return write_released(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> ReleasedFiles:
    """A checkpoint of the trained weights alone, with other wrappers around their names."""
    return write_released(
        tmp_path_factory.mktemp("trained"), prefix="module.base_model.model.", frozen=False, seed=5
    )


@pytest.fixture
def picture() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.kron(rng.integers(0, 256, (9, 13, 3)), np.ones((11, 11, 1))).astype(np.uint8)


@pytest.fixture
def proposals(picture: np.ndarray) -> Proposals:
    masks = torch.zeros(5, *picture.shape[:2], dtype=torch.bool)
    masks[0, 3:60, 10:130] = True
    masks[1, 50:99, 0:40] = True
    masks[2, 20:30, 100:143] = True
    masks[3, 60:63, 70:75] = True
    masks[4, 98, 142] = True
    return Proposals.from_masks(masks)


def converted_scores(
    model: Path, picture: np.ndarray, proposals: Proposals
) -> tuple[torch.Tensor, torch.Tensor]:
    """(R, K) similarity and IoP of the questions."""
    pipeline = LLMSegPipeline.from_pretrained(model)
    encoder = pipeline.seg_token_encoder
    hidden = encoder.encode_instructions(encoder.encode_image(picture), QUESTIONS)
    known = pipeline.selector.embed_proposals(pipeline.mask_embedder(picture, proposals))
    scores = pipeline.selector.score(known, hidden)
    return scores.iou_score, scores.iop


def released_scores(
    files: ReleasedFiles, picture: np.ndarray, proposals: Proposals, sizes: reference.Sizes = SIZES
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same by the released model's mathematics."""
    w = files.weights
    pixels = reference.dino_input(picture, sizes.dino_pixels)
    feature_map = reference.dinov2(w, pixels, sizes.dino_heads)
    masks = reference.mask_embeddings(w, feature_map, proposals.masks)
    rows = []
    for question in QUESTIONS:
        text = f"{question.strip()} Please output segmentation mask."
        hidden = reference.seg_hidden(w, picture, text, files.tokenizer, ADDED, sizes)
        rows.append(reference.scores(w, masks, hidden, sizes.fusion_heads))
    return torch.stack([row[0] for row in rows]), torch.stack([row[1] for row in rows])


@pytest.mark.parametrize("variant", ["whole", "trained"])
def test_scores_are_the_released_models(
    variant: str,
    request: pytest.FixtureRequest,
    picture: np.ndarray,
    proposals: Proposals,
    tmp_path: Path,
) -> None:
    files: ReleasedFiles = request.getfixturevalue(variant)
    done = convert(files, tmp_path / "model")
    source = "checkpoint" if variant == "whole" else "folder"
    assert done.sources == {
        "language model": source, "projector": source, "clip": source, "dinov2": source,
        "sam": "folder",
    }  # fmt: skip
    assert (done.lora, done.unused) == (4, 3 if variant == "whole" else 0)
    assert done.added == {"[SEG]": 401, "<im_start>": 402, "<im_end>": 403, "<image>": 404}

    similarity, iop = converted_scores(tmp_path / "model", picture, proposals)
    wanted_similarity, wanted_iop = released_scores(files, picture, proposals)
    torch.testing.assert_close(similarity, wanted_similarity, atol=1e-4, rtol=0)
    torch.testing.assert_close(iop, wanted_iop, atol=1e-4, rtol=0)
    # The comparison means something only if scores differ, by proposal and by question.
    assert wanted_similarity.std(1).min() > 0.01
    assert (wanted_similarity[0] - wanted_similarity[1]).abs().max() > 0.01
    unadapted, _ = released_scores(files, picture, proposals, replace(SIZES, lora_alpha=0))
    assert (unadapted - wanted_similarity).abs().max() > 0.01


def test_a_transformers_folder_of_llava_v1_gives_the_same(
    trained: ReleasedFiles, picture: np.ndarray, proposals: Proposals, tmp_path: Path
) -> None:
    convert(trained, tmp_path / "first")
    # The written model's own `llava/` is such a folder; its LoRA is merged already, but the
    # checkpoint's frozen weights are not in it: so those of a model without LoRA are taken.
    convert(trained, tmp_path / "base", alpha=0.0)
    folder = replace(trained, llava=tmp_path / "base" / "llava")
    done = convert(folder, tmp_path / "second")
    assert done.added == {}
    one, other = (
        converted_scores(tmp_path / name, picture, proposals) for name in ("first", "second")
    )
    torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def changed(files: ReleasedFiles, folder: Path, change: Callable[[Weights], object]) -> Path:
    """A copy of the checkpoint's weights after `change`."""
    module = torch.load(files.file, weights_only=True)["module"]
    change(module)
    torch.save(module, folder / "weights.pt")
    return folder / "weights.pt"


def test_every_missing_and_unexpected_weight_is_named(whole: ReleasedFiles, tmp_path: Path) -> None:
    prefix = "base_model.model.model."

    def spoil(module: Weights) -> None:
        module[f"{prefix}lisa_extra.weight"] = module.pop(f"{prefix}lisa_iou_head.2.bias")
        del module[f"{prefix}layers.1.mlp.up_proj.weight"]
        del module[f"{prefix}mm_projector.bias"]
        for factor in "AB":
            del module[f"{prefix}layers.0.self_attn.v_proj.lora_{factor}.default.weight"]
        module[f"{prefix}layers.7.norm.weight"] = torch.zeros(2)

    file = changed(whole, tmp_path, spoil)
    with pytest.raises(ValueError) as caught:
        convert(replace(whole, checkpoint=file), tmp_path / "model")
    message = str(caught.value)
    missing, unexpected = message.split("missing ")[1].split("; unexpected ")
    assert missing.split(", ") == [
        "layers.0.self_attn.v_proj.lora_A.default.weight",
        "layers.0.self_attn.v_proj.lora_B.default.weight",
        "layers.1.mlp.up_proj.weight",
        "lisa_iou_head.2.bias",
        "mm_projector.bias",
    ]
    assert unexpected.split(", ") == ["layers.7.norm.weight", "lisa_extra.weight"]
    assert not (tmp_path / "model").exists()


def test_wrong_shape_is_named(whole: ReleasedFiles, tmp_path: Path) -> None:
    name = "base_model.model.model.lisa_final_attn.q_proj.bias"
    file = changed(whole, tmp_path, lambda module: module.update({name: torch.zeros(7)}))
    with pytest.raises(ValueError, match=r"lisa_final_attn\.q_proj\.bias has shape \(7,\)"):
        convert(replace(whole, checkpoint=file), tmp_path / "model")


def test_another_vocabulary_is_refused(
    whole: ReleasedFiles, trained: ReleasedFiles, tmp_path: Path
) -> None:
    llava = Path(shutil.copytree(whole.llava, tmp_path / "llava"))
    (llava / "added_tokens.json").unlink()
    with pytest.raises(ValueError, match=r"embeddings for 404 tokens.*has 403.*\[SEG\]"):
        convert(replace(whole, llava=llava), tmp_path / "model")


def test_llava_of_a_later_version_is_refused(trained: ReleasedFiles, tmp_path: Path) -> None:
    later = tmp_path / "llava"
    parts = tiny_parts()
    parts.llava.save_pretrained(later)
    parts.tokenizer.save_pretrained(later)
    with pytest.raises(ValueError, match="projector of two layers"):
        convert(replace(trained, llava=later), tmp_path / "model")


def test_nothing_in_the_file_is_executed(whole: ReleasedFiles, tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    torch.save({"module": {}, "path": Path("surprise")}, file)
    with pytest.raises(ValueError, match="cannot be read as plain weights"):
        convert(replace(whole, checkpoint=file), tmp_path / "model")


def test_the_command_converts(
    trained: ReleasedFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "convert", "--released", str(trained.file), "--llava", str(trained.llava),
        "--sam", str(trained.sam), "--dinov2", str(trained.dinov2), "--dtype", "float16",
    ]  # fmt: skip
    assert main([*arguments, "--out", str(tmp_path / "model")]) == 0
    printed = capsys.readouterr().out
    assert "4 LoRA pairs merged" in printed
    assert "new token [SEG] is 401" in printed
    stored = load_file(tmp_path / "model" / "llava" / "model.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}

    assert main([*arguments, "--out", str(trained.llava)]) == 2
    assert "holds no llmseg.yaml" in capsys.readouterr().err

    for scale in ("nan", "0", "inf"):
        code = main([*arguments, "--out", str(tmp_path / "model"), "--lora-alpha", scale])
        assert code == 2
        assert "--lora-alpha is " in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        main(["convert", "--help"])
    assert f"(default: {ALPHA:g}, the" in capsys.readouterr().out
