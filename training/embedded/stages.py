# SPDX-License-Identifier: Apache-2.0
"""`make train-embedded`: the embedded model from nothing, stage by stage.

    scenes       rendered scenes of the three splits
    sam          SAM learns to propose objects
    refiner      a refiner learns to sharpen its masks, where the recipe has one
    recognition  the image encoder learns categories and colours
    language     the language model learns instructions, without images
    proposals    SAM's own proposals of training scenes, and their features
    selector     the selector learns which of them an instruction means, where the recipe has it
    selection    VLM and selector learn it together
    ship         thresholds are tuned on validation scenes, the model directory is written
    calibrate    its confidences become chances, by other validation scenes
    familiarity  it knows what its training scenes look like to it

Every stage leaves its result in the work folder and goes on where it was interrupted. Started by
torchrun, as the Makefile does, its processes share the scenes of a batch, each on a GPU of its own
if there are any.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, load_model, save_model
from torch import nn
from transformers import (
    Dinov2Model,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
    SamModel,
)

from llmseg_core.config import LLMSegConfig, RuntimeConfig
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_parts
from llmseg_core.model_dir.directory import CONFIG_FILE
from llmseg_core.model_dir.network_files import save_network, save_weights
from llmseg_core.model_dir.networks import (
    build_embedded_llava,
    build_selector,
    embedded_config,
)
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.model_dir.proposers import proposer_class
from llmseg_core.model_dir.weights_digest import model_digest, network_digest
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.proposals.refined_sam import RefinedSamModel
from llmseg_core.runtime.random_state import seeded
from llmseg_core.runtime.whole_file import whole_file, write_whole
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_core.vlm.tokenizer import build_tokenizer

from ..data import SceneData
from ..evaluate import PipelineAnswers
from ..evaluate.json_lines import JsonLines
from ..proposals.cache import CachedProposals
from ..proposals.made_with import SamInUse
from ..proposals.write import write_proposals
from ..questions import iter_instructions
from ..scenes import SceneFolder, write_scenes
from ..trainer.processes import processes
from .encoded_with import encoded_with
from .recipe import EmbeddedRecipe
from .sam_data import JoinedImages
from .selection_data import encode_scenes
from .selection_objective import SelectionModel
from .selection_scene import SelectionScene
from .self_knowledge import calibrate_shipped, learn_scenes
from .train_recognition import train_recognition
from .train_refiner import train_refiner
from .train_sam import train_sam
from .train_selection import train_language, train_selection, train_selector
from .tuning import sweep_candidates, tune_selection

__all__ = ["STAGES", "EmbeddedTraining"]

STAGES = (
    "scenes", "sam", "refiner", "recognition", "language", "proposals", "selector", "selection",
    "ship", "calibrate", "familiarity",
)  # fmt: skip


class EmbeddedTraining:
    """The stages, each a method of its name.

    Args:
        recipe: sizes and rates.
        work: folder for everything in between.
        out: the model directory to write.
        workers: processes that render scenes.
        config: of the model; None is the embedded profile's with the recipe's proposals.
    """

    def __init__(
        self,
        recipe: EmbeddedRecipe,
        work: Path,
        out: Path,
        workers: int = 2,
        config: LLMSegConfig | None = None,
    ) -> None:
        self.recipe, self.work, self.out, self.workers = recipe, work, out, workers
        if config is None:
            skips = recipe.recognition.skip_padding
            config = replace(
                embedded_config(),
                proposals=recipe.proposals,
                image_encoder=replace(embedded_config().image_encoder, skip_padding=skips),
            )
        self.config = config
        self.state = processes()

    def run(self, stage: str) -> None:
        """Do one of `STAGES`, then wait for the other processes.

        Raises:
            FileNotFoundError: if an earlier stage is missing.
            ValueError: if the processes cannot share a batch of the recipe.
        """
        getattr(self, stage)()
        self.state.wait_for_everyone()

    def reuse(self, model: str | Path) -> None:
        """Begin with the networks of a trained model, all but its selector.

        The stages `reused` need not run then, and "language" goes on from its VLM.

        Args:
            model: a directory of the same profile, or "embedded" for the one in the package.
        """
        parts = load_parts(model)
        if parts.dinov2 is None:
            raise ValueError(f"{model} has no DINOv2: it is no model of the embedded profile")
        save_network(parts.sam, self.work / "sam" / "sam")
        if isinstance(parts.sam, RefinedSamModel):
            save_network(parts.sam, self.work / "refiner" / "sam")
        save_network(parts.llava, self.work / "language" / "reused")
        save_network(parts.tokenizer, self.work / "language" / "tokenizer")
        folder = self.work / "recognition"
        save_network(parts.dinov2, folder / "dinov2")
        projection = parts.selector.mask_projection.state_dict()
        save_weights(projection, folder / "mask_projection.safetensors")

    @property
    def reused(self) -> tuple[str, ...]:
        """Stages that need not run after `reuse`."""
        is_refined = proposer_class(self._made_by("sam", "sam")) is RefinedSamModel
        return ("sam", "recognition", "refiner")[: 3 if is_refined else 2]

    def scenes(self) -> None:
        """Render the scenes of every split."""
        if not self.state.is_main_process:
            return
        scenes = self.recipe.scenes
        for split, count in (("val", scenes.val), ("test", scenes.test), ("train", scenes.train)):
            write_scenes(
                self.work / "scenes", split, count, workers=self.workers, config=scenes.config
            )
        others = self.recipe.sam_scenes
        if others is not None:
            folder, config = self.work / "sam_scenes", others.config
            write_scenes(folder, "train", others.train, workers=self.workers, config=config)

    def sam(self) -> None:
        """Train SAM."""
        recipe, skips = self.recipe, self.recipe.proposals.skip_padding
        train_sam(self._scenes_of_sam(), self.work / "sam", recipe.sam, recipe.seed, skips)

    def refiner(self) -> None:
        """Train the refiner of SAM's masks, on the scenes of the model and those of SAM."""
        recipe, proposals = self.recipe.refiner, self.recipe.proposals
        if recipe is None:
            return
        scenes = [self._scenes("train")]
        if self.recipe.sam_scenes is not None:
            scenes.append(self._scenes_of_sam())
        sam = self._sam_in(self._made_by("sam", "sam"))
        folder, seed = self.work / "refiner", self.recipe.seed
        train_refiner(sam, JoinedImages(scenes), folder, recipe, seed, proposals)

    def recognition(self) -> None:
        """Train the image encoder."""
        folder, recipe = self.work / "recognition", self.recipe
        train_recognition(
            self._scenes("train"),
            self._sam(),
            folder,
            recipe.recognition,
            recipe.seed,
            recipe.scenes.categories,
        )

    def language(self) -> None:
        """Build the tokenizer and train the language model on instructions."""
        folder = self.work / "language"
        if not (folder / "reused").exists():
            if self.state.is_main_process:
                corpus = iter_instructions(
                    "train",
                    self.recipe.language.corpus,
                    self.recipe.seed,
                    self.recipe.scenes.categories,
                )
                save_network(build_tokenizer(corpus), folder / "tokenizer")
            self.state.wait_for_everyone()
        model = self.untrained()
        recipe, categories = self.recipe.language, self.recipe.scenes.categories
        train_language(model, folder, recipe, self.recipe.seed, categories)
        self._save_whole(model, folder / "model.safetensors")

    def proposals(self) -> None:
        """Propose masks for training scenes, and pool their features."""
        scenes = self._scenes("train")
        first = max(0, len(scenes) - self.recipe.scenes.proposals)
        share = range(first + self.state.process_index, len(scenes), self.state.num_processes)
        shown, folder = self.state.is_main_process, self.work / "proposals"
        write_proposals(
            SamProposalGenerator(self._sam().to(self.state.device), self.config.proposals),
            scenes,
            folder,
            share,
            self.config.proposals,
            show_progress=shown,
            sam=self._sam_in_use(),
        )
        self.state.wait_for_everyone()
        self._encoded()

    def selector(self) -> None:
        """Train the selector on them, by a VLM that does not learn."""
        recipe, scenes = self.recipe.selector, self.recipe.scenes
        if recipe is None:
            return
        folder, model, encoded = self.work / "selector", self._vlm_and_selector(), self._encoded()
        categories, width = scenes.categories, scenes.width
        train_selector(model, encoded, folder, recipe, self.recipe.seed, categories, width)
        self._save_whole(model.selector, folder / "model.safetensors")

    def selection(self) -> None:
        """Train VLM and selector on them."""
        folder, model, encoded = self.work / "selection", self._vlm_and_selector(), self._encoded()
        if self.recipe.selector is not None:
            load_model(model.selector, self._made_by("selector", "model.safetensors"))
        recipe, scenes, seed = self.recipe.selection, self.recipe.scenes, self.recipe.seed
        categories, width = scenes.categories, scenes.width
        train_selection(model, encoded, folder, recipe, seed, categories, width)
        self._save_whole(model, folder / "model.safetensors")

    def ship(self) -> None:
        """Tune the selection rule on validation scenes and write the model directory."""
        if not self.state.is_main_process:
            return
        torch.set_num_threads(max(torch.get_num_threads(), self.state.num_processes))
        model = self.untrained()
        load_model(model, self._made_by("selection", "model.safetensors"))
        LLMSegPipeline.from_parts(self.parts(model)).save_pretrained(self.out, torch.float16)
        pipeline = LLMSegPipeline.from_pretrained(self.out, self._runtime())
        recipe, digest = self.recipe.ship, model_digest(self.out)
        categories, seed, asked = self.recipe.scenes.categories, self.recipe.seed, recipe.questions
        folder = self.work / "scenes"
        scenes = SceneData(folder, "val", questions=asked, seed=seed, categories=categories)
        indices, about = scenes.asked_about(recipe.scenes), {"model": digest, "data": scenes.name}
        kept = JsonLines(self.work / "ship" / digest / "scores.jsonl", about)
        rows = sweep_candidates(scenes, indices, PipelineAnswers(pipeline, kept))
        selection, table = tune_selection(rows, recipe.no_target_accuracy)
        write_whole(self.work / "tuning.json", json.dumps(table, indent=2))
        print(f"chosen on validation scenes: {selection}")
        pipeline.config = replace(pipeline.config, selection=selection)
        pipeline.save_pretrained(self.out, torch.float16)

    def calibrate(self) -> None:
        """Fit the confidences of the model that was written."""
        if self.state.is_main_process:
            recipe, seed = self.recipe.calibrate, self.recipe.seed + 1  # not as `ship` asks
            categories, wordings = self.recipe.scenes.categories, ("val", "train")
            scenes, work = self.work / "scenes", self.work / "calibrate"
            data = SceneData(scenes, "val", wordings, recipe.questions, seed, categories)
            calibrate_shipped(self._shipped(), data, recipe, work, self._runtime())

    def familiarity(self) -> None:
        """Let the model that was written know its training scenes."""
        if self.state.is_main_process:
            recipe, seed = self.recipe.familiarity, self.recipe.seed
            scenes, work = self._scenes("train"), self.work / "familiarity"
            learn_scenes(self._shipped(), scenes, recipe, work, seed, self._runtime())

    def untrained(self) -> SelectionModel:
        """VLM and selector with the weights that training starts from."""
        tokenizer = PreTrainedTokenizerFast.from_pretrained(self._made_by("language", "tokenizer"))
        seed = self.recipe.seed
        reused = self.work / "language" / "reused"
        if reused.exists():
            llava = LlavaForConditionalGeneration.from_pretrained(reused, local_files_only=True)
        else:
            llava = build_embedded_llava(tokenizer, seed)
        encoder = SegTokenEncoder(llava, tokenizer, self.config.seg_token)
        with seeded(seed):
            return SelectionModel(
                encoder, build_selector(self.config.selector, seed), self.recipe.scenes.categories
            )

    def _vlm_and_selector(self) -> SelectionModel:
        """VLM and selector as the stages before leave them."""
        model = self.untrained()
        load_model(model, self._made_by("language", "model.safetensors"))
        projection = load_file(self._made_by("recognition", "mask_projection.safetensors"))
        model.selector.mask_projection.load_state_dict(projection)
        return model

    def parts(self, model: SelectionModel) -> ModelParts:
        """A whole model: `model` behind the SAM and the image encoder of earlier stages.

        All of it goes to the device of this process, `model` too.
        """
        device = self.state.device
        return ModelParts(
            config=self.config,
            sam=self._sam().to(device),
            dinov2=self._dinov2().to(device),
            llava=model.seg_token_encoder.llava.to(device).eval(),
            tokenizer=model.seg_token_encoder.tokenizer,
            selector=model.selector.to(device).eval(),
        )

    def _runtime(self) -> RuntimeConfig:
        return RuntimeConfig(device=str(self.state.device))

    def _shipped(self) -> Path:
        """The model directory of stage "ship"."""
        if not (self.out / CONFIG_FILE).is_file():
            raise FileNotFoundError(f"{self.out} is no model directory: run --stage ship first")
        return self.out

    def _made_by(self, stage: str, name: str) -> str:
        """Path of what an earlier stage left in its folder."""
        path = self.work / stage / name
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: run --stage {stage} first")
        return str(path)

    def _scenes(self, split: str) -> SceneFolder:
        return SceneFolder(self.work / "scenes" / split)

    def _scenes_of_sam(self) -> SceneFolder:
        """The training scenes of stage "sam"."""
        if self.recipe.sam_scenes is None:
            return self._scenes("train")
        return SceneFolder(self.work / "sam_scenes" / "train")

    def _sam_folder(self) -> str:
        """SAM as the stages after "refiner" take it."""
        return self._made_by("sam" if self.recipe.refiner is None else "refiner", "sam")

    def _sam(self) -> SamModel:
        return self._sam_in(self._sam_folder())

    @staticmethod
    def _sam_in(folder: str) -> SamModel:
        sam = proposer_class(folder).from_pretrained(folder, local_files_only=True).eval()
        if not isinstance(sam, SamModel):
            raise ValueError(
                f"{folder} holds a {type(sam).__name__}: everything mode takes a SamModel, so the "
                f"recipe must say architecture: sam to go on from here"
            )
        return sam

    def _sam_in_use(self) -> SamInUse:
        return SamInUse(network_digest(Path(self._sam_folder())), "float32")

    def _dinov2(self) -> Dinov2Model:
        folder = self._made_by("recognition", "dinov2")
        return Dinov2Model.from_pretrained(folder, local_files_only=True).eval()

    def _encoded(self) -> list[SelectionScene]:
        dinov2 = self._dinov2().to(self.state.device)
        vlm = self.untrained().seg_token_encoder
        sizes = self.config.image_encoder
        encoder = Dinov2Encoder(dinov2, sizes.image_size, sizes.skip_padding)
        folder = self.work / "proposals"
        return encode_scenes(
            self._scenes("train"),
            CachedProposals(folder, self.config.proposals, self._sam_in_use()),
            PooledMaskEmbedder(encoder, self.config.image_encoder.pooling_size),
            vlm.pixel_values,
            folder / "features.pt",
            encoded_with(dinov2, self.config, vlm.llava),
        )

    def _save_whole(self, model: nn.Module, file: Path) -> None:
        """Weights in a file that is either absent or complete."""
        if self.state.is_main_process:
            with whole_file(file) as temporary:
                save_model(model, str(temporary))
        self.state.wait_for_everyone()
