# SPDX-License-Identifier: Apache-2.0
"""Each locator beside transformers' own pipeline on the same random weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from transformers import (
    CLIPImageProcessorPil,
    Florence2Processor,
    GroundingDinoImageProcessorPil,
    GroundingDinoProcessor,
    Owlv2ImageProcessorPil,
    Owlv2Processor,
)
from transformers.image_transforms import center_to_corners_format, get_size_with_aspect_ratio

from helpers.counting import count_calls
from helpers.other_device import OTHER, other_device
from helpers.tiny_locators import (
    bert_tokenizer,
    florence2_tokenizer,
    tiny_florence2,
    tiny_grounding_dino,
    tiny_omdet_turbo,
    tiny_owlv2,
    word_tokenizer,
)
from helpers.tiny_prompted import red_square
from llmseg_core.grounding.florence2 import Florence2Locator
from llmseg_core.grounding.grounding_dino import GroundingDinoLocator, fitted_size
from llmseg_core.grounding.locator import (
    PhraseLocator,
    plain_phrase,
    targets_of,
    with_part,
)
from llmseg_core.grounding.omdet_turbo import OmDetTurboLocator
from llmseg_core.grounding.owlv2 import Owlv2Locator, owlv2_pixels


def dino(kind: str) -> GroundingDinoLocator:
    return GroundingDinoLocator(tiny_grounding_dino(kind), bert_tokenizer(), 0.0, 64, 96)


def florence2() -> Florence2Locator:
    tokenizer = florence2_tokenizer()
    return Florence2Locator(tiny_florence2(tokenizer), tokenizer, 64, 40)


MAKERS: dict[str, Callable[[], PhraseLocator]] = {
    "grounding_dino": lambda: dino("grounding_dino"),
    "mm_grounding_dino": lambda: dino("mm_grounding_dino"),
    "owlv2": lambda: Owlv2Locator(tiny_owlv2(), word_tokenizer(), 0.0),
    "omdet_turbo": lambda: OmDetTurboLocator(tiny_omdet_turbo(), word_tokenizer(), 0.0),
    "florence2": florence2,
}
DETECTORS = [name for name in MAKERS if name != "florence2"]


@pytest.fixture
def locator(request: pytest.FixtureRequest) -> PhraseLocator:
    torch.manual_seed(0)
    return MAKERS[request.param]()


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return red_square()


def rows(locator: PhraseLocator, image: np.ndarray, phrase: str = "the red cup") -> Tensor:
    """(N, 5): box and score, by box."""
    found = locator.locate(locator.look(image), phrase)
    return torch.tensor([[*(each.box_px or ()), each.score or 0.0] for each in found])


def own_rows(locator: PhraseLocator, image: np.ndarray) -> Tensor:
    """The same by the processors of transformers."""
    picture = Image.fromarray(image)
    if isinstance(locator, GroundingDinoLocator):
        pixels = GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96})
        processor = GroundingDinoProcessor(pixels, locator.tokenizer)
        inputs = processor(images=picture, text="the red cup.", return_tensors="pt")
        output = locator.model(**inputs)
        (found,) = processor.post_process_grounded_object_detection(
            output, inputs["input_ids"], 0.0, target_sizes=[(48, 80)]
        )
    elif isinstance(locator, Owlv2Locator):
        processor = Owlv2Processor(
            Owlv2ImageProcessorPil(size={"height": 64, "width": 64}), locator.tokenizer
        )
        inputs = processor(
            text=["a photo of the red cup"], images=picture, return_tensors="pt", max_length=16
        )
        output = locator.model(**inputs)
        (found,) = processor.image_processor.post_process_object_detection(
            output, 0.0, target_sizes=[(48, 80)]
        )
    else:  # its processor needs torchvision: what it does is written out here
        resized = np.array(picture.resize((64, 64), Image.Resampling.BILINEAR))
        pixels = (resized / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        texts = ["the red cup", "Detect the red cup."]
        tokens = locator.tokenizer(
            texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        )
        output = locator.model(
            pixel_values=torch.from_numpy(pixels).permute(2, 0, 1)[None].float(),
            classes_input_ids=tokens["input_ids"][:1],
            classes_attention_mask=tokens["attention_mask"][:1],
            tasks_input_ids=tokens["input_ids"][1:],
            tasks_attention_mask=tokens["attention_mask"][1:],
            classes_structure=torch.tensor([1]),
        )
        boxes = center_to_corners_format(output.decoder_coord_logits[0])
        scores = output.decoder_class_logits[0, :, 0].sigmoid()
        found = {"boxes": boxes * torch.tensor([80, 48, 80, 48]), "scores": scores}
    limits = torch.tensor([80.0, 48.0, 80.0, 48.0])
    boxes = found["boxes"].clamp(min=torch.zeros(4), max=limits)
    return torch.cat((boxes, found["scores"][:, None]), 1)


@pytest.mark.parametrize("locator", DETECTORS, indirect=True)
@torch.inference_mode()
def test_boxes_and_scores_are_those_of_transformers(
    locator: PhraseLocator, image: np.ndarray
) -> None:
    wanted = own_rows(locator, image)
    area = (wanted[:, 2] - wanted[:, 0]) * (wanted[:, 3] - wanted[:, 1])
    wanted = wanted[area > 0]
    found = rows(locator, image)
    order = wanted[:, 4].argsort(descending=True, stable=True)
    assert found[:, 4].tolist() == sorted(found[:, 4].tolist(), reverse=True)
    assert len(found) >= 3
    torch.testing.assert_close(found, wanted[order], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_florence_writes_what_transformers_has_it_write(image: np.ndarray) -> None:
    torch.manual_seed(0)
    locator = florence2()
    pixels = CLIPImageProcessorPil(
        size={"height": 64, "width": 64}, do_center_crop=False,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225],
    )  # fmt: skip
    pixels.image_seq_length = locator.look(image).features.shape[1]
    processor = Florence2Processor(
        pixels, locator.tokenizer, num_additional_image_tokens=0, post_processor_config={
            "ocr": {"pattern": "", "area_threshold": 0.0},
            "phrase_grounding": {"banned_grounding_tokens": []}, "pure_text": {},
            "description_with_bboxes": {}, "description_with_polygons": {}, "polygons": {},
            "bboxes": {}, "description_with_bboxes_or_polygons": {},
        },
    )  # fmt: skip
    inputs = processor(
        images=Image.fromarray(image),
        text="<OPEN_VOCABULARY_DETECTION>red cup",
        return_tensors="pt",
    )
    written = locator.model.generate(**inputs, max_new_tokens=40, do_sample=False)
    wanted = locator.tokenizer.decode(written[0], skip_special_tokens=False)
    ours = locator.write(locator.look(image).features, "Locate red cup in the image.")
    assert ours == wanted
    assert len(re.findall("<loc_", ours)) >= 8
    found = locator.locate(locator.look(image), "red cup")
    assert found
    assert {each.label for each in found} == {"red cup"}
    bins = [int(each) + 0.5 for each in re.findall(r"<loc_(\d+)>", ours)]
    columns = [sorted(bins[start : start + 3 : 2]) for start in range(0, len(bins) - 3, 4)]
    wanted_columns = {(round(left * 0.08, 3), round(right * 0.08, 3)) for left, right in columns}
    shown = {tuple(round(side, 3) for side in each.box_px[::2]) for each in found if each.box_px}
    assert len(shown) >= 3
    assert shown <= wanted_columns


@pytest.mark.parametrize("locator", MAKERS, indirect=True)
def test_another_phrase_looks_at_no_image(locator: PhraseLocator, image: np.ndarray) -> None:
    convolution = next(
        each for each in locator.model.modules() if isinstance(each, torch.nn.Conv2d)
    )
    with count_calls(convolution) as counts:
        seen = locator.look(image)
        first = locator.locate(seen, "the red cup")
        other = locator.locate(seen, "a green book on the thing")
        assert locator.locate(seen, "the red cup") == first
        assert counts == [1]
    assert first != other
    assert locator.locate(locator.look(255 - image), "the red cup") != first


@pytest.mark.parametrize("locator", DETECTORS, indirect=True)
def test_only_boxes_above_the_threshold(locator: PhraseLocator, image: np.ndarray) -> None:
    every = rows(locator, image)
    locator.score_threshold = float(every[:, 4].median())
    some = rows(locator, image)
    assert 0 < len(some) < len(every)
    assert torch.equal(some, every[: len(some)])


@pytest.mark.parametrize("locator", MAKERS, indirect=True)
def test_no_phrase_finds_nothing(locator: PhraseLocator, image: np.ndarray) -> None:
    seen = locator.look(image)
    assert locator.locate(seen, " ") == ()
    assert locator.locate(seen, "a " * 500) is not None


@pytest.mark.parametrize("locator", MAKERS, indirect=True)
@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 3)])
def test_odd_sizes(locator: PhraseLocator, size: tuple[int, int]) -> None:
    if isinstance(locator, GroundingDinoLocator):
        locator.shortest, locator.longest = 128, 256  # its last feature map needs two cells
    for target in locator.locate(locator.look(np.full((*size, 3), 9, np.uint8)), "cup"):
        if target.box_px is None:
            continue
        left, top, right, bottom = target.box_px
        assert 0 <= left < right <= size[1]
        assert 0 <= top < bottom <= size[0]


@pytest.mark.parametrize("locator", ["owlv2", "florence2"], indirect=True)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(locator: PhraseLocator, image: np.ndarray, dtype: torch.dtype) -> None:
    locator.model.to(dtype)
    for target in locator.locate(locator.look(image), "the red cup"):
        assert target.box_px is not None


def test_all_that_meets_is_on_one_device(image: np.ndarray) -> None:
    torch.manual_seed(0)
    locator = dino("grounding_dino")
    here = rows(locator, image)
    with other_device():
        locator.model.to(OTHER)
        there = rows(locator, image)
    torch.testing.assert_close(there, here, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("threshold", [-0.1, 2, float("nan")])
def test_thresholds_are_shares(threshold: float) -> None:
    for make in (GroundingDinoLocator, Owlv2Locator, OmDetTurboLocator):
        with pytest.raises(ValueError, match=f"score_threshold is {threshold}, it must be in"):
            make(torch.nn.Module(), None, threshold)


@pytest.mark.parametrize("size", [(480, 640), (640, 480), (800, 800), (300, 3000), (1333, 800)])
def test_sizes_are_those_of_transformers(size: tuple[int, int]) -> None:
    assert fitted_size(size, 800, 1333) == get_size_with_aspect_ratio(size, 800, 1333)


@pytest.mark.parametrize("size", [(40, 30), (300, 200), (64, 64), (7, 500)])
def test_owlv2s_pixels_are_those_of_its_processor(size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 255, (*size, 3), dtype=np.uint8)
    processor = Owlv2ImageProcessorPil(size={"height": 64, "width": 64})
    wanted = processor(Image.fromarray(image), return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(owlv2_pixels(image, 64), wanted.float(), atol=1e-4, rtol=0)


def test_no_more_than_a_hundred_the_best_first() -> None:
    boxes = torch.tensor([[0.5, 0.5, 0.2, 0.2]]).repeat(500, 1)
    boxes[7, 2] = 0  # no area
    scores = torch.linspace(0, 1, 500)
    found = targets_of(boxes, scores, (80, 48), (48, 80), "cup")
    assert [each.score for each in found] == pytest.approx(scores.flip(0)[:100].tolist())
    assert found[0].box_px == pytest.approx((32, 19.2, 48, 28.8))
    assert found[0].label == "cup"


def test_a_part_is_exchanged_in_a_copy_only() -> None:
    network = torch.nn.Sequential(torch.nn.Sequential(torch.nn.Linear(2, 2)), torch.nn.ReLU())
    other = torch.nn.Identity()
    made = with_part(network, ("0", "0"), other)
    assert made[0][0] is other
    assert made[1] is network[1]
    assert isinstance(network[0][0], torch.nn.Linear)


def test_a_network_may_be_used_by_two(image: np.ndarray) -> None:
    """While one locates, the other looks: neither sees the other's image."""
    torch.manual_seed(0)
    one = dino("grounding_dino")
    other = GroundingDinoLocator(one.model, one.tokenizer, 0.0, 64, 96)
    wanted = [rows(one, picture) for picture in (image, 255 - image)]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            work = zip((one, other), (image, 255 - image), strict=True)
            found = [pool.submit(rows, *each) for each in work]
            for each, right in zip(found, wanted, strict=True):
                torch.testing.assert_close(each.result(), right)


def test_plain_phrases() -> None:
    assert plain_phrase(" The  Red. cup.\n") == "the red cup"
    assert plain_phrase(" . ") == ""
