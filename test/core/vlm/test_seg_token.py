# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from llmseg_core.config import SegTokenConfig
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.seg_token import BUCKET, IGNORED, SegTokenEncoder

INSTRUCTIONS = ["the cup", "what can I drink from, if not the red cup?", "tool"]


@pytest.mark.parametrize(
    "config",
    [
        SegTokenConfig(system="", question="{instruction}"),
        SegTokenConfig(
            system="the", wrap_image=False, image_fit="stretch", question="{instruction}"
        ),
        SegTokenConfig(system="show the tool", image_fit="crop", question="show {instruction}"),
    ],
)
def test_cached_equals_uncached(
    parts: ModelParts, image: np.ndarray, config: SegTokenConfig
) -> None:
    encoder = SegTokenEncoder(parts.llava, parts.tokenizer, config)
    cached = encoder.encode_instructions(encoder.encode_image(image), INSTRUCTIONS)
    uncached = encoder.encode_uncached(image, INSTRUCTIONS)
    assert cached.shape == (3, 24)
    torch.testing.assert_close(cached, uncached, atol=1e-4, rtol=0)
    assert (cached[0] - cached[1]).abs().max() > 0.01


def test_prefix_is_never_changed(encoder: SegTokenEncoder, image: np.ndarray) -> None:
    prefix = encoder.encode_image(image)
    keys = [tensor.clone() for tensor in prefix.keys]
    first = encoder.encode_instructions(prefix, INSTRUCTIONS)
    again = encoder.encode_instructions(prefix, INSTRUCTIONS)
    torch.testing.assert_close(first, again, atol=0, rtol=0)
    assert prefix.length == 1 + len(encoder.tokenizer.encode("USER: ")) + 6
    for before, after in zip(keys, prefix.keys, strict=True):
        torch.testing.assert_close(before, after, atol=0, rtol=0)


def test_company_in_the_batch_does_not_matter(encoder: SegTokenEncoder, image: np.ndarray) -> None:
    prefix = encoder.encode_image(image)
    together = encoder.encode_instructions(prefix, INSTRUCTIONS)
    for text, hidden in zip(INSTRUCTIONS, together, strict=True):
        alone = encoder.encode_instructions(prefix, [text])
        torch.testing.assert_close(alone[0], hidden, atol=1e-5, rtol=0)


def test_few_shapes_reach_the_language_model(
    encoder: SegTokenEncoder, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []
    model = encoder.llava.model.language_model
    run = model.forward

    def forward(*args: object, **kwargs: torch.Tensor) -> object:
        shapes.append(tuple(kwargs["input_ids"].shape))
        return run(*args, **kwargs)

    prefix = encoder.encode_image(image)
    monkeypatch.setattr(model, "forward", forward)
    for count in range(1, 20):
        encoder.encode_instructions(prefix, ["the cup " * count])
    assert {length % BUCKET for _, length in shapes} == {0}
    assert len(set(shapes)) < 8


def test_image_matters(encoder: SegTokenEncoder, image: np.ndarray) -> None:
    one, other = (
        encoder.encode_instructions(encoder.encode_image(picture), ["the cup"])
        for picture in (image, 255 - image)
    )
    assert (one - other).abs().max() > 1e-4


def test_language_model_head_is_not_run(parts: ModelParts, image: np.ndarray) -> None:
    llava = copy.deepcopy(parts.llava)
    llava.lm_head = torch.nn.Identity()
    llava.lm_head.forward = None
    encoder = SegTokenEncoder(llava, parts.tokenizer, parts.config.seg_token)
    assert encoder.encode_instructions(encoder.encode_image(image), ["the cup"]).isfinite().all()


def test_no_instruction(encoder: SegTokenEncoder, image: np.ndarray) -> None:
    assert encoder.encode_instructions(encoder.encode_image(image), []).shape == (0, 24)


def test_too_long_an_instruction(encoder: SegTokenEncoder, image: np.ndarray) -> None:
    prefix = encoder.encode_image(image)
    with pytest.raises(ValueError, match=r"take \d+ tokens, the VLM has room for \d+"):
        encoder.encode_instructions(prefix, ["cup " * 60])


def test_only_the_answer_is_scored(encoder: SegTokenEncoder) -> None:
    batch = encoder.training_batch(["the cup", "the red cup"], ["Sure, it is [SEG].", "[SEG]."])
    decode = encoder.tokenizer.decode
    scored = [
        decode(ids[labels != IGNORED])
        for ids, labels in zip(batch.input_ids, batch.labels, strict=True)
    ]
    assert scored == [" sure, it is [SEG].</s>", " [SEG].</s>"]
    rows = torch.arange(2)
    assert batch.input_ids[rows, batch.seg_positions + 1].tolist() == [encoder.seg_token_id] * 2
    torch.testing.assert_close(
        batch.labels[batch.labels != IGNORED], batch.input_ids[batch.labels != IGNORED]
    )


def test_training_pass_equals_inference_and_transformers(
    encoder: SegTokenEncoder, image: np.ndarray
) -> None:
    pictures = [image, 255 - image]
    pixel_values = torch.cat([encoder.pixel_values(picture) for picture in pictures])
    image_index = torch.tensor([0, 1, 0])
    batch = encoder.training_batch(INSTRUCTIONS, ["[SEG].", "Sure, [SEG].", "[SEG]."])
    with torch.no_grad():
        output = encoder(pixel_values, image_index, batch)
        reference = encoder.llava(
            input_ids=batch.input_ids, pixel_values=pixel_values[image_index], labels=batch.labels
        )
    loss = F.cross_entropy(output.logits, output.labels)
    torch.testing.assert_close(loss, reference.loss, atol=1e-5, rtol=0)
    expected = encoder.encode_instructions(encoder.encode_image(image), [INSTRUCTIONS[2]])
    torch.testing.assert_close(output.hidden[2], expected[0], atol=1e-4, rtol=0)


def test_gradients_reach_vision_and_text(parts: ModelParts, image: np.ndarray) -> None:
    llava = copy.deepcopy(parts.llava)
    encoder = SegTokenEncoder(llava, parts.tokenizer, parts.config.seg_token)
    batch = encoder.training_batch(["the cup"], ["[SEG]."])
    encoder(encoder.pixel_values(image), torch.tensor([0]), batch).hidden.square().sum().backward()
    vision = llava.model.vision_tower.embeddings.patch_embedding.weight
    assert vision.grad.abs().max() > 0
    assert llava.model.language_model.layers[0].self_attn.q_proj.weight.grad.abs().max() > 0


def test_tokenizer_without_the_seg_token_is_refused(parts: ModelParts) -> None:
    llava = copy.deepcopy(parts.llava)
    llava.config.image_token_index = 0
    with pytest.raises(ValueError, match="image_token_index is 0"):
        SegTokenEncoder(llava, parts.tokenizer, parts.config.seg_token)
    llava.resize_token_embeddings(5, mean_resizing=False)
    with pytest.raises(ValueError, match=r"id of \[SEG\] is 7, it must be one of the VLM's 5"):
        SegTokenEncoder(llava, parts.tokenizer, parts.config.seg_token)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(
    parts: ModelParts, encoder: SegTokenEncoder, image: np.ndarray, dtype: torch.dtype
) -> None:
    half = SegTokenEncoder(
        copy.deepcopy(parts.llava).to(dtype), parts.tokenizer, parts.config.seg_token
    )
    hidden = half.encode_instructions(half.encode_image(image), INSTRUCTIONS)
    assert hidden.dtype == dtype
    exact = encoder.encode_instructions(encoder.encode_image(image), INSTRUCTIONS)
    assert F.cosine_similarity(hidden.float(), exact).min() > 0.99
