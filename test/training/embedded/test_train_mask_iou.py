# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.literal_scene import literal_scene
from helpers.tiny_model import tiny_sam
from llmseg_core.config import ProposalConfig
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.proposals.mask_refiner import MaskRefiner
from llmseg_core.proposals.refined_sam import RefinedSamModel, with_iou_head, with_refiner
from llmseg_training.embedded import train_mask_iou as module
from llmseg_training.embedded.train_mask_iou import (
    described_proposals,
    fit_iou_head,
    train_mask_iou,
)

CONFIG = ProposalConfig(
    points_per_side=4, pred_iou_thresh=-100.0, stability_score_thresh=0.0, box_nms_thresh=1.0
)


def describing() -> RefinedSamModel:
    torch.manual_seed(0)
    return with_iou_head(with_refiner(tiny_sam(), 8, passes=2), 16).eval()


def test_each_proposal_is_described_and_measured() -> None:
    sam, scene = describing(), literal_scene()
    generator = SamProposalGenerator(sam, replace(CONFIG, refine=True))
    described, iou = described_proposals(generator, scene)
    proposals = generator.propose(scene.image)
    assert len(described) == len(iou) == len(proposals) > 3
    assert described.shape[1] == sam.refiner.described
    with torch.no_grad():
        again = sam.refiner.iou_head(described)[:, 0].sigmoid()
    torch.testing.assert_close(again, proposals.predicted_iou)
    for mask, value in zip(proposals.masks.numpy(), iou.tolist(), strict=True):
        numbers, counts = np.unique(scene.instances[mask], return_counts=True)
        if not len(numbers):
            assert value == 0
            continue
        things = [scene.instances == number for number in numbers[counts == counts.max()]]
        wanted = [(mask & thing).sum() / (mask | thing).sum() for thing in things]
        assert any(value == pytest.approx(each) for each in wanted)


def test_a_head_learns_and_its_refiner_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 600)
    torch.manual_seed(1)
    refiner = MaskRefiner(8, iou_dim=16)
    described = 50 + 20 * torch.randn(2000, refiner.described)  # of other sizes than a layer's
    true_iou = (described[:, 0] / 100).sigmoid()
    true_iou = (true_iou - true_iou.min()) / (true_iou.max() - true_iou.min())
    before = {name: weight.clone() for name, weight in refiner.state_dict().items()}
    fit_iou_head(refiner, described[:1500], true_iou[:1500], seed=0)
    with torch.no_grad():
        predicted = refiner.iou_head(described[1500:])[:, 0].sigmoid()
    assert torch.corrcoef(torch.stack((predicted, true_iou[1500:])))[0, 1] > 0.8
    for name, weight in refiner.state_dict().items():
        assert torch.equal(weight, before[name]) != name.startswith("iou_head."), name
    learned = {name: weight.clone() for name, weight in refiner.iou_head.state_dict().items()}
    fit_iou_head(refiner, described[:1500], true_iou[:1500], seed=0)
    for name, weight in refiner.iou_head.state_dict().items():
        assert torch.equal(weight, learned[name]), name


def test_nothing_to_learn_from_is_refused() -> None:
    refiner = MaskRefiner(8, iou_dim=16)
    with pytest.raises(ValueError, match="SAM proposes nothing on any scene"):
        fit_iou_head(refiner, torch.zeros(0, refiner.described), torch.zeros(0), seed=0)


def test_an_interrupted_look_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCENES_AT_ONCE", 1)
    monkeypatch.setattr(module, "STEPS", 20)
    scenes = [literal_scene(), literal_scene(), literal_scene()]
    looked: list[int] = []

    def seen(generator: SamProposalGenerator, scene: object) -> object:
        looked.append(next(n for n, each in enumerate(scenes) if each is scene))
        if looked == [0, 2]:
            raise KeyboardInterrupt
        return described_proposals(generator, scene)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "described_proposals", seen)
    sam = describing()
    with pytest.raises(KeyboardInterrupt):
        train_mask_iou(sam, scenes, 2, tmp_path, CONFIG, seed=0)
    before = sam.refiner.iou_head.state_dict()["0.weight"].clone()
    train_mask_iou(sam, scenes, 2, tmp_path, CONFIG, seed=0)
    assert looked == [0, 2, 2]
    assert not torch.equal(sam.refiner.iou_head.state_dict()["0.weight"], before)
