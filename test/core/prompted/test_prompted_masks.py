# SPDX-License-Identifier: Apache-2.0
"""Each promptable segmenter beside transformers' own way to the same masks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from transformers import SamHQModel, SamHQProcessor, SamImageProcessorPil, SamProcessor

from helpers.counting import count_calls
from helpers.other_device import OTHER, other_device
from helpers.tiny_prompted import red_square, tiny_sam, tiny_sam2, tiny_sam_hq
from llmseg_core.prompted.masks import PromptedMasks
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.sam2 import Sam2Masks
from llmseg_core.prompted.target import Target

MAKERS: dict[str, Callable[[], PromptedMasks]] = {
    "sam": lambda: SamMasks(tiny_sam()),
    "sam_hq": lambda: SamMasks(tiny_sam_hq()),
    "sam2": lambda: Sam2Masks(tiny_sam2()),
}
BOXES = [[6.0, 8.0, 22.0, 24.0], [30.0, 0.0, 80.0, 48.0], [0.5, 3.25, 4.0, 47.0]]
POINTS = [[[10.0, 12.0], [14.0, 20.0]], [[60.0, 5.0], [70.0, 40.0]], [[1.0, 4.0], [2.0, 40.0]]]


@pytest.fixture(params=MAKERS)
def segmenter(request: pytest.FixtureRequest) -> PromptedMasks:
    torch.manual_seed(0)
    return MAKERS[request.param]()


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return red_square()


def transformers_own(
    segmenter: PromptedMasks, image: np.ndarray, boxes: object, points: object
) -> tuple[Tensor, Tensor]:
    """(N, 3, H, W) logits and (N, 3) predicted IoU by the processors of transformers.

    SAM 2's needs torchvision: its definition is written out here.
    """
    model = segmenter.model
    if isinstance(segmenter, Sam2Masks):
        resized = np.array(Image.fromarray(image).resize((64, 64), Image.Resampling.BILINEAR))
        pixels = (resized / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        scale = torch.tensor([64 / 80, 64 / 48])
        inputs = {"pixel_values": torch.from_numpy(pixels).permute(2, 0, 1)[None].float()}
        if boxes is not None:
            inputs["input_boxes"] = torch.tensor([boxes]) * scale.repeat(2)
        if points is not None:
            inputs["input_points"] = torch.tensor([points]) * scale
        output = model(**inputs)
        logits = F.interpolate(output.pred_masks[0], (48, 80), mode="bilinear")
        return logits, output.iou_scores[0]
    own = SamHQProcessor if isinstance(model, SamHQModel) else SamProcessor
    processor = own(
        SamImageProcessorPil(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})
    )
    given = {} if boxes is None else {"input_boxes": [boxes]}
    if points is not None:
        given["input_points"] = [points]
    inputs = processor(Image.fromarray(image), return_tensors="pt", **given)
    asked = {name: inputs[name] for name in ("input_boxes", "input_points") if name in inputs}
    output = model(
        pixel_values=inputs["pixel_values"],
        **{name: value.float() for name, value in asked.items()},
    )
    (logits,) = processor.image_processor.post_process_masks(
        output.pred_masks, inputs["original_sizes"], inputs["reshaped_input_sizes"], binarize=False
    )
    return logits, output.iou_scores[0]


@pytest.mark.parametrize("shown", ["boxes", "points", "both"])
@torch.inference_mode()
def test_masks_are_those_of_transformers(
    segmenter: PromptedMasks, image: np.ndarray, shown: str
) -> None:
    boxes = None if shown == "points" else BOXES
    points = None if shown == "boxes" else POINTS
    logits, scores = transformers_own(segmenter, image, boxes, points)
    best = scores.argmax(1)
    wanted = logits[torch.arange(3), best]
    targets = [
        Target(
            None if boxes is None else tuple(BOXES[index]),
            () if points is None else tuple(map(tuple, POINTS[index])),
        )
        for index in range(3)
    ]
    drawn = segmenter.draw(segmenter.encode(image), targets)
    torch.testing.assert_close(
        drawn.predicted_iou, scores[torch.arange(3), best], atol=1e-4, rtol=0
    )
    sure = wanted.abs() > 1e-4
    assert sure.float().mean() > 0.99
    assert torch.equal(drawn.masks[sure], wanted[sure] > 0)
    assert 0.01 < drawn.masks.float().mean() < 0.99


def test_targets_of_all_kinds_keep_their_order(segmenter: PromptedMasks, image: np.ndarray) -> None:
    targets = [
        Target(tuple(BOXES[0])),
        Target(None, ((10.0, 12.0),)),
        Target(tuple(BOXES[1]), ((60.0, 5.0),)),
        Target(tuple(BOXES[2])),
        Target(None, ((1.0, 4.0), (2.0, 40.0))),
    ]
    encoded = segmenter.encode(image)
    together = segmenter.draw(encoded, targets)
    for index, target in enumerate(targets):
        alone = segmenter.draw(encoded, [target])
        torch.testing.assert_close(together.predicted_iou[index], alone.predicted_iou[0])
        assert (together.masks[index] == alone.masks[0]).float().mean() > 0.999
    assert len({round(float(score), 6) for score in together.predicted_iou}) == len(targets)


def test_the_image_is_encoded_once_and_its_encoding_stays(
    segmenter: PromptedMasks, image: np.ndarray
) -> None:
    layers = segmenter.model.vision_encoder
    first = next(module for module in layers.modules() if isinstance(module, torch.nn.Conv2d))
    with count_calls(first) as counts:
        encoded = segmenter.encode(image)
        first_time = segmenter.draw(encoded, [Target(tuple(BOXES[0]))])
        segmenter.draw(encoded, [Target(tuple(BOXES[1]))])
        again = segmenter.draw(encoded, [Target(tuple(BOXES[0]))])
        assert counts == [1]
    assert torch.equal(first_time.masks, again.masks)
    assert torch.equal(first_time.predicted_iou, again.predicted_iou)


def test_nothing_shown_draws_nothing(segmenter: PromptedMasks, image: np.ndarray) -> None:
    drawn = segmenter.draw(segmenter.encode(image), [])
    assert drawn.masks.shape == (0, 48, 80)
    assert drawn.predicted_iou.shape == (0,)


def test_one_mask_instead_of_the_best_of_three(image: np.ndarray) -> None:
    torch.manual_seed(0)
    model = tiny_sam()
    target, encoded = Target(tuple(BOXES[1])), SamMasks(model).encode(image)
    single = SamMasks(model, best_of_three=False).draw(encoded, [target])
    best = SamMasks(model).draw(encoded, [target])
    with torch.inference_mode():
        _, scores = transformers_own(SamMasks(model), image, [BOXES[1]], None)
    assert float(best.predicted_iou[0]) == pytest.approx(float(scores.max()), abs=1e-5)
    assert float(single.predicted_iou[0]) not in scores[0].tolist()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_finite(
    segmenter: PromptedMasks, image: np.ndarray, dtype: torch.dtype
) -> None:
    segmenter.model.to(dtype)
    target = Target(tuple(BOXES[0]), ((10.0, 12.0),))
    drawn = segmenter.draw(segmenter.encode(image), [target, Target(tuple(BOXES[1]))])
    assert drawn.predicted_iou.dtype == torch.float32
    assert drawn.predicted_iou.isfinite().all()


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 3)])
def test_odd_sizes(segmenter: PromptedMasks, size: tuple[int, int]) -> None:
    encoded = segmenter.encode(np.full((*size, 3), 9, np.uint8))
    assert segmenter.draw(encoded, [Target((0, 0, 1, 1))]).masks.shape == (1, *size)


def test_all_that_meets_is_on_one_device(image: np.ndarray) -> None:
    """SAM's own code is free of tensors on the CPU; so must ours be around it."""
    targets = [Target(tuple(BOXES[0])), Target(None, ((10.0, 12.0),))]
    for maker in MAKERS.values():
        torch.manual_seed(0)
        segmenter = maker()
        here = segmenter.draw(segmenter.encode(image), targets)
        with other_device():
            segmenter.model.to(OTHER)
            there = type(segmenter)(segmenter.model)
            drawn = there.draw(there.encode(image), targets)
            assert drawn.masks.device == drawn.predicted_iou.device == OTHER
            masks, scores = drawn.masks.cpu(), drawn.predicted_iou.cpu()
        torch.testing.assert_close(scores, here.predicted_iou, atol=1e-5, rtol=0)
        assert (masks == here.masks).float().mean() > 0.999


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "neither box nor point"),
        ({"box_px": (3, 0, 2, 1)}, r"box is \(3, 0, 2, 1\), it must be left, top, right, bottom"),
        ({"box_px": (0, 0, math.nan, 1)}, "all must be finite"),
        ({"points_px": ((math.inf, 1),)}, "all must be finite"),
        ({"points_px": ((0, 1),), "score": 1.5}, r"score is 1.5, it must be in \[0, 1\]"),
    ],
)
def test_wrong_targets(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Target(**values)


def test_wrong_images(segmenter: PromptedMasks) -> None:
    with pytest.raises(ValueError, match="dtype float32"):
        segmenter.encode(np.zeros((4, 4, 3), np.float32))
