# SPDX-License-Identifier: Apache-2.0
"""`llmseg convert`: a released checkpoint of LLM-Seg into a model directory."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from llmseg_core.convert.convert_released import ALPHA, convert_released

from .command import Command

__all__ = ["CONVERT"]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--released", type=Path, required=True, metavar="PATH",
        help="the authors' DeepSpeed checkpoint: mp_rank_00_model_states.pt, or its folder",
    )  # fmt: skip
    parser.add_argument(
        "--llava", type=Path, required=True, metavar="DIR",
        help="LLaVA-7B v1, in its original layout or as transformers writes it",
    )  # fmt: skip
    parser.add_argument(
        "--sam", type=Path, required=True, metavar="PATH",
        help="SAM: original .pth file, or transformers' folder",
    )  # fmt: skip
    parser.add_argument(
        "--dinov2", type=Path, required=True, metavar="PATH",
        help="DINOv2: original .pth file, or transformers' folder",
    )  # fmt: skip
    parser.add_argument(
        "--clip", metavar="DIR", help="CLIP ViT-L/14, if LLaVA's config.json does not name it"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="model directory")
    parser.add_argument(
        "--lora-alpha", type=float, default=ALPHA, metavar="X",
        help=f"scale of LoRA in training (default: {ALPHA:g}, the released code's)",
    )  # fmt: skip
    parser.add_argument(
        "--dtype", choices=list(_DTYPES), help="of all weights (default: each file's own)"
    )


def _run(options: argparse.Namespace) -> int:
    done = convert_released(
        options.released,
        options.llava,
        options.sam,
        options.dinov2,
        options.out,
        clip=options.clip,
        alpha=options.lora_alpha,
        dtype=_DTYPES.get(options.dtype),
    )
    print(f"read {done.file}")
    for network, source in done.sources.items():
        print(f"  {network:<15} from the {source}")
    print(f"  {done.lora} LoRA pairs merged; {done.unused} weights that are never used left out")
    for token, token_id in done.added.items():
        print(f"  new token {token} is {token_id}")
    print(f"wrote {options.out}")
    return 0


CONVERT = Command("Turn a released checkpoint into a model directory.", _add_arguments, _run)
