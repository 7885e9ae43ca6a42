# SPDX-License-Identifier: Apache-2.0
"""What a truthful VLM writes in each family's words is read as where things are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.tiny_prompted import tiny_sam
from llmseg_core.config import GroundingConfig
from llmseg_core.grounding.box_text import parse_grounding
from llmseg_core.grounding.mark_text import parse_marks
from llmseg_core.methods.grounding import GroundingMethod
from llmseg_core.prompted.sam import SamMasks
from llmseg_training.evaluate.truthful_chat import AnswerForm, NumberedChat, TruthfulChat

MASKS = np.zeros((2, 480, 640), dtype=bool)
MASKS[0, 100:220, 30:90] = True
MASKS[0, 100:200, 30:60] = False  # an L, whose box has another centre
MASKS[1, 0:480, 600:640] = True


@pytest.mark.parametrize("form", AnswerForm)
def test_what_is_written_is_read(form: AnswerForm) -> None:
    chat = TruthfulChat(form)
    chat.truth = {"things": list(MASKS)}
    seen = chat.look(np.zeros((480, 640, 3), np.uint8))
    found = parse_grounding(
        chat.answer(seen, "things"), form.box_format, seen.processed_size, seen.image_size
    ).targets
    assert len(found) == 2
    assert chat.yes(seen, "things") == 1.0
    if form is not AnswerForm.POINTS:
        for target, box in zip(found, ((30, 100, 90, 220), (600, 0, 640, 480)), strict=True):
            assert target.box_px == pytest.approx(box, abs=1.0)
    if form in (AnswerForm.POINTS, AnswerForm.VISION_REASONER):
        for target, mask in zip(found, MASKS, strict=True):
            ((x, y),) = target.points_px
            assert mask[int(y), int(x)]


@pytest.mark.parametrize("form", AnswerForm)
def test_nothing_is_read_as_nothing(form: AnswerForm) -> None:
    torch.manual_seed(0)
    chat = TruthfulChat(form)
    chat.truth = {"nothing": [], "things": list(MASKS)}
    config = GroundingConfig(question="{instruction}", presence="{instruction}")
    method = GroundingMethod(chat, SamMasks(tiny_sam()), config, form.box_format)
    frame = method.encode_frame(np.zeros((480, 640, 3), np.uint8))
    nothing, things = method.segment_batch(frame, ["nothing", "things"])
    assert not nothing.found
    assert nothing.reason
    assert len(things.candidates) == 2


def test_the_numbers_of_the_best_marks_are_named() -> None:
    chat = NumberedChat()
    chat.marks = np.stack([MASKS[0], np.roll(MASKS[0], 20, 1), np.zeros_like(MASKS[0])])
    chat.truth = {"both": list(MASKS), "moved": [np.roll(MASKS[0], 21, 1)], "nothing": []}
    seen = chat.look(np.zeros((480, 640, 3), np.uint8))
    for question, numbers in (("both", (1,)), ("moved", (2,)), ("nothing", ())):
        assert parse_marks(chat.answer(seen, question), 3).numbers == numbers
        assert chat.yes(seen, question) == bool(chat.truth[question])
    chat.marks = chat.marks[:0]
    assert chat.answer(seen, "both") == "[]"
