# SPDX-License-Identifier: Apache-2.0
"""VLMs other than LLaVA that carry a seg token, by transformers' own classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F
from transformers import CLIPConfig, CLIPModel
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

from helpers.counting import count_calls
from helpers.other_device import OTHER, other_device
from helpers.tiny_vlms import TinyVlm, tiny_vlm
from llmseg_core.config import SegTokenConfig
from llmseg_core.vlm.families import image_vlm_of
from llmseg_core.vlm.prompts import UnaskableError
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_core.vlm.smolvlm import ALONE, SmolVlmPixels
from llmseg_core.vlm.tokenizer import add_special_tokens

KINDS = ("qwen2_5_vl", "qwen3_vl", "smolvlm")
INSTRUCTIONS = ["the cup", "what can I drink from, if not the red cup?", "tool"]


def encoder_of(vlm: TinyVlm) -> SegTokenEncoder:
    assert add_special_tokens(vlm.tokenizer, vlm.model) == 1
    return SegTokenEncoder(vlm.model, vlm.tokenizer, SegTokenConfig(), vlm.pixels)


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest) -> SegTokenEncoder:
    """It may not be changed."""
    return encoder_of(tiny_vlm(request.param))


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """Of different sizes."""
    rng = np.random.default_rng(0)
    sizes = ((48, 80, 3), (90, 40, 3), (30, 30, 3))
    return [rng.integers(0, 255, size, dtype=np.uint8) for size in sizes]


def test_cached_equals_uncached(encoder: SegTokenEncoder, pictures: list[np.ndarray]) -> None:
    found = []
    for picture in pictures:
        found.append(encoder.encode_instructions(encoder.encode_image(picture), INSTRUCTIONS))
        wanted = encoder.encode_uncached(picture, INSTRUCTIONS)
        assert found[-1].shape == (3, 32)
        torch.testing.assert_close(found[-1], wanted, atol=1e-4, rtol=1e-4)
    assert (found[0][0] - found[0][1]).abs().max() > 0.01
    assert (found[0] - found[1]).abs().max() > 1e-3


def test_a_training_pass_looks_at_each_image_once(
    encoder: SegTokenEncoder, pictures: list[np.ndarray]
) -> None:
    seen, image_index = [encoder.pixels.see(picture) for picture in pictures], [0, 2, 0, 1]
    asked = [*INSTRUCTIONS, INSTRUCTIONS[1]]
    grids = [seen[image].grid for image in image_index]
    batch = encoder.training_batch(asked, ["[SEG].", "Sure, [SEG].", "[SEG].", "[SEG]."], grids)
    network = encoder.vlm.model.model
    vision = getattr(network, "visual", None) or network.vision_model
    with torch.no_grad(), count_calls(vision) as counts:
        spoken = encoder(
            torch.cat([each.pixels for each in seen]), torch.tensor(image_index), batch,
            [each.grid for each in seen],
        )  # fmt: skip
        assert counts == [1]
    for row, text in ((0, INSTRUCTIONS[0]), (2, INSTRUCTIONS[2]), (3, INSTRUCTIONS[1])):
        wanted = encoder.encode_uncached(pictures[image_index[row]], [text])[0]
        torch.testing.assert_close(spoken.hidden[row], wanted, atol=1e-4, rtol=1e-4)
    texts = [encoder.tokenizer.decode(spoken.labels)]
    end = encoder.tokenizer.eos_token
    assert texts[0].replace(" ", "") == f"[SEG].{end}Sure,[SEG].{end}[SEG].{end}[SEG].{end}"


def test_an_instruction_costs_no_look_at_the_image(
    encoder: SegTokenEncoder, pictures: list[np.ndarray]
) -> None:
    network = encoder.vlm.model.model
    with count_calls(getattr(network, "visual", None) or network.vision_model) as counts:
        prefix = encoder.encode_image(pictures[0])
        keys = [tensor.clone() for tensor in prefix.keys]
        first = encoder.encode_instructions(prefix, INSTRUCTIONS)
        assert torch.equal(encoder.encode_instructions(prefix, INSTRUCTIONS), first)
        assert counts == [1]
    assert all(map(torch.equal, keys, prefix.keys))


def test_marks_of_the_conversation_are_refused(encoder: SegTokenEncoder) -> None:
    for mark in ("[SEG]", "<|im_start|>", encoder.prompts.conversation.image_token):
        with pytest.raises(UnaskableError, match="must not"):
            encoder.prompts.check(f"the cup {mark} left")
    with pytest.raises(UnaskableError, match="the VLM has room for"):
        encoder.prompts.check("very " * 200)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_finite_and_near(pictures: list[np.ndarray], dtype: torch.dtype) -> None:
    for kind in KINDS:
        exact, half = encoder_of(tiny_vlm(kind)), tiny_vlm(kind)
        half.model.to(dtype)
        near = encoder_of(half)
        hidden = near.encode_instructions(near.encode_image(pictures[0]), INSTRUCTIONS)
        assert hidden.dtype == dtype
        wanted = exact.encode_instructions(exact.encode_image(pictures[0]), INSTRUCTIONS)
        assert F.cosine_similarity(hidden.float(), wanted).min() > 0.9


def test_on_another_device(pictures: list[np.ndarray]) -> None:
    for kind in KINDS:
        here, there = encoder_of(tiny_vlm(kind)), tiny_vlm(kind)
        wanted = here.encode_instructions(here.encode_image(pictures[0]), INSTRUCTIONS)
        with other_device():
            there.model.to(OTHER)
            moved = encoder_of(there)
            hidden = moved.encode_instructions(moved.encode_image(pictures[0]), INSTRUCTIONS)
            assert hidden.device == OTHER
            torch.testing.assert_close(hidden.cpu(), wanted, atol=1e-4, rtol=1e-4)


def test_another_family_is_refused() -> None:
    with torch.device("meta"):
        model = CLIPModel(CLIPConfig())
    with pytest.raises(ValueError, match=r"'clip', it must be one of llava, qwen2_5_vl, qwen3_vl"):
        image_vlm_of(model)


@pytest.mark.parametrize("size", [(48, 80), (90, 40), (30, 30), (7, 200)])
@pytest.mark.parametrize("pixels", [
    SmolVlmPixels(32, 96), SmolVlmPixels(32, 32), SmolVlmPixels(32, 96, split=False),
])  # fmt: skip
def test_smolvlm_sees_what_its_processor_shows(
    size: tuple[int, int], pixels: SmolVlmPixels
) -> None:
    image = np.random.default_rng(1).integers(0, 255, (*size, 3), dtype=np.uint8)
    processor = SmolVLMImageProcessorPil(**pixels.settings())
    made = processor(Image.fromarray(image), return_tensors="pt", return_row_col_info=True)
    seen = pixels.see(image)
    torch.testing.assert_close(seen.pixels, made["pixel_values"][0], atol=1e-6, rtol=0)
    assert seen.grid == (made["rows"][0][0], made["cols"][0][0])
    assert SmolVlmPixels.from_settings(processor.to_dict()) == pixels
    vlm = tiny_vlm("smolvlm")
    conversation = encoder_of(vlm).prompts.conversation
    tiles = get_image_prompt_string(
        *seen.grid, 4, "<fake_token_around_image>", "<image>", "<global-img>"
    )
    wanted = vlm.tokenizer.encode(f"<|im_start|>User:{tiles}", add_special_tokens=False)
    assert conversation.prefix_ids(vlm.tokenizer, seen.grid) == wanted


def test_limits_of_pixels() -> None:
    settings = SmolVlmPixels(512, 2048).settings()
    for most, longest, grid in ((10**6, 1000, (2, 2)), (1000, 512, ALONE), (None, 2048, (4, 4))):
        pixels = SmolVlmPixels.from_settings(settings, most)
        assert (pixels.longest_side, pixels.longest_grid) == (longest, grid)
