# SPDX-License-Identifier: Apache-2.0
"""LoRA as peft writes it: read strictly, never downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import PreTrainedModel

from .network_files import ADAPTER_CONFIG, local_place, refuse_not_finite, refuse_wrong_keys
from .original.state import read_original_state

__all__ = ["learn_in_float32", "load_adapter", "merged_adapter"]

WEIGHT_FILES = ("adapter_model.safetensors", "adapter_model.bin")
"""Names that peft gives the file of weights; the first that is there counts."""
EMBEDDINGS = ("embed_tokens.weight", "lm_head.weight")
"""Weights of the base that peft also stores where the vocabulary has grown."""
NAME = "default"
"""What peft calls the only adapter of a model."""


def load_adapter(llava: PreTrainedModel, name: str, trainable: bool = False) -> Any:
    """Put LoRA on a VLM, every weight from the files and every one of the file used.

    peft itself warns of LoRA that is missing and says nothing of weights that it has no use for:
    either answers like the base.

    Args:
        llava: the base that it was trained on, with as many embeddings; changed in place.
        name: folder with `adapter_config.json` and weights, or a name in the local Hugging Face
            cache.
        trainable: whether it will be trained further; what learns is float32 then.

    Returns:
        The `PeftModel` around `llava`.

    Raises:
        FileNotFoundError: if the folder or its weights are missing.
        ValueError: if a file is damaged, the configuration is none of LoRA or does not fit the
            VLM, or weights are missing, too many, of another shape or not finite; the message
            names them.
    """
    # takes a second, and only models with an adapter need it
    from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

    folder = Path(local_place(name, ADAPTER_CONFIG))
    file, found = _weights(folder)
    refuse_not_finite(file, found.items())
    config = _config(folder / ADAPTER_CONFIG)
    # Where the base is now; peft looks there when it writes the adapter, if need be on the hub.
    config.base_model_name_or_path = llava.__dict__.get("name_or_path") or None
    config.inference_mode = not trainable
    try:
        adapter = get_peft_model(llava, config, NAME)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{folder / ADAPTER_CONFIG} does not fit the VLM, with target_modules "
            f"{config.target_modules!r} and modules_to_save {config.modules_to_save!r}: {error}"
        ) from error
    if trainable:
        learn_in_float32(adapter)  # before the weights come, which may be finer than the base

    wanted = get_peft_model_state_dict(adapter, save_embedding_layers=False)
    if any(name not in found for name in wanted if ".lora_" not in name):
        # peft would stop at the first module that is stored as a whole and is not there.
        surplus = [name for name in found.keys() - wanted.keys() if not name.endswith(EMBEDDINGS)]
        refuse_wrong_keys(file, wanted.keys() - found.keys(), surplus)
    try:
        result: Any = set_peft_model_state_dict(adapter, found, NAME)
    except RuntimeError as error:
        raise ValueError(f"{file} does not fit {folder / ADAPTER_CONFIG}: {error}") from error
    names = {name for name, _ in adapter.named_parameters(remove_duplicate=False)}
    own = {name for name in names if f".{NAME}." in name}
    filled = names - set(result.missing_keys)
    surplus = [name for name in filled - own if not name.endswith(EMBEDDINGS)]
    refuse_wrong_keys(file, own - filled, {*result.unexpected_keys, *surplus})
    return adapter if trainable else adapter.eval()


def merged_adapter(llava: PreTrainedModel, name: str | None) -> Any:
    """A VLM with LoRA added to its weights, see `load_adapter`; None leaves it as it is."""
    return llava if name is None else load_adapter(llava, name).merge_and_unload()


def learn_in_float32(adapter: Any) -> Any:
    """What learns of a `PeftModel` in float32: steps of 1e-4 are lost in half precision."""
    for parameter in adapter.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return adapter


def _config(file: Path) -> Any:
    """The `LoraConfig` in `adapter_config.json`."""
    from peft import LoraConfig, PeftConfig

    try:
        config = PeftConfig.from_pretrained(str(file.parent))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is no configuration of an adapter: {error}") from error
    if not isinstance(config, LoraConfig):
        raise ValueError(f"{file} has peft_type {config.peft_type!r}, it must be LORA")
    return config


def _weights(folder: Path) -> tuple[Path, dict[str, Tensor]]:
    """The file of weights in `folder`, and what it holds."""
    for name in WEIGHT_FILES:
        if (folder / name).is_file():
            return folder / name, read_original_state(folder / name)
    raise FileNotFoundError(f"{folder} is not whole: it has neither {' nor '.join(WEIGHT_FILES)}")
