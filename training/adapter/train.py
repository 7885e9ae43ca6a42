# SPDX-License-Identifier: Apache-2.0
"""Trains adapter and selector by a recipe: reads the model, draws the data, keeps best and last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
import yaml
from transformers import PreTrainedModel, TrainingArguments

from llmseg_core.config import RuntimeConfig
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_sam
from llmseg_core.proposals.generator import ProposalGenerator, SamProposalGenerator
from llmseg_core.runtime.whole_file import write_whole
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..data import BrokenPolicy, open_data
from ..data.draws import SampleDraws
from ..learning.batch import collate_proposals
from ..proposals.cache import CachedProposals
from ..trainer.arguments import basic_arguments
from .data import AdapterDataset, InputSizes
from .directory import save_adapter_directory
from .memory import StepSize, expected_memory
from .model import AdapterModel, AdapterTrainer
from .parts import AdapterParts, load_adapter_parts
from .recipe import CONFIGS, AdapterRecipe
from .validation import AdapterValidation

__all__ = ["train_adapter"]

RECIPE_FILE = "recipe.yaml"
BARE_QUESTION = "{instruction}"


def train_adapter(recipe: AdapterRecipe, work: Path) -> Path:
    """Train from where a training in `work` has come to, or from the start.

    WORK/recipe.yaml      what was trained
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
        ValueError: if a training by another recipe is in `work`, or things do not fit together.
    """
    arguments = adapter_arguments(recipe, work)
    main = arguments.process_index == 0
    with arguments.main_process_first(local=False):
        _keep_recipe(recipe, work)
    parts = load_adapter_parts(
        recipe.model,
        recipe.lora,
        dtype=getattr(torch, recipe.precision),
        device=arguments.device,
        attention=recipe.attention,
        load_in=recipe.load_in,
        new_selector=recipe.new_selector,
        seed=recipe.seed,
    )
    trainer = build_trainer(recipe, work, parts, arguments)
    if main:
        size = StepSize(recipe.batch_size, recipe.questions, parts.config.proposals.max_proposals)
        expected_memory(
            trainer.model,
            parts.encoder_network,
            size,
            checkpointing=recipe.gradient_checkpointing,
            processes=arguments.world_size,
            zero2=recipe.zero2,
        ).show()
    trainer.train_to_end()
    if main:
        save_adapter_directory(parts, work / "last", {"step": recipe.steps})
    trainer.accelerator.wait_for_everyone()
    return work / ("last" if recipe.validation is None else "best")


def build_trainer(
    recipe: AdapterRecipe, work: Path, parts: AdapterParts, arguments: TrainingArguments
) -> AdapterTrainer:
    """The trainer of a recipe.

    Args:
        recipe: data, sizes and rates.
        work: folder of the training.
        parts: networks, on the device; they are trained in place.
        arguments: from `adapter_arguments`.
    """
    config, broken = parts.config, BrokenPolicy(recipe.broken)
    bare = config.seg_token.question.strip() == BARE_QUESTION
    asked = replace(config.seg_token, question=BARE_QUESTION)  # the data brings whole questions
    model = AdapterModel(SegTokenEncoder(parts.llava, parts.tokenizer, asked), parts.selector)
    if recipe.gradient_checkpointing:
        _checkpoint_activations(parts.llava.model.language_model)
    encoder = parts.image_encoder
    sizes = InputSizes(
        encoder.feature_size,
        config.image_encoder.pooling_size,
        parts.llava.config.vision_config.image_size,
        config.seg_token.image_fit,
    )
    samples = recipe.steps * recipe.batch_size * recipe.accumulation * max(1, arguments.world_size)
    data = AdapterDataset(
        SampleDraws(open_data(recipe.data), recipe.questions, broken),
        _proposals(recipe, recipe.proposals, parts, arguments),
        sizes,
        samples,
        recipe.seed,
        bare_questions=bare,
    )
    validation = None
    if recipe.validation is not None:
        # What does not learn keeps its number format, as it will at inference.
        full = torch.autocast(arguments.device.type, enabled=False)
        pipeline = LLMSegPipeline(
            full(_proposals(recipe, recipe.validation_proposals, parts, arguments)),
            full(PooledMaskEmbedder(encoder, config.image_encoder.pooling_size)),
            SegTokenEncoder(parts.llava, parts.tokenizer, config.seg_token),
            parts.selector,
            config,
        )
        validation = AdapterValidation(
            pipeline,
            open_data(recipe.validation),
            work / "best",
            lambda folder, scores: save_adapter_directory(parts, folder, scores),
            broken,
            recipe.validation_samples,
            arguments.process_index,
            arguments.world_size,
        )
    return AdapterTrainer(
        model=model,
        args=arguments,
        train_dataset=data,
        eval_dataset=None if validation is None else validation.data,
        data_collator=lambda rows: {"batch": collate_proposals(rows)},
        image_encoder=encoder,
        weights=recipe.losses,
        validation=validation,
    )


def adapter_arguments(recipe: AdapterRecipe, work: Path) -> TrainingArguments:
    """Arguments of transformers' Trainer; begins the process group where there are processes."""
    arguments = basic_arguments(
        work,
        recipe.seed,
        max_steps=recipe.steps,
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulation,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=recipe.warmup_steps,
        adam_beta1=recipe.adam_beta1,
        adam_beta2=recipe.adam_beta2,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip,
        bf16=recipe.precision == "bfloat16",
        logging_steps=recipe.log_steps,
        save_steps=recipe.save_steps,
        eval_strategy="no" if recipe.validation is None else "steps",
        eval_steps=recipe.validate_steps,
        dataloader_num_workers=0 if recipe.proposals is None else recipe.workers,
        deepspeed=str(CONFIGS / "zero2.json") if recipe.zero2 else None,
        ddp_find_unused_parameters=False,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # one process, one GPU: no torch DataParallel
    return arguments


def _proposals(
    recipe: AdapterRecipe, folder: str | None, parts: AdapterParts, arguments: TrainingArguments
) -> ProposalGenerator:
    """Stored proposals, or SAM live."""
    config = parts.config.proposals
    if folder is not None:
        return CachedProposals(Path(folder), config)
    runtime = RuntimeConfig(device=str(arguments.device), dtype=recipe.precision)
    return SamProposalGenerator(load_sam(recipe.model, runtime), config)


def _checkpoint_activations(model: PreTrainedModel) -> None:
    """Compute activations again when they are needed; its name depends on the version."""
    if hasattr(model, "activation_checkpointing_enable"):
        model.activation_checkpointing_enable()
    else:  # transformers 5.20, the newest for Python 3.10
        model.gradient_checkpointing_enable()


def _keep_recipe(recipe: AdapterRecipe, work: Path) -> None:
    """Refuse to go on with a training that another recipe began."""
    file = work / RECIPE_FILE
    wanted = recipe.to_dict()
    if not file.is_file():
        write_whole(file, yaml.safe_dump(wanted, sort_keys=False))
        return
    stored = yaml.safe_load(file.read_text(encoding="utf-8"))
    other = [key for key in wanted if stored.get(key) != wanted[key]]
    if other:
        differences = ", ".join(f"{key} {stored.get(key)}, not {wanted[key]}" for key in other)
        raise ValueError(
            f"the training in {work} was begun with {differences}: take another --work, or remove "
            f"that folder"
        )
