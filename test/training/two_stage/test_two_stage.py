# SPDX-License-Identifier: Apache-2.0
"""The baseline with tiny random networks of the real classes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import SamImageProcessorPil, SamProcessor

from helpers.no_network import no_network
from helpers.small_data import write_small_data
from helpers.tiny_two_stage import save_tiny_two_stage
from llmseg_core.cli.main import run_command
from llmseg_core.config import RuntimeConfig
from llmseg_training.commands.evaluate import EVALUATE
from llmseg_training.two_stage import TwoStageBaseline, load_two_stage


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """VLM, detector and SAM; they may not be changed."""
    return save_tiny_two_stage(tmp_path_factory.mktemp("two_stage"))


@pytest.fixture(scope="module")
def baseline(folders: tuple[Path, Path, Path]) -> TwoStageBaseline:
    return load_two_stage(*folders, box_threshold=0.5)


@pytest.fixture
def image() -> np.ndarray:
    image = np.random.default_rng(0).integers(90, 120, (48, 80, 3), dtype=np.uint8)
    image[8:24, 6:22] = (200, 30, 30)
    return image


def test_an_instruction_becomes_a_mask(baseline: TwoStageBaseline, image: np.ndarray) -> None:
    answer = baseline.segment(image, "what could I drink from?")
    assert answer.phrase == baseline.answerer.answer(image, "what could I drink from?") != ""
    found = baseline.detector.detect(image, answer.phrase)
    assert answer.found
    assert answer.boxes.tolist() == found.boxes.tolist()
    assert answer.confidence == pytest.approx(float(found.scores.max()))
    masks = baseline.box_masks.draw(image, found.boxes)
    assert masks.shape == (len(found.boxes), 48, 80)
    assert np.array_equal(answer.mask, masks.any(0).numpy())
    assert answer.mask.any()
    assert answer.reason == ""
    (same,) = baseline.segment_batch(baseline.encode_frame(image), ["what could I drink from?"])
    assert np.array_equal(same.mask, answer.mask)


def test_the_question_and_the_image_matter(baseline: TwoStageBaseline, image: np.ndarray) -> None:
    prompts: list[str] = []
    processor = baseline.answerer.processor

    class Recording:
        tokenizer = processor.tokenizer

        def __call__(self, text: str, **rest: object) -> object:
            prompts.append(text)
            return processor(text=text, **rest)

    answerer = type(baseline.answerer)(baseline.answerer.model, Recording())
    said = {answerer.answer(picture, "what is it?") for picture in (image, 255 - image)}
    assert len(said) == 2
    assert prompts[0] == (
        "USER: <image>\nwhat is it? Please answer the question using a word or phrase. ASSISTANT:"
    )


def test_boxes_lie_in_the_image_and_pass_the_threshold(
    baseline: TwoStageBaseline, image: np.ndarray
) -> None:
    detector = type(baseline.detector)
    every = detector(baseline.detector.model, baseline.detector.processor, 0.0)
    found = every.detect(image, "The red cup. On a book")
    assert found.boxes.shape == (6, 4)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= torch.tensor([80, 48, 80, 48])).all()
    assert (found.boxes[:, 2:] >= found.boxes[:, :2]).all()
    some = baseline.detector.detect(image, "the red cup on a book")
    assert some.scores.tolist() == [score for score in found.scores.tolist() if score > 0.5]
    assert 0 < len(some.scores) < 6
    with pytest.raises(ValueError, match=r"box_threshold is 2, it must be in \[0, 1\]"):
        detector(baseline.detector.model, baseline.detector.processor, 2)


@pytest.mark.parametrize("phrase", ["", " . "])
def test_no_phrase_finds_nothing(
    baseline: TwoStageBaseline, image: np.ndarray, phrase: str
) -> None:
    found = baseline.detector.detect(image, phrase)
    assert (found.boxes.shape, found.scores.shape) == ((0, 4), (0,))
    assert not baseline.box_masks.draw(image, found.boxes).any()


def test_nothing_found(folders: tuple[Path, Path, Path], image: np.ndarray) -> None:
    answer = load_two_stage(*folders, box_threshold=1.0).segment(image, "the cup")
    assert not answer.found
    assert answer.confidence == 0
    assert answer.reason == f"the detector found no {answer.phrase!r} in the image"
    assert answer.mask.shape == (48, 80)
    assert not answer.mask.any()


def test_masks_are_those_of_transformers_own_processor(
    baseline: TwoStageBaseline, image: np.ndarray
) -> None:
    boxes = torch.tensor([[6.0, 8.0, 22.0, 24.0], [30.0, 0.0, 80.0, 48.0]])
    processor = SamProcessor(
        SamImageProcessorPil(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})
    )
    inputs = processor(Image.fromarray(image), input_boxes=[boxes.tolist()], return_tensors="pt")
    with torch.inference_mode():
        outputs = baseline.box_masks.model(
            pixel_values=inputs["pixel_values"],
            input_boxes=inputs["input_boxes"].float(),
            multimask_output=False,
        )
    (wanted,) = processor.image_processor.post_process_masks(
        outputs.pred_masks, inputs["original_sizes"], inputs["reshaped_input_sizes"]
    )
    ours = baseline.box_masks.draw(image, boxes)
    assert ours.any()
    assert not ours.all()
    assert (ours == wanted[:, 0]).float().mean() > 0.999


def test_empty_instructions_are_refused(baseline: TwoStageBaseline, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the instruction is empty"):
        baseline.segment(image, " ")
    with pytest.raises(ValueError, match="uint8"):
        baseline.segment(image.astype(np.float32), "the cup")


def test_what_is_missing_is_named(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    vlm, detector, sam = folders
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        load_two_stage(vlm, tmp_path / "nowhere", sam)
    bare = tmp_path / "bare"
    shutil.copytree(detector, bare)
    for path in (*bare.glob("*processor*"), *bare.glob("preprocessor*")):
        path.unlink()
    with pytest.raises(FileNotFoundError, match="no GroundingDinoProcessor can be read from"):
        load_two_stage(vlm, bare, sam)
    with pytest.raises(ValueError, match="device is 'cuda:99'"):
        load_two_stage(*folders, runtime=RuntimeConfig(device="cuda:99"))


def test_nothing_is_fetched(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    name = Path("some-org/some-name")
    foreign = Path(shutil.copytree(folders[0], tmp_path / "vlm"))
    (foreign / "tokenizer.json").unlink()
    (foreign / "tokenizer_config.json").write_text(
        json.dumps({"auto_map": {"AutoTokenizer": [f"{name}--tokens.Tokenizer", None]}})
    )
    with no_network() as refused:
        for number in range(3):
            wrong = [name if index == number else path for index, path in enumerate(folders)]
            with pytest.raises(FileNotFoundError, match=f"{name} does not exist"):
                load_two_stage(*wrong)
        with pytest.raises(ValueError, match=r"the LlavaProcessor in .*vlm cannot be read"):
            load_two_stage(foreign, *folders[1:])
    assert refused == []


def test_it_is_evaluated_like_a_model(
    folders: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "small", tmp_path / "out"
    write_small_data(data)
    arguments = ["--method", "two-stage", "--data", data, "--out", out, "--resamples", 20]
    for name, folder in zip(("vlm", "detector", "sam"), folders, strict=True):
        arguments += [f"--{name}", folder]
    call = [str(argument) for argument in arguments]
    assert run_command("evaluate", EVALUATE, [*call, "--beside", "paper-table-1"]) == 0
    assert "two-stage (here)" in capsys.readouterr().out
    report = json.loads((out / "report.json").read_text())
    assert report["scores"]["count"] == 7
    assert report["scores"]["oracle_giou"] is None
    stored = (out / "masks.jsonl").read_bytes()
    assert run_command("evaluate", EVALUATE, call) == 0
    assert (out / "masks.jsonl").read_bytes() == stored
    assert json.loads((out / "report.json").read_text()) == report
    capsys.readouterr()
    assert run_command("evaluate", EVALUATE, [*call, "--box-threshold", "0.9"]) == 2
    assert "masks.jsonl belongs to" in capsys.readouterr().err
    assert run_command("evaluate", EVALUATE, [*call[:4], *call[6:8]]) == 2
    assert "--method two-stage needs" in capsys.readouterr().err
