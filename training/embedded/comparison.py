# SPDX-License-Identifier: Apache-2.0
"""LLM-Seg beside LISA on rendered scenes, as in the paper's Tables 1 and 5: a short training each.

Both begin with the SAM and the VLM of a trained model and learn from the same scenes and questions
in the same order, as many steps, first in the words of the training split. Asked in the words of
another split they answer zero-shot; then they learn those words on the training scenes and are
asked again. The scenes they are asked about are seen by neither.

LLM-Seg's selector begins with random weights, as do LISA's projection and, as SAM was trained to
draw three masks a point only, a single mask that begins as the first of the three.
"""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import torch
from safetensors.torch import load_model, save_model
from torch import nn

from llmseg_core.config import LisaConfig, RuntimeConfig, SelectionConfig
from llmseg_core.config.limits import AtLeast
from llmseg_core.config.settings import Settings
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.methods.lisa import Lisa
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_parts
from llmseg_core.model_dir.lisa_files import LisaParts
from llmseg_core.model_dir.networks import build_image_encoder, build_selector
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.seg_prompt import SegPromptDecoder
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.runtime.random_state import seeded
from llmseg_core.runtime.whole_file import whole_file
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..data import SceneData
from ..evaluate import PipelineAnswers, SegmenterAnswers, evaluate, score_cases
from ..evaluate.json_lines import JsonLines
from ..evaluate.report import write_json
from ..learning.lisa_losses import MaskLossWeights
from ..lisa.objective import LisaModel
from ..proposals.cache import CachedProposals
from ..proposals.made_with import sam_of
from ..proposals.write import write_proposals
from ..scenes import SceneFolder, write_scenes
from ..trainer.processes import processes
from ..trainer.recipe_file import read_recipe
from .encoded_with import encoded_with
from .recipe import SceneRecipe
from .scene_masks import train_scene_masks
from .selection_data import encode_scenes
from .selection_objective import SelectionModel
from .train_selection import SelectionRecipe, train_selection

__all__ = ["COMPARISON_RECIPE", "METHODS", "Comparison", "ComparisonRecipe", "load_comparison"]

COMPARISON_RECIPE = Path(__file__).resolve().parents[1] / "configs" / "comparison.yaml"
METHODS = ("LISA", "LLM-Seg")
STATES = ("zero-shot", "fine-tuned")
"""In the paper's order."""
SCORES = "scores.json"


@dataclass(frozen=True)
class ComparisonRecipe(Settings):
    """Which scenes, and how both methods are trained."""

    scenes: SceneRecipe = field(default_factory=SceneRecipe)
    training: SelectionRecipe = field(default_factory=SelectionRecipe)
    """in the words of the training split; both methods"""
    fine_tuning: SelectionRecipe = field(default_factory=SelectionRecipe)
    """in the words that were held back"""
    mask_losses: MaskLossWeights = field(default_factory=MaskLossWeights)
    """LISA's own"""
    questions: Annotated[int, AtLeast(1)] = 6
    """most questions that are asked about a scene"""


def load_comparison(path: Path = COMPARISON_RECIPE) -> ComparisonRecipe:
    """Read a recipe; what it does not name keeps its default.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming file, section and key, and quoting a bad value.
    """
    return read_recipe(ComparisonRecipe, path, f"the project's own is {COMPARISON_RECIPE}")


class Comparison:
    """Both methods, before and after fine-tuning.

    Args:
        recipe: scenes and trainings.
        work: folder for everything; what is there is not done again, so another model, other sizes
            or scenes need another folder.
        model: directory of the embedded profile whose networks both begin with.
        workers: processes that render scenes.
    """

    def __init__(
        self,
        recipe: ComparisonRecipe,
        work: Path,
        model: str | Path = "embedded",
        workers: int = 1,
    ) -> None:
        self.recipe, self.work, self.workers = recipe, work, workers
        self._parts = load_parts(model, RuntimeConfig(device=str(processes().device)))
        self._sam = sam_of(model, self._parts.sam.dtype)

    def run(self, seed: int) -> dict[str, dict[str, float]]:
        """Scores by "METHOD, STATE", of questions with a target (see `score_cases`).

        Args:
            seed: of new weights, order and questions.
        """
        self._prepare()
        return {
            f"{method}, {state}": self._row(method, state, seed)
            for method in METHODS
            for state in STATES
        }

    def finished(self) -> dict[int, dict[str, dict[str, float]]]:
        """Scores of every seed whose rows are all there, as `run` gives them."""
        found = {}
        for folder in sorted(self.work.glob("seed_*")):
            files = {
                f"{method}, {state}": folder / method / state / SCORES
                for method in METHODS
                for state in STATES
            }
            if all(file.is_file() for file in files.values()):
                seed = int(folder.name.removeprefix("seed_"))
                found[seed] = {row: _read_scores(file) for row, file in files.items()}
        return dict(sorted(found.items()))

    def _prepare(self) -> None:
        """Scenes and proposals."""
        sizes, config = self.recipe.scenes, self._parts.config.proposals
        generator = SamProposalGenerator(self._parts.sam, config)
        for split, count in (("train", sizes.train), ("test", sizes.test)):
            write_scenes(
                self.work / "scenes", split, count, workers=self.workers, config=sizes.config
            )
            place = self.work / "proposals" / split
            write_proposals(generator, self._scenes(split), place, config=config, sam=self._sam)

    def _row(self, method: str, state: str, seed: int) -> dict[str, float]:
        folder = self.work / f"seed_{seed}" / method / state
        file = folder / SCORES
        if file.is_file():
            return _read_scores(file)
        model = self._untrained(method, seed)
        if state == "fine-tuned":
            load_model(model, folder.parent / STATES[0] / "model.safetensors")
        self._train(model, state, folder, seed)
        with whole_file(folder / "model.safetensors") as temporary:
            save_model(model, str(temporary))
        scores = self._scores(model.eval(), folder, seed)
        write_json(file, scores)
        return scores

    def _untrained(self, method: str, seed: int) -> SelectionModel | LisaModel:
        parts = self._parts
        vlm = SegTokenEncoder(
            copy.deepcopy(parts.llava), parts.tokenizer, parts.config.seg_token
        ).requires_grad_(True)
        if method == "LLM-Seg":
            selector = build_selector(parts.config.selector, seed).to(parts.llava.device)
            with seeded(seed):
                return SelectionModel(vlm, selector).to(parts.llava.device)
        with seeded(seed):
            decoder = SegPromptDecoder(parts.sam, vlm.hidden_dim)
        return LisaModel(vlm, begin_with_first(decoder).requires_grad_(True))

    def _train(
        self, model: SelectionModel | LisaModel, state: str, folder: Path, seed: int
    ) -> None:
        recipe, scenes = self.recipe, self.recipe.scenes
        training = recipe.training if state == STATES[0] else recipe.fine_tuning
        words = "train" if state == STATES[0] else "test"
        if isinstance(model, LisaModel):
            train_scene_masks(
                model,
                SamMasks(self._parts.sam),
                self._scenes("train"),
                folder,
                training,
                recipe.mask_losses,
                seed,
                words,
                scenes.categories,
            )
            return
        parts, vlm = self._parts, model.seg_token_encoder
        assert parts.dinov2 is not None
        encoded = encode_scenes(
            self._scenes("train"),
            self._proposals("train"),
            PooledMaskEmbedder(build_image_encoder(parts), parts.config.image_encoder.pooling_size),
            vlm.pixel_values,
            self.work / "features.pt",
            encoded_with(parts.dinov2, parts.config, vlm.llava),
        )
        train_selection(
            model, encoded, folder, training, seed, scenes.categories, width=None, words=words
        )

    @torch.inference_mode()
    def _scores(
        self, model: SelectionModel | LisaModel, folder: Path, seed: int
    ) -> dict[str, float]:
        """Asked in the words that were held back, about scenes that neither has seen."""
        scenes = SceneData(
            self.work / "scenes",
            "test",
            questions=self.recipe.questions,
            seed=seed,
            categories=self.recipe.scenes.categories,
        )
        parts, vlm = self._parts, model.seg_token_encoder
        source: PipelineAnswers | SegmenterAnswers
        if isinstance(model, LisaModel):
            config = LisaConfig(seg_token=parts.config.seg_token)
            lisa = Lisa(LisaParts(config, parts.sam, vlm.llava, parts.tokenizer, model.decoder))
            (folder / "masks.jsonl").unlink(missing_ok=True)
            source = SegmenterAnswers(lisa, JsonLines(folder / "masks.jsonl", {}))
        else:
            ours = replace(
                parts,
                llava=vlm.llava,
                selector=model.selector,
                config=replace(parts.config, selection=SelectionConfig(), calibration=None),
                seen_images=None,
            )
            pipeline = LLMSegPipeline.from_parts(ours)
            pipeline.generator = self._proposals("test")
            source = PipelineAnswers(pipeline)
        found = evaluate(scenes, source, scenes.asked_about(len(scenes)))
        absent = [case for case in found.cases if not case.has_target]
        return {
            **score_cases([case for case in found.cases if case.has_target]),
            "no_target_accuracy": score_cases(absent)["no_target_accuracy"],
        }

    def _proposals(self, split: str) -> CachedProposals:
        folder = self.work / "proposals" / split
        return CachedProposals(folder, self._parts.config.proposals, self._sam)

    def _scenes(self, split: str) -> SceneFolder:
        return SceneFolder(self.work / "scenes" / split)


def begin_with_first(decoder: SegPromptDecoder) -> SegPromptDecoder:
    """Let the single mask begin as the first of the three; `decoder` is changed."""
    inner = decoder.mask_decoder
    assert isinstance(inner.mask_tokens, nn.Embedding)
    with torch.no_grad():
        inner.mask_tokens.weight[0] = inner.mask_tokens.weight[1]
    networks = inner.output_hypernetworks_mlps
    assert isinstance(networks, nn.ModuleList)
    networks[0].load_state_dict(networks[1].state_dict())
    return decoder


def _read_scores(file: Path) -> dict[str, float]:
    """The scores of a row that is finished; what is said of no question is NaN."""
    stored: dict[str, float | None] = json.loads(file.read_text(encoding="utf-8"))
    return {name: math.nan if value is None else value for name, value in stored.items()}
