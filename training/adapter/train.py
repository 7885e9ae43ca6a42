# SPDX-License-Identifier: Apache-2.0
"""Trains adapter and selector by a recipe: reads the model, draws the data, keeps best and last."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers import PreTrainedModel, get_scheduler

from llmseg_core.config import RuntimeConfig
from llmseg_core.embeddings.dinov2 import DINOS
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_sam
from llmseg_core.model_dir.proposers import build_proposals
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.runtime.folder_lock import locked
from llmseg_core.vlm.families import image_vlm_of
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..data import BrokenPolicy
from ..data.draws import SampleDraws
from ..honesty.fine_tuned import learn_images, tell_what_is_known
from ..honesty.image_statistics import ImageStatistics, sam_of_directory
from ..learning.batch import ProposalBatch, ProposalSample, collate_proposals
from ..proposals.cache import CachedProposals
from ..trainer.checkpoints import last_checkpoint
from ..trainer.learner import WEIGHTS
from ..trainer.loop import TrainingLoop
from ..trainer.plan import TrainingPlan
from ..trainer.processes import processes, require_zero2
from ..trainer.trackers import require_trackers
from .data import AdapterDataset, InputSizes
from .directory import save_adapter_directory
from .inputs import AdapterInputs, open_inputs
from .memory import MemoryEstimate, StepSize, expected_memory
from .objective import AdapterModel, AdapterObjective
from .parts import AdapterParts, load_adapter_parts
from .recipe import AdapterRecipe
from .shipped import CONFIGS
from .validation import AdapterValidation
from .work_folder import WorkFolder

__all__ = [
    "BARE_QUESTION",
    "PreparedTraining",
    "adapter_plan",
    "build_loop",
    "build_model",
    "checkpoint_activations",
    "run_recipe",
    "samples_in_all",
    "train_adapter",
]

ZERO2 = CONFIGS / "zero2.json"
BARE_QUESTION = "{instruction}"


def train_adapter(recipe: AdapterRecipe, work: Path) -> Path:
    """Train from where a training in `work` has come to, or from the start.

    WORK/recipe.yaml      what was trained; WORK/inputs.json on what
    WORK/checkpoint-N/    what learns, Adam's state and the state of chance after N steps
    WORK/best/, last/     model directories; `best` if there is validation data
    WORK/logs/            for TensorBoard

    Under `accelerate launch` or `torchrun` every process takes its share of each step.

    Args:
        recipe: data, sizes and rates.
        work: folder of the training.

    Returns:
        The model directory: the best, or the last without validation data.

    Raises:
        FileNotFoundError: if model, data or stored proposals are missing.
        ValueError: if a training is in `work` that another recipe began, with another result, or
            things do not fit together.
        FolderInUseError: if another training goes on in `work`.
    """
    return run_recipe(recipe, work, _prepared)


@dataclass(frozen=True)
class PreparedTraining:
    """What one method's training consists of.

    Attributes:
        loop: ready to begin.
        save: writes a model directory, with the scores that it reached.
        memory: what a step will take.
        look: makes what looks at images as the model's encoders do; None where the method does not
            tell familiar images from others.
    """

    loop: TrainingLoop[Any, Any]
    save: Callable[[Path, dict[str, Any]], None]
    memory: MemoryEstimate
    look: Callable[[], ImageStatistics] | None = None


Prepare = Callable[[AdapterRecipe, Path, AdapterInputs, PartialState], PreparedTraining]
"""Reads the model of a recipe, and puts its training together."""


def run_recipe(recipe: AdapterRecipe, work: Path, prepare: Prepare) -> Path:
    """What all trainings by a recipe have in common; see `train_adapter`."""
    state = processes()
    with locked(work) if state.is_main_process else nullcontext():
        return _run(recipe, work, state, prepare)


def _run(recipe: AdapterRecipe, work: Path, state: PartialState, prepare: Prepare) -> Path:
    # What is missing shows before the weights are read.
    if recipe.zero2:
        require_zero2()
    require_trackers(recipe.report_to)
    batches = recipe.batches_a_step(state.num_processes)
    weights = None if recipe.begin_with is None else _weights_file(Path(recipe.begin_with))
    inputs = open_inputs(recipe)
    place = WorkFolder(work, recipe, inputs, state.num_processes)
    if state.is_main_process:
        place.check()
        batch = recipe.batch_size * batches * state.num_processes
        print(
            f"a step takes {batch} images: {batches} x {recipe.batch_size} in each of "
            f"{state.num_processes} processes"
        )
    prepared = prepare(recipe, work, inputs, state)
    loop = prepared.loop
    if weights is not None and last_checkpoint(work) is None:
        loop.objective.load(weights)
    if state.is_main_process:
        prepared.memory.show()
        place.keep()
    loop.train_to_end()
    model = work / ("last" if recipe.validation is None else "best")
    if state.is_main_process:
        prepared.save(work / "last", {"step": loop.step})
        if prepared.look is not None:
            models = [model, work / "last"]
            learn_images(models, recipe.data, inputs.data, prepared.look)
        tell_what_is_known(model, recipe.model)
    state.wait_for_everyone()
    return model


def _prepared(
    recipe: AdapterRecipe, work: Path, inputs: AdapterInputs, state: PartialState
) -> PreparedTraining:
    parts = load_adapter_parts(
        recipe.model,
        recipe.lora,
        dtype=getattr(torch, recipe.precision),
        device=state.device,
        attention=recipe.attention,
        load_in=recipe.load_in,
        new_selector=recipe.new_selector,
        seed=recipe.seed,
    )
    model = build_model(recipe, parts)
    size = StepSize(recipe.batch_size, recipe.questions, parts.config.proposals.max_proposals)
    return PreparedTraining(
        build_loop(recipe, work, parts, model, inputs),
        lambda folder, scores: save_adapter_directory(parts, folder, scores),
        expected_memory(
            model,
            parts.encoder_network,
            size,
            checkpointing=recipe.gradient_checkpointing,
            processes=state.num_processes,
            zero2=recipe.zero2,
        ),
        partial(_look, recipe, parts),
    )


def _look(recipe: AdapterRecipe, parts: AdapterParts) -> ImageStatistics:
    """What looks at images as the trained model will: its SAM and image encoder do not learn."""
    network = parts.encoder_network
    runtime = RuntimeConfig(device=str(processes().device), dtype=recipe.precision)
    return ImageStatistics(
        sam_of_directory(recipe.model, runtime),
        network if isinstance(network, DINOS) else None,
        parts.config,
    )


def build_model(recipe: AdapterRecipe, parts: AdapterParts) -> AdapterModel:
    """VLM and selector of a training, around the networks of `parts`."""
    if recipe.gradient_checkpointing:
        checkpoint_activations(image_vlm_of(parts.llava).language_model)
    # The data brings whole questions.
    asked = replace(parts.config.seg_token, question=BARE_QUESTION)
    encoder = SegTokenEncoder(parts.llava, parts.tokenizer, asked, parts.pixels)
    return AdapterModel(encoder, parts.selector, recipe.precision == "bfloat16")


def build_loop(
    recipe: AdapterRecipe,
    work: Path,
    parts: AdapterParts,
    model: AdapterModel,
    inputs: AdapterInputs,
) -> TrainingLoop[ProposalSample, ProposalBatch]:
    """The training of a recipe, ready to begin.

    Args:
        recipe: sizes and rates.
        work: folder of the training.
        parts: networks, on the device of this process.
        model: of these parts, from `build_model`; it is trained in place.
        inputs: data and stored proposals, from `open_inputs`.
    """
    state = processes()
    config, broken = parts.config, BrokenPolicy(recipe.broken)
    encoder = parts.image_encoder
    sizes = InputSizes(
        encoder.feature_size,
        config.image_encoder.pooling_size,
        model.seg_token_encoder.pixels,
    )
    data = AdapterDataset(
        SampleDraws(inputs.data, recipe.questions, broken),
        _proposals(recipe, inputs.proposals, parts),
        sizes,
        samples_in_all(recipe, state),
        recipe.seed,
        bare_questions=config.seg_token.question.strip() == BARE_QUESTION,
        released=recipe.released,
    )
    validation = None
    if inputs.validation is not None:
        # What does not learn keeps its number format, as it will at inference.
        full = torch.autocast(state.device.type, enabled=False)
        pipeline = LLMSegPipeline(
            full(_proposals(recipe, inputs.validation_proposals, parts)),
            full(PooledMaskEmbedder(encoder, config.image_encoder.pooling_size)),
            SegTokenEncoder(parts.llava, parts.tokenizer, config.seg_token, parts.pixels),
            parts.selector,
            config,
        )
        validation = AdapterValidation(
            pipeline,
            inputs.validation,
            work / "best",
            lambda folder, scores, config: save_adapter_directory(
                replace(parts, config=config), folder, scores
            ),
            broken,
            recipe.validation_samples,
            state.process_index,
            state.num_processes,
            model.in_bfloat16,
        )
    objective = AdapterObjective(model, encoder, recipe.losses, recipe.released.untouched_questions)
    return TrainingLoop(objective, data, collate_proposals, adapter_plan(recipe, work), validation)


def samples_in_all(recipe: AdapterRecipe, state: PartialState) -> int:
    """Images that the whole training draws, of all processes together."""
    batches = recipe.batches_a_step(state.num_processes)
    return recipe.steps * recipe.batch_size * batches * state.num_processes


def adapter_plan(recipe: AdapterRecipe, work: Path) -> TrainingPlan:
    """Length, rates and intervals of a recipe."""
    schedule = partial(
        get_scheduler,
        "constant_with_warmup" if recipe.schedule == "constant" else recipe.schedule,
        num_warmup_steps=recipe.warmup_steps,
        num_training_steps=recipe.steps,
    )
    return TrainingPlan(
        folder=work,
        seed=recipe.seed,
        steps=recipe.steps,
        batch_size=recipe.batch_size,
        schedule=schedule,
        learning_rate=recipe.learning_rate,
        betas=(recipe.adam_beta1, recipe.adam_beta2),
        weight_decay=recipe.weight_decay,
        save_steps=recipe.save_steps,
        accumulation=recipe.batches_a_step(processes().num_processes),
        clip=recipe.clip,
        validate_steps=recipe.validate_steps,
        log_steps=recipe.log_steps,
        workers=0 if recipe.proposals is None else recipe.workers,
        patience=recipe.patience,
        report_to=recipe.report_to,
        recipe=recipe.to_dict(),
        zero2=json.loads(ZERO2.read_text()) if recipe.zero2 else None,
        bfloat16=recipe.precision == "bfloat16",
    )


def _proposals(
    recipe: AdapterRecipe, stored: CachedProposals | None, parts: AdapterParts
) -> ProposalGenerator:
    """Stored proposals, or SAM live."""
    if stored is not None:
        return stored
    runtime = RuntimeConfig(device=str(processes().device), dtype=recipe.precision)
    return build_proposals(load_sam(recipe.model, runtime), parts.config.proposals)


def _weights_file(place: Path) -> Path:
    """The weights of a checkpoint, which `begin_with` names or its folder."""
    file = place / WEIGHTS if place.is_dir() else place
    if not file.is_file():
        raise FileNotFoundError(
            f"begin_with is {str(place)!r}, it must be a folder checkpoint-N, or its {WEIGHTS}"
        )
    return file


def checkpoint_activations(model: PreTrainedModel) -> None:
    """Compute activations again when they are needed; its name depends on the version."""
    if hasattr(model, "activation_checkpointing_enable"):
        model.activation_checkpointing_enable()
    else:  # transformers 5.20, the newest for Python 3.10
        model.gradient_checkpointing_enable()
