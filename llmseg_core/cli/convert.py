# SPDX-License-Identifier: Apache-2.0
"""`llmseg convert`: a released checkpoint of LLM-Seg into a model directory."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from llmseg_core.config.values import require

from .command import Command

__all__ = ["CONVERT"]


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
        "--lora-alpha", type=float, metavar="X",
        help="scale of LoRA in training (default: 16, the released code's)",
    )  # fmt: skip
    parser.add_argument(
        "--dtype",
        choices=("float32", "bfloat16", "float16"),
        help="of all weights (default: each file's own)",
    )


def _run(options: argparse.Namespace) -> int:
    import torch

    from llmseg_core.convert.convert_released import ALPHA, convert_released

    alpha = ALPHA if options.lora_alpha is None else options.lora_alpha
    wanted = "a finite number above 0"
    require(math.isfinite(alpha) and alpha > 0, "--lora-alpha", alpha, wanted)
    done = convert_released(
        options.released,
        options.llava,
        options.sam,
        options.dinov2,
        options.out,
        clip=options.clip,
        alpha=alpha,
        dtype=None if options.dtype is None else getattr(torch, options.dtype),
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
