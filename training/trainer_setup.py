"""Arguments of transformers' Trainer that every training of this package shares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

__all__ = ["training_arguments"]


def training_arguments(
    folder: Path,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    warmup_steps: int,
    decay_steps: int,
    seed: int,
    weight_decay: float = 0.02,
    save_steps: int = 200,
    **overrides: Any,
) -> TrainingArguments:
    """Warm-up, constant rate and final decay; checkpoints and TensorBoard logs in `folder`.

    Args:
        folder: gets `checkpoint-N/` and `logs/`.
        steps: optimizer steps in all.
        batch_size: samples a step.
        learning_rate: of AdamW between warm-up and decay.
        warmup_steps: steps of linear warm-up.
        decay_steps: last steps, over which the rate falls to a fiftieth along a cosine.
        seed: of the order of samples and of dropout.
        weight_decay: of AdamW.
        save_steps: steps between checkpoints; the last two are kept.
        overrides: any other TrainingArguments.
    """
    torch.set_flush_denormal(True)  # small weights drift into denormals, which a CPU adds slowly
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(folder / "logs"))
    options: dict[str, Any] = {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "adam_beta2": 0.98,
        "max_grad_norm": 1.0,
        "lr_scheduler_type": "warmup_stable_decay",
        "lr_scheduler_kwargs": {
            "num_decay_steps": decay_steps,
            "decay_type": "cosine",
            "min_lr_ratio": 0.02,
        },
        "warmup_steps": warmup_steps,
        "logging_steps": 20,
        "logging_first_step": True,
        "save_steps": save_steps,
        "save_total_limit": 2,
        "report_to": ["tensorboard"],
        "remove_unused_columns": False,
        "label_names": [],
        "seed": seed,
        "data_seed": seed,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        "use_cpu": not torch.cuda.is_available(),
    }
    return TrainingArguments(**{**options, **overrides})
