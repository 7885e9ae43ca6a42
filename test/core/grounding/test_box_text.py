# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import random

import pytest

from llmseg_core.config.grounding import BoxFormat
from llmseg_core.grounding.box_text import Grounding, parse_grounding
from llmseg_core.prompted.target import Target

SEEN, SIZE = (476, 644), (480, 640)
"""A camera image as Qwen2.5-VL sees it: smart_resize makes 644 x 476 of 640 x 480."""


def read(text: str, box_format: str = "absolute") -> Grounding:
    return parse_grounding(text, BoxFormat(box_format), SEEN, SIZE)


def boxes(text: str, box_format: str = "absolute") -> list[list[float]]:
    found = read(text, box_format)
    assert bool(found.reason) == (not found.targets)
    return [[round(side, 2) for side in each.box_px or ()] for each in found.targets]


CUP = '{"bbox_2d": [64.4, 47.6, 128.8, 95.2], "label": "cup"}'
CUP_PX = [64.0, 48.0, 128.0, 96.0]


@pytest.mark.parametrize(
    "text",
    [
        CUP,
        f"[{CUP}]",
        f"```json\n[\n  {CUP}\n]\n```",
        f"```\n{CUP}",
        f"The cup is here: [{CUP}]. Is there anything else?",
        f'<think>maybe {{"bbox_2d": [1, 1, 5, 5]}}</think><answer>[{CUP}]</answer>',
        f'<think>maybe {{"bbox_2d": [1, 1, 5, 5]}} <answer>[{CUP}]',
        f'maybe {{"bbox_2d": [1, 1, 5, 5]}}</think>{CUP}',
        f"{CUP}<|im_end|>",
        f'[{CUP}, {{"bbox_2d": [12, 3',
        f'{{"objects": [{CUP}, {{"bbox_2d": [12',
        f'{{"objects": {{"found": [{CUP}]}}}}',
        CUP.replace('"', "'"),
        '{"bbox_2d": [128.8, 95.2, 64.4, 47.6], "label": "cup"}',
        '{"bbox_2d": [128.8, 47.6, 64.4, 95.2], "label": "cup"}',
        f"[{CUP}, {CUP}]",
        '{"name": "cup", "bbox": [64.4, 47.6, 128.8, 95.2]}',
        '{"label": "cup", "box": [[64.4, 47.6, 128.8, 95.2]], "note": null}',
    ],
)
def test_one_cup_however_it_is_written(text: str) -> None:
    assert boxes(text) == [CUP_PX]
    assert read(text).targets[0].label == "cup"


@pytest.mark.parametrize(
    "text",
    [
        "[64.4, 47.6, 128.8, 95.2]",
        "[[64.4, 47.6, 128.8, 95.2]]",
        "<|box_start|>(64.4,47.6),(128.8,95.2)<|box_end|>",
        "It is at (64.4, 47.6) (128.8, 95.2).",
    ],
)
def test_bare_numbers(text: str) -> None:
    assert boxes(text) == [CUP_PX]


def test_what_numbers_mean() -> None:
    numbers = '{"bbox_2d": [100, 200, 500, 1000]}'
    assert boxes(numbers, "thousand") == [[64.0, 96.0, 320.0, 480.0]]
    assert boxes(numbers) == [[99.38, 201.68, 496.89, 480.0]]  # the bottom is cut at the edge
    tokens = "cup<loc_100><loc_200><loc_500><loc_999>"
    assert boxes(tokens, "loc") == [[64.32, 96.24, 320.32, 479.76]]


def test_several_targets_and_their_points() -> None:
    text = """<answer>[{"bbox_2d": [0, 0, 322, 238], "point_2d": [161, 119]},
              {"bbox_2d": [322, 238, 644, 476], "points_1": [400, 300], "points_2": [500, 400]}]"""
    first, second = read(text).targets
    assert first == Target((0, 0, 320, 240), ((160, 120),))
    assert len(second.points_px) == 2
    assert second.points_px[0] == pytest.approx((400 * 640 / 644, 300 * 480 / 476))


def test_points_only() -> None:
    assert read('[{"point_2d": [322, 238], "label": "cup"}]').targets == (
        Target(None, ((320, 240),), "cup"),
    )
    assert read('{"points": [[322, 238], [0, 0]]}').targets == (Target(None, ((320, 240), (0, 0))),)
    assert [each.points_px for each in read("[[322, 238], [0, 0]]").targets] == [
        ((320, 240),), ((0, 0),),
    ]  # fmt: skip
    assert read("cup<loc_499><loc_500>", "loc").targets[0].points_px == (
        pytest.approx((319.68, 240.24)),
    )


def test_a_models_own_score() -> None:
    text = '[{"bbox_2d": [0, 0, 9, 9], "score": 0.25}, {"bbox_2d": [0, 0, 8, 8], "score": 7}]'
    assert [each.score for each in read(text).targets] == [0.25, None]


def test_location_tokens_of_several_phrases() -> None:
    text = (
        "</s><s>red cup<loc_0><loc_0><loc_99><loc_99><loc_200><loc_200><loc_299><loc_299>"
        "a book<loc_500><loc_500><loc_599><loc_599></s><pad>"
    )
    found = read(text, "loc").targets
    assert [each.label for each in found] == ["red cup", "red cup", "a book"]
    assert [round(each.box_px[0]) for each in found] == [0, 128, 320]
    assert not read(CUP, "loc").targets
    assert not read(text).targets


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"bbox_2d": [-50, -10, 64.4, 47.6]}', [[0, 0, 64, 48]]),
        ('{"bbox_2d": [322, 238, 9000, 9000]}', [[320, 240, 640, 480]]),
        ('{"bbox_2d": [700, 10, 900, 90]}', []),
        ('{"bbox_2d": [10, 10, 10, 90]}', []),
        ('{"bbox_2d": [1e300, 0, 1e308, 9]}', []),
        ('{"bbox_2d": [NaN, 0, Infinity, 9]}', []),
        ('{"bbox_2d": [true, false, true, true]}', []),
        ('{"bbox_2d": ["1", "2", "3", "4"]}', []),
        ('{"bbox_2d": [1, 2, 3]}', []),
        ('{"bbox_2d": 5}', []),
        ('{"point_2d": [700, 10]}', []),
        ('{"label": "cup"}', []),
    ],
)
def test_out_of_range_and_no_numbers(text: str, wanted: list[list[float]]) -> None:
    assert boxes(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "[]", "```json\n[]\n```", "None", "none.", "No.", "null", '{"bbox_2d": null}',
        "There is no cup in the image.", '<answer>[]</answer>', "The cup is not visible.",
        '{"objects": []}',
    ],
)  # fmt: skip
def test_nothing_fits(text: str) -> None:
    assert read(text) == Grounding((), "the VLM says that nothing in the image fits")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the VLM gave no answer"),
        ("  <|im_end|> ", "the VLM gave no answer"),
        ("<think>hm", "the VLM gave no answer"),
        ("The cup is on the left.", "neither box nor point: 'The cup is on the left.'"),
        ("w " * 100, "neither box nor point: 'w w w"),
        ('{"bbox_2d": [700, 10, 900, 90]}', 'has a place in the image: \'{"bbox_2d"'),
    ],
)
def test_nonsense_has_a_reason(text: str, reason: str) -> None:
    found = read(text)
    assert not found.targets
    assert reason in found.reason
    assert len(found.reason) < 150


def test_a_model_that_repeats_itself() -> None:
    many = [{"bbox_2d": [index, 0, index + 5, 5]} for index in range(500)]
    assert len(read(json.dumps(many)).targets) == 100


@pytest.mark.parametrize("text", ["[" * 50_000, "{" * 50_000, '{"a":' * 20_000, "(1," * 9000])
def test_deep_nonsense_takes_no_time(text: str) -> None:
    for box_format in BoxFormat:
        assert not parse_grounding(text, box_format, SEEN, SIZE).targets


def test_whatever_comes_lies_in_the_image() -> None:
    """Right answers with characters lost, doubled, changed and swapped."""
    draw = random.Random(0)
    sources = [
        f"```json\n[{CUP}, {CUP}]\n```",
        '<answer>[{"bbox_2d": [1, 2, 30, 40], "point_2d": [9, 9]}]</answer>',
        "cup<loc_1><loc_2><loc_300><loc_999>book<loc_5><loc_6>",
        "(1,2),(30,40) [[5, 6], [7, 8]] none",
    ]
    letters = "{}[]()\",:<>0123456789.-eENaInf _loc\n'\\u00e9"
    found = 0
    for _ in range(3000):
        text = list(draw.choice(sources))
        for _ in range(draw.randint(1, 8)):
            place = draw.randrange(len(text))
            text[place : place + draw.randint(0, 3)] = draw.choices(letters, k=draw.randint(0, 3))
            if not text:
                break
        grounding = parse_grounding("".join(text), draw.choice(list(BoxFormat)), SEEN, SIZE)
        assert bool(grounding.targets) != bool(grounding.reason)
        for target in grounding.targets:
            found += 1
            if target.box_px is not None:
                left, top, right, bottom = target.box_px
                assert 0 <= left < right <= 640
                assert 0 <= top < bottom <= 480
            assert all(0 <= x <= 640 and 0 <= y <= 480 for x, y in target.points_px)
    assert found > 1000
