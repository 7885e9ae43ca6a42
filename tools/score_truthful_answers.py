# SPDX-License-Identifier: Apache-2.0
"""Scores the second half of the methods that need no training, without any VLM's weights.

A VLM that knows the truth of rendered scenes answers in each family's own words; reading them and
drawing masks is the real code. SAM is the packaged one, which has learned boxes. Beside it stand
boxes moved at random, the filled boxes, and the method `marks`, whose numbers of everything mode's
proposals are named.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from transformers import SamModel

from llmseg_core.config import GroundingConfig, MarksConfig
from llmseg_core.grounding.chat import SeenImage
from llmseg_core.methods.grounding import GroundingMethod
from llmseg_core.methods.marks import Marks, MarksFrame
from llmseg_core.model_dir.checkpoint import load_config, load_sam
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.model_dir.proposers import build_proposals
from llmseg_core.prompted.masks import DrawnMasks, PromptedImage
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.target import Target
from llmseg_training.data import DataSample, SceneData
from llmseg_training.data.scene_data import render_scenes
from llmseg_training.evaluate.answers import Prediction, SampleAnswers
from llmseg_training.evaluate.evaluation import evaluate
from llmseg_training.evaluate.report import evaluation_report, write_json
from llmseg_training.evaluate.truthful_chat import AnswerForm, NumberedChat, TruthfulChat


class TruthfulAnswers:
    """Has a method answer whose VLM knows what each question means.

    Args:
        method: with a chat that knows the truth.
        chat: that one.
    """

    def __init__(self, method: GroundingMethod | Marks, chat: TruthfulChat | NumberedChat) -> None:
        self.method = method
        self.chat = chat

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`."""
        objects = sample.objects or ()
        self.chat.truth = {
            question.text: [each for each in objects if each.any() and question.mask[each].all()]
            for question in sample.questions
        }
        frame = self.method.encode_frame(sample.image)
        if isinstance(self.chat, NumberedChat) and isinstance(frame, MarksFrame):
            self.chat.marks = frame.masks.numpy()
        given = self.method.segment_batch(frame, [each.text for each in sample.questions])
        return SampleAnswers(
            tuple(Prediction(each.mask, each.confidence, each.reason) for each in given)
        )

    def finish(self) -> None:
        """Everything was said already."""


class FilledBoxes(SamMasks):
    """No segmenter at all: the whole box is the mask."""

    def draw(self, image: PromptedImage, targets: Sequence[Target]) -> DrawnMasks:
        """See `PromptedMasks`."""
        masks = torch.zeros((len(targets), *image.image_size), dtype=torch.bool)
        for mask, target in zip(masks, targets, strict=True):
            left, top, right, bottom = (round(side) for side in target.box_px or (0, 0, 0, 0))
            mask[top:bottom, left:right] = True
        return DrawnMasks(masks, torch.ones(len(targets)))


class Unsteady(TruthfulChat):
    """Moves every side of a box by a tenth of its width or height (deviation)."""

    def answer(self, image: SeenImage, question: str) -> str:
        """See `ChatVlm`."""
        shown = json.loads(super().answer(image, question).strip("`json\n"))
        draw = np.random.default_rng(len(question))
        for each in shown:
            left, top, right, bottom = each["bbox_2d"]
            sizes = np.array([right - left, bottom - top] * 2)
            each["bbox_2d"] = (each["bbox_2d"] + draw.normal(0, 0.1, 4) * sizes).round().tolist()
        return json.dumps(shown)


def main() -> None:
    """Renders what is missing, scores and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, default=Path("build/scenes"), metavar="DIR")
    parser.add_argument("--test", type=int, default=100, metavar="N", help="scenes to score on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores here")
    options = parser.parse_args()

    render_scenes(options.scenes, "test", options.test)
    sam = load_sam("embedded")
    data = SceneData(options.scenes, "test", seed=options.seed)
    indices = data.asked_about(options.test)
    rows = [_grounding(form.value, SamMasks(sam), TruthfulChat(form)) for form in AnswerForm]
    form = AnswerForm.QWEN3_VL
    rows += [
        _grounding("qwen3-vl, boxes moved by 10 %", SamMasks(sam), Unsteady(form)),
        _grounding("qwen3-vl, filled boxes", FilledBoxes(sam), TruthfulChat(form)),
        _marks("marks, packaged SAM's proposals", sam),
    ]
    reports = {}
    print(f"{len(indices)} scenes, seed {options.seed}")
    print("| answers | questions | gIoU | cIoU | no-target accuracy | target recall |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, answers in rows:
        found = evaluate(data, answers, indices)
        reports[name] = evaluation_report(found, name, 200, options.seed)
        scores = reports[name]["scores"]
        cells = (scores[key] for key in ("giou", "ciou", "no_target_accuracy", "target_recall"))
        print(f"| {name} | {scores['count']} | {' | '.join(f'{each:.3f}' for each in cells)} |")
    if options.json is not None:
        write_json(options.json, reports)


def _grounding(name: str, segmenter: SamMasks, chat: TruthfulChat) -> tuple[str, TruthfulAnswers]:
    config = GroundingConfig(question="{instruction}", presence="{instruction}")
    method = GroundingMethod(chat, segmenter, config, chat.form.box_format)
    return name, TruthfulAnswers(method, chat)


def _marks(name: str, sam: SamModel) -> tuple[str, TruthfulAnswers]:
    proposals = replace(load_config(model_directory("embedded")).proposals, max_proposals=30)
    config = MarksConfig(proposals=proposals, question="{instruction}", presence="{instruction}")
    chat = NumberedChat()
    method = Marks(chat, build_proposals(sam, proposals), config, sam.device)
    return name, TruthfulAnswers(method, chat)


if __name__ == "__main__":
    main()
