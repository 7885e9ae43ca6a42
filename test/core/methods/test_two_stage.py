# SPDX-License-Identifier: Apache-2.0
"""Two stages with tiny random networks of the real classes."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from helpers.counting import count_calls
from helpers.no_network import no_network
from helpers.tiny_two_stage import save_locator, save_segmenter, save_tiny_two_stage
from llmseg_core import load_method
from llmseg_core.config import RuntimeConfig, SelectionConfig, TwoStageConfig
from llmseg_core.grounding.namer import InstructionNamer
from llmseg_core.methods.method import inspect_method
from llmseg_core.methods.two_stage import TwoStage

QUESTION = "what could I drink from?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory: LLaVA, GroundingDINO and SAM; it may not be changed."""
    folder = tmp_path_factory.mktemp("two_stage")
    save_tiny_two_stage(folder)
    write_config(folder)
    return folder


@pytest.fixture(scope="module")
def method(folder: Path) -> TwoStage:
    return TwoStage.from_pretrained(folder)


@pytest.fixture
def image() -> np.ndarray:
    image = np.random.default_rng(0).integers(90, 120, (48, 80, 3), dtype=np.uint8)
    image[8:24, 6:22] = (200, 30, 30)
    return image


def write_config(folder: Path, **settings: object) -> None:
    values = {
        "method": "two_stage", "vlm": {"path": "vlm", "max_tokens": 32}, "locator": "detector",
        "score_threshold": 0.5, "best_of_three": False, **settings,
    }  # fmt: skip
    (folder / "llmseg.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")


def copied(folder: Path, to: Path, **settings: object) -> Path:
    """A model directory of its own, with links instead of weights."""
    shutil.copytree(
        folder, to, copy_function=lambda source, target: Path(target).symlink_to(source)
    )
    (to / "llmseg.yaml").unlink()
    write_config(to, **settings)
    return to


def test_an_instruction_becomes_a_mask(method: TwoStage, image: np.ndarray) -> None:
    frame = method.encode_frame(image)
    answer = method.segment(frame, QUESTION)
    assert answer.method == "two_stage"
    assert answer.phrase == method.namer.name(frame.parts["namer"], QUESTION).phrase != ""
    found = method.locator.locate(frame.parts["locator"], answer.phrase)
    drawn = method.segmenter.draw(frame.image, found)
    assert answer.found
    assert answer.reason == ""
    assert np.array_equal(answer.mask, drawn.masks.any(0).numpy())
    assert answer.confidence == pytest.approx(found[0].score)
    candidates = answer.candidates
    assert len(candidates) == sum(bool(mask.any()) for mask in drawn.masks)
    assert candidates.areas_px.tolist() == sorted(candidates.areas_px.tolist(), reverse=True)
    assert sorted(answer.selection.indices) == list(range(len(candidates)))
    best = answer.selection.indices[0]
    assert float(candidates.score[best]) == pytest.approx(answer.confidence)
    assert candidates.iop.isnan().all()
    assert candidates.iou_score.isnan().all()
    assert list(answer.timings_ms) == [
        "image_prefix", "locator_image", "segmenter_image", "naming", "locating", "drawing",
    ]  # fmt: skip
    assert answer.total_ms >= max(answer.timings_ms.values())


def test_the_vlm_is_asked_as_the_paper_asks(method: TwoStage, image: np.ndarray) -> None:
    asked: list[str] = []
    namer = method.namer
    real = namer.chat.tail_ids

    def tail_ids(question: str) -> list[int]:
        asked.append(question)
        return real(question)

    namer.chat.tail_ids = tail_ids
    try:
        said = {namer.name(namer.look(picture), "what is it?") for picture in (image, 255 - image)}
    finally:
        del namer.chat.tail_ids
    assert len(said) == 2
    assert asked[0] == "what is it? Please answer the question using a word or phrase."


def test_another_instruction_encodes_no_image(method: TwoStage, image: np.ndarray) -> None:
    networks = (method.namer.chat.model, method.locator.model, method.segmenter.model)
    convolutions = [
        next(each for each in network.modules() if isinstance(each, torch.nn.Conv2d))
        for network in networks
    ]
    with count_calls(*convolutions) as counts:
        frame = method.encode_frame(image)
        once = method.segment(frame, QUESTION)
        method.segment(frame, "the red cup")
        again = method.segment_batch(frame, ["show the tool", QUESTION])[1]
        assert counts == [1, 1, 1]
    assert np.array_equal(once.mask, again.mask)
    assert (once.phrase, once.confidence) == (again.phrase, again.confidence)


def test_nothing_found(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    strict = TwoStage.from_pretrained(copied(folder, tmp_path / "strict", score_threshold=1.0))
    answer = strict.segment(strict.encode_frame(image), "the cup")
    assert not answer.found
    assert answer.confidence == 0
    assert answer.reason == f"the detector found no {answer.phrase!r} in the image"
    assert answer.mask.shape == (48, 80)
    assert not answer.mask.any()
    assert len(answer.candidates) == 0


def test_an_answer_may_be_too_unsure(method: TwoStage, image: np.ndarray) -> None:
    frame = method.encode_frame(image)
    sure = method.segment(frame, QUESTION)
    unsure = method.segment(frame, QUESTION, SelectionConfig(min_confidence=1.0))
    assert not unsure.found
    assert not unsure.mask.any()
    assert unsure.confidence == sure.confidence
    assert unsure.reason == f"confidence {sure.confidence:.2f} is below 1"
    assert len(unsure.candidates) == len(sure.candidates)


@pytest.mark.parametrize(
    ("locator", "segmenter"),
    [
        ("mm_grounding_dino", "sam2"), ("owlv2", "sam_hq"), ("omdet_turbo", "sam"),
        ("florence2", "sam2"),
    ],
)  # fmt: skip
def test_parts_are_known_by_their_folders(
    tmp_path: Path, image: np.ndarray, locator: str, segmenter: str
) -> None:
    torch.manual_seed(0)
    save_locator(tmp_path / "detector", locator)
    save_segmenter(tmp_path / "sam", segmenter)
    write_config(tmp_path, vlm=None, score_threshold=0.0)
    inspect_method(tmp_path)
    method = load_method(tmp_path)
    assert isinstance(method, TwoStage)
    assert isinstance(method.namer, InstructionNamer)
    answer = method.segment(method.encode_frame(image), "find the red cup!")
    assert answer.phrase == "the red cup"
    assert answer.found
    assert (answer.candidates.score >= 0).all()
    assert (answer.candidates.score <= 1).all()


def test_a_phrase_method_says_what_it_took(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    plain = load_method(copied(folder, tmp_path / "plain", vlm=None, score_threshold=1.0))
    assert not plain.description.takes_questions
    answer = plain.segment(plain.encode_frame(image), "What can I drink from?")
    assert answer.phrase == "What can I drink from"
    assert answer.reason == (
        "the detector found no 'What can I drink from' in the image; this model looks for what is "
        "named, it answers no questions"
    )


def test_what_it_is(method: TwoStage) -> None:
    described = method.description
    assert (described.name, described.takes_questions) == ("two_stage", True)
    assert described.selection == ("min_confidence",)
    assert method.trouble == ""
    assert method.profile == "two_stage"


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 3)])
def test_odd_sizes(folder: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    save_locator(tmp_path / "owlv2", "owlv2")
    method = TwoStage.from_config(
        TwoStageConfig(locator="owlv2", sam=str(folder / "sam"), score_threshold=0.0), tmp_path
    )
    frame = method.encode_frame(np.full((*size, 3), 9, np.uint8))
    assert method.segment(frame, "cup").mask.shape == size


def test_half_precision(folder: Path, image: np.ndarray) -> None:
    half = TwoStage.from_pretrained(folder, RuntimeConfig(dtype="bfloat16"))
    assert half.namer.chat.model.dtype == torch.bfloat16
    assert half.locator.model.dtype == torch.float32
    answer = half.segment(half.encode_frame(image), QUESTION)
    assert math.isfinite(answer.confidence)


def test_empty_instructions_are_refused(method: TwoStage, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the instruction is empty"):
        method.segment(method.encode_frame(image), " ")
    with pytest.raises(ValueError, match="uint8"):
        method.encode_frame(image.astype(np.float32))
    with pytest.raises(ValueError, match=r"takes \d+ tokens, the VLM has room for"):
        method.segment(method.encode_frame(image), "very " * 2000)


def test_what_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is missing"):
        load_method(copied(folder, tmp_path / "a", locator="nowhere"))
    bare = copied(folder, tmp_path / "b")
    for path in (*bare.glob("detector/*processor*"), *bare.glob("detector/preprocessor*")):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"detector is not whole: it has no preprocessor"):
        load_method(bare)
    with pytest.raises(ValueError, match="device is 'cuda:99'"):
        load_method(folder, RuntimeConfig(device="cuda:99"))
    swapped = copied(folder, tmp_path / "c", locator="sam", sam="detector")
    inspect_method(swapped)
    with pytest.raises(ValueError, match=r"locator is .*sam, whose config.json has the model_type"):
        load_method(swapped)
    broken = copied(folder, tmp_path / "d")
    (broken / "sam" / "config.json").unlink()
    (broken / "sam" / "config.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match=r"config.json holds list, it must be a mapping"):
        load_method(broken)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"score_threshold": 2}, r"score_threshold is 2, it must be in \[0, 1\]"),
        ({"request": "say something"}, "request is 'say something', it must be a text with"),
        ({"vlm": {}}, r"vlm is \[\], it must be either a path, or a url and a model"),
        ({"vlm": {"url": "http://127.0.0.1:1/v1"}}, "model is '', it must be the name"),
        ({"vlm": {"path": "vlm", "url": "http://a/v1", "model": "b"}}, "it must be either a path"),
        ({"vlm": {"url": "a/v1", "model": "b"}}, "url is 'a/v1', it must be such as http"),
        ({"boxes": 1}, "unknown key 'boxes'"),
    ],
)
def test_wrong_settings(folder: Path, tmp_path: Path, settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_method(copied(folder, tmp_path / "model", **settings))


def test_nothing_is_fetched(folder: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    shutil.copytree(folder, foreign)
    (foreign / "vlm" / "tokenizer.json").unlink()
    (foreign / "vlm" / "tokenizer_config.json").write_text(
        json.dumps({"auto_map": {"AutoTokenizer": ["some-org/some-name--tokens.Tokenizer", None]}})
    )
    with no_network() as refused:
        for number, part in enumerate(("vlm", "locator", "sam")):
            named = copied(folder, tmp_path / str(number), **{part: "some-org/some-name"})
            for look in (inspect_method, load_method):
                with pytest.raises(FileNotFoundError, match="some-org/some-name is no folder"):
                    look(named)
        with pytest.raises(ValueError, match=r"the tokenizer in .*vlm cannot be read"):
            load_method(foreign)
    assert refused == []


def test_settings_are_written_as_they_are_read() -> None:
    config = replace(TwoStageConfig(), locator="somewhere")
    assert TwoStageConfig.from_dict(config.to_dict()) == config
    assert TwoStageConfig.from_dict({"vlm": "a"}).vlm.path == "a"
