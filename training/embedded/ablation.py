# SPDX-License-Identifier: Apache-2.0
"""The ablations of the paper's Tables 2 and 4 on rendered scenes: one short training a row.

SAM, image encoder and VLM are those of a trained model and stay as they are; only the selector
learns, from nothing, so that rows differ in nothing but what the table is about. Proposals and
pooled features are computed once.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from transformers import ConvNextConfig, ConvNextModel

from llmseg_core.config import ImageEncoderKind, RuntimeConfig, SelectionConfig, SelectionRule
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_parts
from llmseg_core.model_dir.network_files import load_network
from llmseg_core.model_dir.networks import build_image_encoder, build_selector
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.runtime.random_state import seeded
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..data import SceneData
from ..evaluate import PipelineAnswers, evaluate, score_cases
from ..evaluate.report import write_json
from ..proposals.cache import CachedProposals
from ..proposals.made_with import sam_of
from ..proposals.write import write_proposals
from ..scenes import SceneFolder, write_scenes
from ..trainer.processes import processes
from .encoded_with import encoded_with
from .recipe import EmbeddedRecipe
from .selection_data import encode_scenes
from .selection_objective import SelectionModel
from .selection_scene import SelectionScene
from .train_selection import train_selection

__all__ = ["ABLATIONS", "Ablation", "AblationRow", "row_parts"]


@dataclass(frozen=True)
class AblationRow:
    """What one line of a table changes.

    Attributes:
        name: for people and for folders.
        selector: fields of `SelectorConfig`.
        ranks: whether the loss of the IoU head counts.
        measures: whether the loss of the IoP head counts.
        rule: which proposals are taken, at the released code's threshold of 0.5.
        encoder: the image encoder.
    """

    name: str
    selector: dict[str, Any] = field(default_factory=dict)
    ranks: bool = True
    measures: bool = True
    rule: SelectionRule = SelectionRule.IOP
    encoder: ImageEncoderKind = ImageEncoderKind.DINOV2


_TOP = SelectionRule.TOP_IOU
ABLATIONS: dict[str, tuple[AblationRow, ...]] = {
    "table2": (
        AblationRow("IoU head", {"use_fusion": False}, measures=False, rule=_TOP),
        AblationRow("fusion, IoU head", measures=False, rule=_TOP),
        AblationRow("fusion, IoP head", ranks=False),
        AblationRow("fusion, both heads"),
    ),
    "table4": (
        AblationRow("DINOv2"),
        AblationRow("CLIP ConvNeXt", encoder=ImageEncoderKind.CLIP_CONVNEXT),
        AblationRow("SAM", encoder=ImageEncoderKind.SAM),
    ),
}
"""The rows of each table, in the paper's order."""


class Ablation:
    """All rows of one table.

    Args:
        table: a key of `ABLATIONS`.
        recipe: scenes, the training of a row, and how many questions are asked.
        work: folder for everything; what is there is not done again, so another model, other sizes
            or scenes need another folder.
        model: directory of the embedded profile whose networks are used.
        convnext: folder or OpenCLIP's file of a ConvNeXt; None takes one with random weights, which
            the row then says.
        workers: processes that render scenes.

    Raises:
        ValueError: if there is no such table.
        FileNotFoundError: if there is no such model.
    """

    def __init__(
        self,
        table: str,
        recipe: EmbeddedRecipe,
        work: Path,
        model: str | Path = "embedded",
        convnext: Path | None = None,
        workers: int = 1,
    ) -> None:
        if table not in ABLATIONS:
            raise ValueError(f"{table!r} is no ablation, it must be one of {', '.join(ABLATIONS)}")
        self.table, self.recipe, self.work, self.workers = table, recipe, work, workers
        self._convnext = convnext
        self._parts = load_parts(model, RuntimeConfig(device=str(processes().device)))
        self._sam = sam_of(model, self._parts.sam.dtype)

    def run(self) -> dict[str, dict[str, float]]:
        """Scores of every row by its name, of questions with a target (see `score_cases`)."""
        self._prepare()
        return {self._label(row): self._run_row(row) for row in ABLATIONS[self.table]}

    def _prepare(self) -> None:
        """Scenes and proposals, which all rows share."""
        sizes = self.recipe.scenes
        generator = SamProposalGenerator(self._parts.sam, self._parts.config.proposals)
        for split, count in (("train", sizes.train), ("test", sizes.test)):
            write_scenes(
                self.work / "scenes", split, count, workers=self.workers, config=sizes.config
            )
            write_proposals(
                generator,
                self._scenes(split),
                self.work / "proposals" / split,
                config=self._parts.config.proposals,
                sam=self._sam,
            )

    def _run_row(self, row: AblationRow) -> dict[str, float]:
        name = self._label(row).replace(" ", "_").replace(",", "")
        run = f"{self.recipe.selection.steps}_steps_seed_{self.recipe.seed}"
        folder = self.work / self.table / run / name
        file = folder / "scores.json"
        if file.is_file():
            return _read_scores(file)
        parts = row_parts(self._parts, row, self._convnext, self.recipe.seed)
        vlm = SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)
        model = SelectionModel(vlm, parts.selector)
        recipe = self.recipe.selection
        recipe = replace(
            recipe,
            alignment_weight=recipe.alignment_weight if row.ranks else 0.0,
            iop_weight=recipe.iop_weight if row.measures else 0.0,
        )
        scenes = self.recipe.scenes
        encoded = self._encoded(parts, self._label(row) if self.table == "table4" else "DINOv2")
        train_selection(
            model, encoded, folder, recipe, self.recipe.seed, scenes.categories, scenes.width
        )
        trained = replace(parts, selector=model.selector.eval())
        scores = self._scores(LLMSegPipeline.from_parts(trained))
        write_json(file, scores)
        return scores

    def _encoded(self, parts: ModelParts, name: str) -> list[SelectionScene]:
        """Training scenes as one image encoder sees them."""
        embedder = PooledMaskEmbedder(
            build_image_encoder(parts), parts.config.image_encoder.pooling_size
        )
        vlm = SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)
        proposals = self._proposals("train")
        file = self.work / "features" / f"{name.replace(' ', '_')}.pt"
        file.parent.mkdir(parents=True, exist_ok=True)
        network = next(each for each in (parts.dinov2, parts.convnext, parts.sam) if each)
        made_with = encoded_with(network, parts.config, vlm.llava)
        return encode_scenes(
            self._scenes("train"), proposals, embedder, vlm.pixel_values, file, made_with
        )

    def _scores(self, pipeline: LLMSegPipeline) -> dict[str, float]:
        pipeline.generator = self._proposals("test")
        recipe = self.recipe
        scenes = SceneData(
            self.work / "scenes",
            "test",
            questions=recipe.ship.questions,
            seed=recipe.seed,
            categories=recipe.scenes.categories,
        )
        found = evaluate(scenes, PipelineAnswers(pipeline), scenes.asked_about(len(scenes)))
        return score_cases([case for case in found.cases if case.has_target])

    def _proposals(self, split: str) -> CachedProposals:
        folder = self.work / "proposals" / split
        return CachedProposals(folder, self._parts.config.proposals, self._sam)

    def _scenes(self, split: str) -> SceneFolder:
        return SceneFolder(self.work / "scenes" / split)

    def _label(self, row: AblationRow) -> str:
        untrained = row.encoder is ImageEncoderKind.CLIP_CONVNEXT and self._convnext is None
        return f"{row.name} (random weights)" if untrained else row.name


def row_parts(parts: ModelParts, row: AblationRow, convnext: Path | None, seed: int) -> ModelParts:
    """The networks of a row: those of the model with a new selector, and its own image encoder.

    New ones go to the device of the others.

    Args:
        parts: of the trained model.
        row: what it changes.
        convnext: folder or OpenCLIP's file of a ConvNeXt; None makes a small random one.
        seed: of all random weights.
    """
    is_convnext = row.encoder is ImageEncoderKind.CLIP_CONVNEXT
    config = replace(
        parts.config,
        image_encoder=replace(parts.config.image_encoder, kind=row.encoder),
        selection=SelectionConfig(rule=row.rule),
        calibration=None,  # of another selector
    )
    parts = replace(
        parts,
        config=config,
        dinov2=parts.dinov2 if row.encoder is ImageEncoderKind.DINOV2 else None,
        convnext=_convnext(convnext, seed).to(parts.llava.device) if is_convnext else None,
        seen_images=None,  # they are scored, familiar or not
    )
    width = build_image_encoder(parts).feature_dim
    selector = replace(config.selector, feature_dim=width, **row.selector)
    return replace(
        parts,
        config=replace(config, selector=selector),
        selector=build_selector(selector, seed).to(parts.llava.device),
    )


def _read_scores(file: Path) -> dict[str, float]:
    """The scores of a row that is finished; what is said of no question is NaN."""
    scores: dict[str, float | None] = json.loads(file.read_text(encoding="utf-8"))
    return {name: math.nan if value is None else value for name, value in scores.items()}


def _convnext(source: Path | None, seed: int) -> ConvNextModel:
    if source is not None:
        network: ConvNextModel = load_network(ConvNextModel, str(source), None, "eager")
        return network.eval()
    with seeded(seed):
        return ConvNextModel(
            ConvNextConfig(hidden_sizes=[32, 64, 96, 128], depths=[1, 1, 2, 1])
        ).eval()
