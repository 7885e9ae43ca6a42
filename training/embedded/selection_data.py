# SPDX-License-Identifier: Apache-2.0
"""Scenes with their proposals as training samples of the mask selector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from llmseg_core.embeddings.mask_embedder import MaskEmbedder
from llmseg_core.metrics.overlap import intersections
from llmseg_core.types import Proposals
from llmseg_core.vlm.prompts import ANSWERS, FIXED_ANSWER

from ..learning.batch import ProposalSample
from ..learning.targets import ProposalOverlaps
from ..proposals.cache import CachedProposals
from ..questions import (
    ABSENT_SHARE,
    CATEGORIES,
    KIND_SHARES,
    QuestionSample,
    generate_samples,
    shares_with_relations,
)
from ..scenes import Scene, SceneFolder, SceneObject
from ..trainer.drawn_dataset import DrawnDataset
from ..trainer.processes import processes
from .encoded_with import forget, is_made_with, note, text_digest
from .features_file import read_features, write_features
from .selection_augment import mirrored, thinned
from .selection_scene import SelectionScene

__all__ = ["QuestionDraw", "SelectionDataset", "encode_scenes", "proposal_sample", "question_rows"]


def encode_scene(
    scene: Scene,
    proposals: Proposals,
    embedder: MaskEmbedder,
    vlm_pixels: Callable[[np.ndarray], Tensor],
) -> SelectionScene:
    """Run the frozen parts on one scene, on whatever device they are; the result is on the CPU.

    Args:
        scene: image and instances.
        proposals: of the same image, on the CPU.
        embedder: the frozen image encoder with mask pooling.
        vlm_pixels: (H, W, 3) uint8 to the VLM's (1, 3, S, S) input.
    """
    embeddings = embedder(scene.image, proposals)
    mirror = np.ascontiguousarray(scene.image[:, ::-1])
    mirror_embeddings = embedder(mirror, Proposals.from_masks(proposals.masks.flip(2)))
    ids = torch.tensor([item.id for item in scene.objects], dtype=torch.int64)
    instances = torch.from_numpy(scene.instances.astype(np.int64)) == ids[:, None, None]
    overlaps = ProposalOverlaps(
        ids=ids,
        shared=intersections(proposals.masks, instances),
        areas=proposals.areas_px.float(),
        instance_areas=instances.flatten(1).sum(1).float(),
    )
    return SelectionScene(
        features=embeddings.features.half().cpu(),
        mirror_features=mirror_embeddings.features.half().cpu(),
        boxes=embeddings.boxes_rel.cpu(),
        overlaps=overlaps,
        objects=scene.objects,
        pixel_values=vlm_pixels(scene.image)[0].half().cpu(),
    )


def encode_scenes(
    scenes: SceneFolder,
    proposals: CachedProposals,
    embedder: MaskEmbedder,
    vlm_pixels: Callable[[np.ndarray], Tensor],
    file: Path,
    made_with: Mapping[str, str] | None = None,
) -> list[SelectionScene]:
    """Every scene that has proposals, read from `file` or computed and written there.

    Several processes compute a share each, in a file each (`features.0-of-2.pt`), and read all. A
    file of other scenes, proposals or networks is of an earlier state, and is written anew.

    Args:
        scenes: rendered scenes.
        proposals: of some of them.
        embedder: the frozen image encoder with mask pooling.
        vlm_pixels: (H, W, 3) uint8 to the VLM's (1, 3, S, S) input.
        file: where the result is kept, with a note beside it.
        made_with: what embedder and VLM are, see `encoded_with`; None does not look at them.

    Raises:
        FileNotFoundError: if no scene has proposals.
        ValueError: if `file` is damaged or holds something else.
    """
    indices = [index for index in range(len(scenes)) if scenes.sample_name(index) in proposals]
    if not indices:
        raise FileNotFoundError(
            f"{proposals.folder} has proposals for none of the {len(scenes)} scenes: "
            "compute them with write_proposals"
        )
    state = processes()
    count = state.num_processes
    shares = [indices[number::count] for number in range(count)]
    files = [file]
    if count > 1:
        files = [file.with_suffix(f".{number}-of-{count}.pt") for number in range(count)]
    own, share = files[state.process_index], shares[state.process_index]
    names = [scenes.sample_name(index) for index in share]
    made_with = {
        **(made_with or {}),
        "proposals": text_digest([proposals.made_with()]),
        "scenes": text_digest(names),
    }
    encoded = read_features(own) if own.exists() and is_made_with(own, made_with) else None
    if encoded is None or len(encoded) != len(share):
        encoded = []
        for index in tqdm(share, desc="features", disable=not state.is_local_main_process):
            stored = proposals[scenes.sample_name(index)]
            encoded.append(encode_scene(scenes[index], stored, embedder, vlm_pixels))
        forget(own)
        write_features(own, encoded)
        note(own, made_with)
    state.wait_for_everyone()
    parts = [encoded if each == own else read_features(each) for each in files]
    return [parts[place % count][place // count] for place in range(len(indices))]


def proposal_sample(
    scene: SelectionScene, questions: Sequence[QuestionSample], answers: Sequence[str]
) -> ProposalSample:
    """An encoded scene with questions about it.

    Args:
        scene: with K proposals.
        questions: R questions.
        answers: R texts that the VLM learns to give.
    """
    overlaps = scene.overlaps
    targets = [question.target_ids for question in questions]
    count = len(scene.boxes)
    return ProposalSample(
        boxes_rel=scene.boxes,
        pixel_values=scene.pixel_values.float()[None],
        target_iou=question_rows([overlaps.iou(ids) for ids in targets], count),
        target_iop=question_rows([overlaps.iop(ids) for ids in targets], count),
        questions=tuple(question.instruction for question in questions),
        answers=tuple(answers),
        features=scene.features.float(),
        meanings=tuple(questions),
    )


def question_rows(rows: Sequence[Tensor], width: int) -> Tensor:
    """(rows, width) float32 of one row for each question, also of no rows."""
    return torch.stack(list(rows)) if rows else torch.zeros(0, width)


@dataclass(frozen=True)
class QuestionDraw:
    """Which questions are asked about a scene, and what the VLM learns to answer.

    Attributes:
        words: split whose phrasings are used.
        questions: most of them, a scene.
        categories: what scenes can have.
        relation_share: share of those about relations, [0, 1].
        absent_share: share of the questions that nothing fits, [0, 1].
    """

    words: str
    questions: int
    categories: Sequence[str] = CATEGORIES
    relation_share: float = KIND_SHARES["relation"]
    absent_share: float = ABSENT_SHARE

    def of(
        self, objects: Sequence[SceneObject], rng: np.random.Generator
    ) -> tuple[list[QuestionSample], list[str]]:
        """Questions about the objects of a scene, and the answers; all draws are of `rng`."""
        samples = generate_samples(
            objects,
            rng,
            self.words,
            self.questions,
            vocabulary=self.categories,
            shares=shares_with_relations(self.relation_share),
            absent_share=self.absent_share,
        )
        answers = [
            FIXED_ANSWER if rng.random() < 0.6 else ANSWERS[rng.integers(len(ANSWERS))]
            for _ in samples
        ]
        return samples, answers


class SelectionDataset(DrawnDataset[ProposalSample]):
    """Encoded scenes with questions drawn anew at every pass.

    Args:
        scenes: from `encode_scenes`.
        draw: which questions are asked.
        seed: of the draws.
        augment_width: width of the scenes in pixels, to mirror half of them and to hide some
            proposals; None leaves the scenes as they are.
    """

    def __init__(
        self,
        scenes: Sequence[SelectionScene],
        draw: QuestionDraw,
        seed: int,
        augment_width: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.scenes, self.draw, self.augment_width = scenes, draw, augment_width

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> ProposalSample:
        rng = self.rng(index)
        scene = self.scenes[index]
        if self.augment_width is not None:
            scene = thinned(scene, rng)
            scene = mirrored(scene, self.augment_width) if rng.random() < 0.5 else scene
        samples, answers = self.draw.of(scene.objects, rng)
        return proposal_sample(scene, samples, answers)
