# SPDX-License-Identifier: Apache-2.0
"""What a file of encoded scenes was made with: a note beside it, FILE.yaml beside FILE.pt."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from torch import nn
from transformers import LlavaForConditionalGeneration

from llmseg_core.config import LLMSegConfig
from llmseg_core.config.yaml_file import read_mapping
from llmseg_core.model_dir.weights_digest import module_digest
from llmseg_core.runtime.whole_file import write_whole

__all__ = ["encoded_with", "forget", "is_made_with", "note", "text_digest"]


def encoded_with(
    network: nn.Module, config: LLMSegConfig, llava: LlavaForConditionalGeneration
) -> dict[str, str]:
    """What decides how a scene is encoded, by short names.

    Args:
        network: of the image encoder.
        config: of the model.
        llava: the VLM, whose input is kept.
    """
    sizes = config.image_encoder
    skips = {"skip_padding": "True"} if sizes.skip_padding else {}
    return {
        **skips,
        "image_encoder": module_digest(network),
        "image_size": str(sizes.image_size),
        "pooling_size": str(sizes.pooling_size),
        "vlm_pixels": f"{llava.config.vision_config.image_size} {config.seg_token.image_fit}",
    }


def is_made_with(file: Path, wanted: Mapping[str, str]) -> bool:
    """Whether a file is what is wanted; if it is not, that is told with both values.

    A file of before has no note. It is taken, and that is told.
    """
    note_file = file.with_suffix(".yaml")
    if not note_file.is_file():
        print(
            f"warning: {note_file} is missing, so nobody knows what {file} was made with; it is "
            f"taken as it is. Remove it if SAM or the image encoder has changed",
            file=sys.stderr,
        )
        return True
    stored = read_mapping(note_file)
    other = [key for key in wanted if stored.get(key) != wanted[key]]
    if other:
        words = ", ".join(f"{key} {stored.get(key)}, not {wanted[key]}" for key in other)
        print(f"{file} was made with {words}: it is made anew", file=sys.stderr)
    return not other


def forget(file: Path) -> None:
    """Remove the note of a file that is about to be made anew."""
    file.with_suffix(".yaml").unlink(missing_ok=True)


def note(file: Path, made_with: Mapping[str, str]) -> None:
    """Note what a file was made with, once it is there."""
    write_whole(file.with_suffix(".yaml"), yaml.safe_dump(dict(made_with), sort_keys=False))


def text_digest(texts: Iterable[str]) -> str:
    """16 hexadecimal digits of some texts and their order."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
