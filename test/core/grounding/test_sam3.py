# SPDX-License-Identifier: Apache-2.0
"""SAM 3 on random weights gives what transformers' own pipeline gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.image_utils import IMAGENET_STANDARD_MEAN

from helpers.counting import count_calls
from helpers.other_device import OTHER, other_device
from helpers.tiny_locators import word_tokenizer
from helpers.tiny_sam3 import SIDE, tiny_sam3
from llmseg_core.grounding.sam3 import Sam3Concepts, sam3_pixels


@pytest.fixture(scope="module")
def concepts() -> Sam3Concepts:
    return Sam3Concepts(tiny_sam3(), word_tokenizer(), score_threshold=0.0)


def wanted(
    concepts: Sam3Concepts, image: np.ndarray, phrase: str, threshold: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """transformers' forward pass of pixels and words, then the processor's post-processing."""
    words = concepts.tokenizer(phrase, padding="max_length", max_length=32, return_tensors="pt")
    with torch.inference_mode():
        output = concepts.model(
            pixel_values=sam3_pixels(image, SIDE),
            input_ids=words["input_ids"],
            attention_mask=words["attention_mask"],
        )
    scores = output.pred_logits.sigmoid() * output.presence_logits.sigmoid()
    keep = scores[0] > threshold
    masks = torch.nn.functional.interpolate(
        output.pred_masks.sigmoid(), image.shape[:2], mode="bilinear", align_corners=False
    )
    return scores[0][keep], masks[0][keep]


@pytest.mark.parametrize("phrase", ["red cup", "the book"])
def test_it_is_transformers_own(concepts: Sam3Concepts, image: np.ndarray, phrase: str) -> None:
    found = concepts.find(concepts.look(image), phrase)
    scores, masks = wanted(concepts, image, phrase, 0.0)
    order = scores.argsort(descending=True, stable=True)
    assert len(found.drawn.masks) == 6
    torch.testing.assert_close(found.drawn.predicted_iou, scores[order], atol=1e-4, rtol=0)
    sure = (masks[order] - 0.5).abs() > 1e-4
    assert torch.equal(found.drawn.masks[sure], (masks[order] > 0.5)[sure])
    assert 0.05 < float(found.drawn.masks.float().mean()) < 0.95
    assert 0 < found.presence < 1


def test_the_threshold_is_of_score_times_presence(image: np.ndarray) -> None:
    all_of_them = Sam3Concepts(tiny_sam3(), word_tokenizer(), 0.0)
    scores = all_of_them.find(all_of_them.look(image), "red cup").drawn.predicted_iou
    middle = float(scores[2] + scores[3]) / 2
    half = Sam3Concepts(all_of_them.model, all_of_them.tokenizer, middle)
    found = half.find(half.look(image), "red cup")
    assert torch.equal(found.drawn.predicted_iou, scores[:3])
    for wrong in (-0.1, 2, float("nan")):
        with pytest.raises(ValueError, match=f"score_threshold is {wrong}, it must be in"):
            Sam3Concepts(all_of_them.model, all_of_them.tokenizer, wrong)


def test_an_image_is_encoded_once_for_all_phrases(
    concepts: Sam3Concepts, image: np.ndarray
) -> None:
    with count_calls(concepts.model.vision_encoder) as counts:
        seen = concepts.look(image)
        first, second, again = (
            concepts.find(seen, each) for each in ("red cup", "book", "red cup")
        )
        assert counts == [1]
    assert torch.equal(first.drawn.masks, again.drawn.masks)
    assert first.presence == again.presence
    assert not torch.equal(first.drawn.predicted_iou, second.drawn.predicted_iou)


def test_pixels_are_from_minus_one_to_one() -> None:
    """As SAM 3's processor, whose mean and deviation are one half."""
    assert tuple(IMAGENET_STANDARD_MEAN) == (0.5, 0.5, 0.5)
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, 15:] = 255
    pixels = sam3_pixels(image, 28)
    assert pixels.shape == (1, 3, 28, 28)
    assert (float(pixels[..., :10].max()), float(pixels[..., 18:].min())) == (-1, 1)
    same = np.random.default_rng(0).integers(0, 255, (28, 28, 3), dtype=np.uint8)
    exact = torch.from_numpy(same).permute(2, 0, 1)[None] / 127.5 - 1
    torch.testing.assert_close(sam3_pixels(same, 28), exact, atol=1e-6, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(image: np.ndarray, dtype: torch.dtype) -> None:
    half = Sam3Concepts(tiny_sam3().to(dtype), word_tokenizer(), 0.0)
    found = half.find(half.look(image), "red cup")
    assert found.drawn.predicted_iou.isfinite().all()
    assert 0 < found.presence < 1


def test_everything_is_on_one_device(concepts: Sam3Concepts, image: np.ndarray) -> None:
    here = concepts.find(concepts.look(image), "red cup")
    with other_device():
        there = Sam3Concepts(tiny_sam3().to(OTHER), word_tokenizer(), 0.0)
        found = there.find(there.look(image), "red cup")
        scores = found.drawn.predicted_iou.cpu()
    torch.testing.assert_close(scores, here.drawn.predicted_iou, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 3)])
def test_odd_sizes(concepts: Sam3Concepts, size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 9, np.uint8)
    assert concepts.find(concepts.look(image), "cup").drawn.masks.shape[1:] == size


def test_long_phrases_are_refused(concepts: Sam3Concepts, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"takes 42 tokens, SAM 3 has room for 32"):
        concepts.find(concepts.look(image), "cup " * 40)
