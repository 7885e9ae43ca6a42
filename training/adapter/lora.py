# SPDX-License-Identifier: Apache-2.0
"""LoRA on the language model, by peft: what of the VLM learns, and where it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

from llmseg_core.config.limits import Between, NotEmpty
from llmseg_core.config.settings import Settings
from llmseg_core.model_dir.adapter_files import learn_in_float32, load_adapter
from llmseg_core.model_dir.vlm_files import LoadedVlm
from llmseg_core.vlm.families import image_vlm_of
from llmseg_core.vlm.tokenizer import add_special_tokens

__all__ = ["LoraRecipe", "add_lora", "continue_lora", "learning_adapter"]


@dataclass(frozen=True)
class LoraRecipe(Settings):
    """Size of the low-rank updates; the defaults are the released recipe's."""

    rank: Annotated[int, Between(1, 4096)] = 8
    """r, columns of each update"""
    alpha: Annotated[int, Between(1, 100_000)] = 16
    """updates are scaled by alpha / rank"""
    dropout: Annotated[float, Between(0, 0.99)] = 0.05
    """share of an update's inputs that are dropped, [0, 1)"""
    projections: Annotated[tuple[str, ...], NotEmpty("names such as [q_proj, v_proj]")] = (
        "q_proj",
        "v_proj",
    )
    """linear layers of the language model that get one"""


def learning_adapter(vlm: LoadedVlm, recipe: LoraRecipe) -> PeftModel:
    """A VLM with the seg token and LoRA that learns: the one of its folder, or a new one.

    Args:
        vlm: tokenizer and network are changed in place.
        recipe: size of a new adapter.

    Raises:
        FileNotFoundError, ValueError: as `add_lora` and `continue_lora`.
    """
    add_special_tokens(vlm.tokenizer, vlm.network)
    if vlm.adapter is None:
        return add_lora(vlm.network, recipe)
    return continue_lora(vlm.network, vlm.adapter)


def add_lora(llava: PreTrainedModel, recipe: LoraRecipe) -> PeftModel:
    """Give the language model updates that start at nothing; embeddings and head learn as a whole.

    Args:
        llava: changed in place; everything else of it is frozen.
        recipe: size of the updates.

    Returns:
        The adapter around `llava`.

    Raises:
        ValueError: if the language model has no layer of a name in `recipe.projections`.
    """
    names = "|".join(recipe.projections)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        # vision parts have layers of these names too
        target_modules=rf".*{image_vlm_of(llava).language_name}.*\.({names})",
        modules_to_save=["embed_tokens", "lm_head"],
        ensure_weight_tying=llava.config.tie_word_embeddings,
    )
    return learn_in_float32(get_peft_model(llava, config))


def continue_lora(llava: PreTrainedModel, folder: str | Path) -> PeftModel:
    """Give the language model the updates in `folder`, to train them further.

    Args:
        llava: the base they were trained on, with as many embeddings; changed in place.
        folder: as peft writes it.

    Raises:
        FileNotFoundError: if the folder or its weights are missing.
        ValueError: if weights are damaged, missing, too many or of another shape (see
            `load_adapter`).
    """
    adapter: PeftModel = load_adapter(llava, str(folder), trainable=True)
    return adapter
