# SPDX-License-Identifier: Apache-2.0
"""`llmseg convert`: a released checkpoint of LLM-Seg or LISA into a model directory."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from llmseg_core.config.values import require

from .command import Command

__all__ = ["CONVERT"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    released = parser.add_mutually_exclusive_group(required=True)
    released.add_argument(
        "--released", type=Path, metavar="PATH",
        help="the authors' DeepSpeed checkpoint of LLM-Seg: mp_rank_00_model_states.pt, or its "
        "folder; needs --llava, --sam and --dinov2",
    )  # fmt: skip
    released.add_argument(
        "--lisa", type=Path, metavar="DIR",
        help="LISA-7B-v1 as published, with SAM and LLaVA in it: pytorch_model-0000N-of-0000M.bin",
    )  # fmt: skip
    parser.add_argument(
        "--llava", type=Path, metavar="DIR",
        help="LLaVA-7B v1, in its original layout or as transformers writes it",
    )  # fmt: skip
    parser.add_argument(
        "--sam", type=Path, metavar="PATH", help="SAM: original .pth file, or transformers' folder"
    )
    parser.add_argument(
        "--dinov2", type=Path, metavar="PATH",
        help="DINOv2: original .pth file, or transformers' folder",
    )  # fmt: skip
    parser.add_argument(
        "--clip", metavar="DIR",
        help="CLIP ViT-L/14, if LLaVA's or LISA's config.json does not name it",
    )  # fmt: skip
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
    _check_options(options)
    return _convert_released(options) if options.lisa is None else _convert_lisa(options)


def _check_options(options: argparse.Namespace) -> None:
    """Refuse options that are missing, or of the other checkpoint.

    Raises:
        ValueError: naming one.
    """
    for name in ("llava", "sam", "dinov2"):
        given = getattr(options, name) is not None
        if options.lisa is None and not given:
            raise ValueError(f"--{name} is missing: --released needs --llava, --sam and --dinov2")
        if options.lisa is not None and given:
            raise ValueError(f"--{name} does not go with --lisa, whose folder holds LLaVA and SAM")
    if options.lisa is not None and options.lora_alpha is not None:
        raise ValueError("--lora-alpha does not go with --lisa, whose LoRA is merged already")


def _convert_lisa(options: argparse.Namespace) -> int:
    import torch

    from llmseg_core.convert.convert_lisa import convert_lisa

    dtype = None if options.dtype is None else getattr(torch, options.dtype)
    done = convert_lisa(options.lisa, options.out, clip=options.clip, dtype=dtype)
    print(f"read {done.folder}")
    print(f"  {done.weights} weights used; {done.unused} that are never used left out")
    print(f"wrote {options.out}")
    return 0


def _convert_released(options: argparse.Namespace) -> int:
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
