# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.encoded_scene import encoded_literal_scene
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.embedded.heard_questions import HeardPass, hear_passes
from llmseg_training.embedded.selection_augment import mirrored
from llmseg_training.embedded.selection_data import QuestionDraw
from llmseg_training.embedded.selection_scene import SelectionScene

DRAW, SEED, WIDTH = QuestionDraw("train", 4), 3, 320


@pytest.fixture(scope="module")
def scenes(parts: ModelParts) -> list[SelectionScene]:
    """Ten of one kind, the last without an object: more than are heard together."""
    scene = encoded_literal_scene(parts)
    return [*[scene] * 9, replace(scene, objects=())]


def encoder_of(parts: ModelParts) -> SegTokenEncoder:
    return SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)


def hear(
    parts: ModelParts, scenes: list[SelectionScene], folder: Path, draw: QuestionDraw = DRAW
) -> list[HeardPass]:
    return hear_passes(encoder_of(parts).eval(), scenes, draw, SEED, WIDTH, 2, folder)


def test_a_pass_holds_what_the_vlm_says_of_each_question(
    parts: ModelParts, scenes: list[SelectionScene], tmp_path: Path
) -> None:
    encoder, seen, targets = encoder_of(parts).eval(), set(), set()
    for number, heard in enumerate(hear(parts, scenes, tmp_path)):
        assert len(heard.mirrored) == len(heard.ends) == 10
        for index, scene in enumerate(scenes):
            rng = np.random.default_rng((SEED, index, number))
            flip = rng.random() < 0.5
            shown = mirrored(scene, WIDTH) if flip else scene
            samples, answers = DRAW.of(shown.objects, rng)
            found = heard.of(index, scene)
            assert found.mirrored is bool(flip)
            assert found.target_ids == tuple(tuple(sorted(s.target_ids)) for s in samples)
            seen.add(found.mirrored)
            targets |= set(found.target_ids)
            if not samples:
                assert found.hidden.shape == (0, encoder.hidden_dim)
                continue
            prompts = encoder.training_batch([s.instruction for s in samples], answers)
            with torch.no_grad():
                image = torch.zeros(len(samples), dtype=torch.int64)
                said = encoder(shown.pixel_values.float()[None], image, prompts).hidden
            torch.testing.assert_close(found.hidden, said, atol=2e-3, rtol=2e-3)
    assert seen == {False, True}
    assert {(), (1,), (2,)} <= targets


def test_scenes_about_which_nothing_is_asked_are_heard_as_silence(
    parts: ModelParts, scenes: list[SelectionScene], tmp_path: Path
) -> None:
    silent = replace(scenes[0], objects=())
    draw = replace(DRAW, absent_share=0.0)
    for heard in hear(parts, [*[scenes[0]] * 8, silent], tmp_path, draw):
        assert heard.of(7, scenes[0]).hidden.shape[0] > 0
        assert heard.of(8, silent).hidden.shape[0] == 0
        assert heard.ends[8] == heard.ends[7] == len(heard.hidden)


def test_a_pass_is_made_once_and_anew_for_others(
    parts: ModelParts,
    scenes: list[SelectionScene],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = hear(parts, scenes, tmp_path)
    times = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.safetensors")}
    assert len(times) == 2
    again = hear(parts, scenes, tmp_path)
    assert all(torch.equal(a.hidden, b.hidden) for a, b in zip(first, again, strict=True))
    assert {file: file.stat().st_mtime_ns for file in times} == times
    capsys.readouterr()
    fewer = hear(parts, scenes, tmp_path, replace(DRAW, questions=1))
    assert len(fewer[0].hidden) < len(first[0].hidden)
    assert "questions=4" in capsys.readouterr().err
    hear(parts, [*scenes[:-1], scenes[0]], tmp_path, replace(DRAW, questions=1))
    assert "was made with scenes" in capsys.readouterr().err
