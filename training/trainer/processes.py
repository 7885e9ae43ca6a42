# SPDX-License-Identifier: Apache-2.0
"""The processes that train together: one, or as many as torchrun or accelerate launch started."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import (
    DataLoaderConfiguration,
    DeepSpeedPlugin,
    DistributedDataParallelKwargs,
    GradientAccumulationPlugin,
)

from llmseg_core.config import RuntimeConfig
from llmseg_core.runtime.device import torch_device

from .plan import TrainingPlan

__all__ = ["make_accelerator", "processes", "require_zero2", "use_device"]


def processes() -> PartialState:
    """Who this process is, its device, and how many there are; without GPUs they speak by gloo.

    One may wait for another as long as a stage takes, which is longer than the usual limit.
    """
    # not told that there is no GPU, accelerate overlooks processes on CPUs
    return PartialState(cpu=not torch.cuda.is_available(), timeout=timedelta(days=1))


def use_device(name: str | None) -> None:
    """Let this process compute there; to be said before anything else is asked of it.

    Args:
        name: "cpu", "cuda" or such as "cuda:1"; None takes a GPU of its own for each process, or
            the CPU where there is none.

    Raises:
        ValueError: if there is no such device, or several processes shall share one GPU.
    """
    if name is None:
        return
    device = torch_device(RuntimeConfig(device=name))
    if device.type == "cpu":
        PartialState(cpu=True, timeout=timedelta(days=1))
        return
    state = processes()
    if device.index is None:
        return
    if state.num_processes > 1:
        raise ValueError(
            f"device is {name!r}, and {state.num_processes} processes take a GPU each: it must be "
            f'"cuda" or "cpu"'
        )
    torch.cuda.set_device(device)
    state.device = device


def make_accelerator(plan: TrainingPlan) -> Accelerator:
    """What makes these processes one training; number formats are the model's own affair.

    Raises:
        ValueError: if ZeRO-2 is wanted without DeepSpeed or without a launcher.
    """
    processes()
    return Accelerator(
        mixed_precision="no",
        dataloader_config=DataLoaderConfiguration(use_seedable_sampler=True, data_seed=plan.seed),
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=plan.accumulation),
        deepspeed_plugin=None if plan.zero2 is None else _zero2(plan),
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=plan.finds_unused)],
    )


def require_zero2() -> None:
    """Find out whether processes can share gradients and Adam's state here.

    Raises:
        ValueError: if DeepSpeed or a launcher is missing.
    """
    if find_spec("deepspeed") is None:
        raise ValueError("zero2 is true, which needs DeepSpeed: pip install deepspeed==0.19.8")
    processes()
    if not torch.distributed.is_initialized():
        raise ValueError("zero2 is true, which needs processes: start them with torchrun")


def _zero2(plan: TrainingPlan) -> DeepSpeedPlugin:
    """DeepSpeed's configuration with the numbers of the plan."""
    require_zero2()
    batch = plan.batch_size * plan.accumulation * processes().num_processes
    sizes = {
        "train_batch_size": batch,
        "train_micro_batch_size_per_gpu": plan.batch_size,
        "gradient_accumulation_steps": plan.accumulation,
        "gradient_clipping": plan.clip,
        "bf16": {"enabled": plan.bfloat16},
    }
    return DeepSpeedPlugin(hf_ds_config={**(plan.zero2 or {}), **sizes})
