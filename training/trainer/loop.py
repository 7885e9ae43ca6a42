# SPDX-License-Identifier: Apache-2.0
"""transformers' Trainer with checkpoints that are whole or absent, and parts of the loss logged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import load_model, save_model
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.integrations import TensorBoardCallback
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils import SAFE_WEIGHTS_NAME

from .drawn_dataset import DrawnDataset

__all__ = ["WholeTrainer", "last_checkpoint"]

_COMPLETE = "complete"
"""name of the file that is written last into a checkpoint's folder"""


class WholeTrainer(Trainer):
    """A Trainer for plain modules: `note` a part of the loss and find its mean in the log."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._notes: dict[str, list[Tensor]] = {}
        super().__init__(*args, **kwargs)
        self.add_callback(_TellsEpoch(self.train_dataset))

    def train_to_end(self) -> None:
        """Train from the newest complete checkpoint, or from the start, to the last step.

        A training that had ended already only gets its weights back.
        """
        folder = Path(self.args.output_dir)
        with self.args.main_process_first(local=False):
            checkpoint = last_checkpoint(folder)
        if checkpoint is not None and _step(checkpoint) >= self.args.max_steps:
            self._load_from_checkpoint(checkpoint)
            return
        if self.is_world_process_zero():
            self.add_callback(TensorBoardCallback(SummaryWriter(str(folder / "logs"))))
        self.train(resume_from_checkpoint=checkpoint)

    def note(self, name: str, value: Tensor) -> None:
        """Remember one scalar until the next log."""
        self._notes.setdefault(name, []).append(value.detach())

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log with the means of everything noted since the last log."""
        if "loss" in logs:
            for name, values in self._notes.items():
                logs[name] = round(sum(float(value) for value in values) / len(values), 4)
            self._notes.clear()
        super().log(logs, *args, **kwargs)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        """Weights of a module that may share tensors, which the parent refuses."""
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_model(self.model, str(folder / SAFE_WEIGHTS_NAME))

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        """What `_save` wrote, strictly."""
        load_model(model or self.model, str(Path(resume_from_checkpoint) / SAFE_WEIGHTS_NAME))

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()  # every process writes a part of the folder
        if self.args.should_save:
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            (folder / _COMPLETE).touch()


class _TellsEpoch(TrainerCallback):
    """Tells a data set which pass begins; after a resume that is not the first."""

    def __init__(self, dataset: object) -> None:
        self.dataset = dataset

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if isinstance(self.dataset, DrawnDataset):
            self.dataset.set_epoch(int(state.epoch or 0))


def last_checkpoint(folder: Path) -> str | None:
    """The newest complete checkpoint in `folder` to resume from, or None; torn ones are removed."""
    if not folder.is_dir():
        return None
    for checkpoint in folder.glob("checkpoint-*"):
        if not (checkpoint / _COMPLETE).exists():
            shutil.rmtree(checkpoint)
    return get_last_checkpoint(str(folder))


def _step(checkpoint: str) -> int:
    return int(checkpoint.rpartition("-")[2])
