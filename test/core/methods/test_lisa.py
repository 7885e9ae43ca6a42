# SPDX-License-Identifier: Apache-2.0
"""LISA: what it draws, what it refuses, where it is kept. That it is the released one is tested
with its conversion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from helpers.counting import count_calls
from helpers.other_device import OTHER, other_device
from helpers.tiny_lisa import save_tiny_lisa, tiny_lisa_parts
from llmseg_core import RuntimeConfig, SelectionConfig, load_method
from llmseg_core.methods.lisa import Lisa
from llmseg_core.methods.method import inspect_method
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.model_dir.weights_digest import model_digest
from llmseg_core.vlm.prompts import UnaskableError

TEXTS = ["the red cup", "what can I drink from?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It may not be changed."""
    return save_tiny_lisa(tmp_path_factory.mktemp("models") / "lisa")


@pytest.fixture(scope="module")
def method(folder: Path) -> Lisa:
    loaded = load_method(folder)
    assert isinstance(loaded, Lisa)
    return loaded


def test_one_mask_an_instruction(method: Lisa, image: np.ndarray) -> None:
    """The mask is where the decoder's logits, resized as SAM does, are above 0."""
    frame = method.encode_frame(image)
    answers = method.segment_batch(frame, TEXTS)
    hidden = method.seg_token_encoder.encode_uncached(image, TEXTS)
    low, _ = method.draw(frame.image, hidden)
    for answer, logits in zip(answers, low, strict=True):
        full = torch.nn.functional.interpolate(logits[None, None], (64, 64), mode="bilinear")
        full = torch.nn.functional.interpolate(full[..., :48, :64], (48, 64), mode="bilinear")[0, 0]
        sure = full.abs() > 1e-4
        assert 0 < (full > 0).float().mean() < 1
        assert torch.equal(torch.from_numpy(answer.mask)[sure], (full > 0)[sure])
        assert answer.found
        assert answer.confidence == pytest.approx(float(full[full > 0].sigmoid().mean()), abs=1e-4)
        assert answer.candidates.score.tolist() == pytest.approx([answer.confidence])
        assert answer.candidates.iop.isnan().all()
        assert (answer.method, answer.phrase, answer.reason) == ("lisa", "", "")
    assert list(answers[0].timings_ms) == [
        "image_prefix", "segmenter_image", "seg_token", "drawing",
    ]  # fmt: skip


def test_another_instruction_encodes_no_image(method: Lisa, image: np.ndarray) -> None:
    networks = (
        method.segmenter.model.vision_encoder.patch_embed,
        method.seg_token_encoder.llava.model.vision_tower,
    )
    with count_calls(*networks) as counts:
        frame = method.encode_frame(image)
        for text in TEXTS:
            method.segment(frame, text)
    assert counts == [1, 1]


def test_nothing_is_found_where_nothing_is_drawn_or_little_is_sure(image: np.ndarray) -> None:
    parts = tiny_lisa_parts()
    unsure = Lisa(parts)
    frame = unsure.encode_frame(image)
    refused = unsure.segment(frame, TEXTS[0], SelectionConfig(min_confidence=1.0))
    assert not refused.found
    assert not refused.mask.any()
    assert refused.reason == f"confidence {refused.confidence:.2f} is below 1"
    assert len(refused.candidates) == 1
    for network in parts.decoder.mask_decoder.output_hypernetworks_mlps:
        torch.nn.init.zeros_(network.proj_out.weight)
        torch.nn.init.zeros_(network.proj_out.bias)
    empty = unsure.segment(frame, TEXTS[0])
    assert not empty.found
    assert (empty.confidence, len(empty.candidates)) == (0, 0)
    assert empty.reason == (
        "the mask that was drawn has no pixel; this method is not taught that nothing may fit"
    )


def test_what_cannot_be_asked(method: Lisa, image: np.ndarray) -> None:
    frame = method.encode_frame(image)
    for text, message in ((" ", "is empty"), ("[SEG]", "must not contain"), ("cup " * 99, "room")):
        with pytest.raises(UnaskableError, match=message):
            method.segment(frame, text)
    with pytest.raises(ValueError, match="uint8"):
        method.encode_frame(image.astype(np.float32))


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 3)])
def test_odd_sizes(method: Lisa, size: tuple[int, int]) -> None:
    frame = method.encode_frame(np.full((*size, 3), 9, np.uint8))
    assert method.segment(frame, TEXTS[0]).mask.shape == size


@pytest.mark.usefixtures("fast_halves")
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision(folder: Path, image: np.ndarray, dtype: str) -> None:
    half = load_method(folder, RuntimeConfig(dtype=dtype))
    assert isinstance(half, Lisa)
    assert {each.dtype for each in half.decoder.parameters()} == {getattr(torch, dtype)}
    answer = half.segment(half.encode_frame(image), TEXTS[0])
    assert 0.5 <= answer.confidence <= 1


def test_everything_is_on_one_device(image: np.ndarray) -> None:
    parts = tiny_lisa_parts()
    wanted = Lisa(parts).segment(Lisa(parts).encode_frame(image), TEXTS[0])
    with other_device():
        there = replace(
            parts, sam=parts.sam.to(OTHER), llava=parts.llava.to(OTHER),
            decoder=parts.decoder.to(OTHER),
        )  # fmt: skip
        method = Lisa(there)
        assert method.device == OTHER
        answer = method.segment(method.encode_frame(image), TEXTS[0])
    assert np.array_equal(answer.mask, wanted.mask)


def test_sam_is_shared_and_its_own_decoder_stays(folder: Path, image: np.ndarray) -> None:
    shared = SharedNetworks()
    one, other = (load_method(folder, shared=shared) for _ in range(2))
    assert isinstance(one, Lisa)
    assert isinstance(other, Lisa)
    assert one.segmenter.model is other.segmenter.model
    assert one.decoder.mask_decoder is not one.segmenter.model.mask_decoder


def test_what_it_is(method: Lisa) -> None:
    described = method.description
    assert (described.name, described.takes_questions) == ("lisa", True)
    assert described.selection == ("min_confidence",)
    assert "nothing" in described.understands
    assert (method.trouble, method.profile) == ("", "tiny")


def test_a_digest_knows_the_weights(folder: Path, tmp_path: Path) -> None:
    copy = Path(copytree(folder, tmp_path / "copy"))
    assert model_digest(copy) == model_digest(folder)
    weights = load_file(copy / "lisa.safetensors")
    weights["seg_projection.0.bias"] += 1
    save_file(weights, copy / "lisa.safetensors")
    assert model_digest(copy) != model_digest(folder)


def drop_bias(folder: Path) -> None:
    weights = load_file(folder / "lisa.safetensors")
    weights["more"] = weights.pop("seg_projection.0.bias")
    save_file(weights, folder / "lisa.safetensors")


def write(folder: Path, **settings: object) -> None:
    values = yaml.safe_load((folder / "llmseg.yaml").read_text()) | settings
    (folder / "llmseg.yaml").write_text(yaml.safe_dump(values))


@pytest.mark.parametrize(
    ("change", "message", "seen_early"),
    [
        (drop_bias, r"missing seg_projection.0.bias; unexpected more", False),
        (lambda to: (to / "lisa.safetensors").write_bytes(b"x"), "lisa.safetensors is dam", False),
        (lambda to: (to / "lisa.safetensors").unlink(), "it has no lisa.safetensors", True),
        (lambda to: (to / "sam" / "config.json").unlink(), "sam is not whole", True),
        (lambda to: write(to, llava="nowhere"), "nowhere is missing", True),
        (lambda to: write(to, adapter="nowhere"), "nowhere is missing", True),
        (lambda to: write(to, selector={}), "has the unknown key 'selector'", True),
        (lambda to: write(to, sam=3), "sam is 3, it must be a text", True),
    ],
)
def test_what_is_wrong_is_named(
    folder: Path, tmp_path: Path, change: Callable[[Path], object], message: str, seen_early: bool
) -> None:
    copy = Path(copytree(folder, tmp_path / "copy"))
    change(copy)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_method(copy)
    if seen_early:
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            inspect_method(copy)
