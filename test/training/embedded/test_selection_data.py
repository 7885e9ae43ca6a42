# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from helpers.literal_scene import literal_scene
from llmseg_core import Proposals
from llmseg_core.config import LLMSegConfig
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import MaskEmbedder, PooledMaskEmbedder
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.model_dir.weights_digest import module_digest
from llmseg_core.types import ProposalEmbeddings
from llmseg_core.vlm.prompts import ANSWERS
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.embedded.encoded_with import encoded_with
from llmseg_training.embedded.selection_data import (
    QuestionDraw,
    SelectionDataset,
    encode_scene,
    encode_scenes,
    proposal_sample,
)
from llmseg_training.embedded.selection_scene import SelectionScene
from llmseg_training.proposals.cache import CachedProposals
from llmseg_training.proposals.write import write_proposals
from llmseg_training.scenes import SceneFolder


@pytest.fixture(scope="module")
def embedder(parts: ModelParts) -> PooledMaskEmbedder:
    config = parts.config.image_encoder
    return PooledMaskEmbedder(Dinov2Encoder(parts.dinov2, config.image_size), config.pooling_size)


@pytest.fixture(scope="module")
def vlm(parts: ModelParts) -> SegTokenEncoder:
    return SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)


@pytest.fixture(scope="module")
def encoded(embedder: PooledMaskEmbedder, vlm: SegTokenEncoder) -> list[SelectionScene]:
    """The literal scene with three proposals (mug, mug and book, table) and with none."""
    scene = literal_scene()
    ids = torch.from_numpy(scene.instances)
    masks = torch.stack((ids == 1, (ids == 1) | (ids == 2), ids == 255))
    return [
        encode_scene(scene, Proposals.from_masks(kept), embedder, vlm.pixel_values)
        for kept in (masks, masks[:0])
    ]


def test_a_scene_is_encoded_once_and_for_all(
    encoded: list[SelectionScene], embedder: PooledMaskEmbedder, vlm: SegTokenEncoder
) -> None:
    scene, first = literal_scene(), encoded[0]
    assert first.overlaps.ids.tolist() == [1, 2]
    assert first.overlaps.shared.tolist() == [[256, 0], [256, 384], [0, 0]]
    assert first.overlaps.areas.tolist() == [256, 640, 2048 - 640]
    assert first.overlaps.instance_areas.tolist() == [256, 384]
    assert first.objects == scene.objects
    masks = torch.from_numpy(scene.instances == 1)[None]
    fresh = embedder(scene.image, Proposals.from_masks(masks))
    assert torch.equal(first.features[:1], fresh.features.half())
    assert torch.equal(first.boxes[:1], fresh.boxes_rel)
    assert torch.equal(first.pixel_values, vlm.pixel_values(scene.image)[0].half())
    assert encoded[1].features.shape == (0, 32)


def test_questions_are_decided_by_seed_index_and_pass(encoded: list[SelectionScene]) -> None:
    data = SelectionDataset([encoded[0]] * 2, QuestionDraw("train", 4), seed=3)
    first = data[0]
    assert 1 <= len(first.questions) == len(first.answers) <= 4
    assert all(question.phrasing == "seen" for question in first.meanings)
    assert set(first.answers) <= set(ANSWERS)
    again = SelectionDataset(encoded, QuestionDraw("train", 4), seed=3)[0]
    assert (again.meanings, again.answers) == (first.meanings, first.answers)
    assert data[1].meanings != first.meanings
    data.set_epoch(1)
    assert data[0].meanings != first.meanings


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_as_many_questions_as_wanted_have_no_answer(
    encoded: list[SelectionScene], share: float
) -> None:
    data = SelectionDataset(encoded[:1], QuestionDraw("train", 8, absent_share=share), seed=0)
    absent = [not meant.target_ids for meant in data[0].meanings]
    assert len(absent) > 2
    assert all(each == (share == 1) for each in absent)


def test_a_sample_is_the_scene_and_what_is_asked_about_it(encoded: list[SelectionScene]) -> None:
    scene, data = encoded[0], SelectionDataset(encoded, QuestionDraw("train", 5), seed=1)
    sample = data[0]
    assert torch.equal(sample.features, scene.features.float())
    assert torch.equal(sample.pixel_values[0], scene.pixel_values.float())
    assert torch.equal(sample.boxes_rel, scene.boxes)
    assert sample.questions == tuple(each.instruction for each in sample.meanings)
    targets = [question.target_ids for question in sample.meanings]
    assert len(set(targets)) > 1  # else the rows could be mixed up unseen
    for row, ids in enumerate(targets):
        assert torch.equal(sample.target_iou[row], scene.overlaps.iou(ids))
        assert torch.equal(sample.target_iop[row], scene.overlaps.iop(ids))


def test_a_scene_without_proposals_or_questions_is_a_sample(encoded: list[SelectionScene]) -> None:
    empty = SelectionDataset(encoded, QuestionDraw("train", 5), seed=1)[1]
    assert empty.target_iou.shape == empty.target_iop.shape == (len(empty.questions), 0)
    silent = proposal_sample(encoded[0], [], [])
    assert silent.target_iou.shape == silent.target_iop.shape == (0, 3)


def test_scenes_are_encoded_into_one_file_written_whole(
    parts: ModelParts,
    scenes: SceneFolder,
    embedder: PooledMaskEmbedder,
    vlm: SegTokenEncoder,
    tmp_path: Path,
) -> None:
    proposals = stored_proposals(tmp_path / "proposals", scenes, [0, 2])
    file = tmp_path / "features.pt"

    calls: list[np.ndarray] = []

    class Interrupted(MaskEmbedder):
        def __call__(self, image: np.ndarray, kept: Proposals) -> object:
            calls.append(image)
            if len(calls) > 1:
                raise KeyboardInterrupt
            return embedder(image, kept)

    with pytest.raises(KeyboardInterrupt):
        encode_scenes(scenes, proposals, Interrupted(), vlm.pixel_values, file)
    assert not file.exists()

    first = encode_scenes(scenes, proposals, embedder, vlm.pixel_values, file)
    assert [scene.objects for scene in first] == [scenes.objects(0), scenes.objects(2)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("features.pt", "features.yaml", "proposals")
    ]

    read = encode_scenes(scenes, proposals, Interrupted(), vlm.pixel_values, file)
    assert_same_scenes(read, first)

    proposals = stored_proposals(tmp_path / "proposals", scenes, [3])
    assert len(encode_scenes(scenes, proposals, embedder, vlm.pixel_values, file)) == 3


def test_encoded_scenes_of_other_networks_are_made_anew(
    scenes: SceneFolder,
    embedder: PooledMaskEmbedder,
    vlm: SegTokenEncoder,
    parts: ModelParts,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    proposals = stored_proposals(tmp_path / "proposals", scenes, [0, 2])
    file, calls = tmp_path / "features.pt", []

    class Counting(MaskEmbedder):
        def __call__(self, image: np.ndarray, kept: Proposals) -> ProposalEmbeddings:
            calls.append(1)
            return embedder(image, kept)

    def encode(network: nn.Module, config: LLMSegConfig) -> int:
        """How often the image encoder was asked."""
        calls.clear()
        made_with = encoded_with(network, config, parts.llava)
        encode_scenes(scenes, proposals, Counting(), vlm.pixel_values, file, made_with)
        return len(calls)

    assert encode(parts.dinov2, parts.config) == 4
    assert encode(parts.dinov2, parts.config) == 0
    changed = copy.deepcopy(parts.dinov2)
    changed.embeddings.cls_token.data += 1
    capsys.readouterr()
    assert encode(changed, parts.config) == 4
    words = f"image_encoder {module_digest(parts.dinov2)}, not {module_digest(changed)}"
    assert f"{file} was made with {words}: it is made anew\n" in capsys.readouterr().err
    sizes = replace(parts.config.image_encoder, pooling_size=32)
    assert encode(changed, replace(parts.config, image_encoder=sizes)) == 4
    assert "pooling_size" in capsys.readouterr().err
    sizes_of_proposals = tmp_path / "proposals" / "proposals.yaml"
    sizes_of_proposals.write_text("points_per_side: 7")  # proposed anew
    assert encode(changed, replace(parts.config, image_encoder=sizes)) == 4
    file.with_suffix(".yaml").unlink()  # as files of before
    assert encode(parts.dinov2, parts.config) == 0
    assert capsys.readouterr().err.count("taken as it is") == 1


def test_no_proposals_at_all_name_the_remedy(
    scenes: SceneFolder, embedder: PooledMaskEmbedder, vlm: SegTokenEncoder, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match=r"none of the 4 scenes.*write_proposals"):
        encode_scenes(
            scenes, CachedProposals(tmp_path), embedder, vlm.pixel_values, tmp_path / "features.pt"
        )


def stored_proposals(folder: Path, scenes: SceneFolder, indices: list[int]) -> CachedProposals:
    """The true masks of the objects, stored as proposals."""
    for index in indices:
        scene = scenes[index]
        masks = np.stack([scene.instances == item.id for item in scene.objects])
        true = Proposals.from_masks(torch.from_numpy(masks))
        write_proposals(lambda _, true=true: true, scenes, folder, [index])
    return CachedProposals(folder)


def assert_same_scenes(read: list[SelectionScene], written: list[SelectionScene]) -> None:
    for one, other in zip(read, written, strict=True):
        assert one.objects == other.objects
        for name in ("features", "boxes", "pixel_values"):
            assert torch.equal(getattr(one, name), getattr(other, name))
        for spec in fields(one.overlaps):
            assert torch.equal(getattr(one.overlaps, spec.name), getattr(other.overlaps, spec.name))
