# SPDX-License-Identifier: Apache-2.0
"""Networks and tokenizers as transformers writes them: read strictly, never downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch
from safetensors import SafetensorError
from transformers import (
    AutoTokenizer,
    ConvNextModel,
    Dinov2Model,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    SamModel,
)
from transformers.utils import logging

from .original.convnext import load_openclip_convnext
from .original.dinov2 import load_original_dinov2
from .original.sam import load_original_sam

__all__ = [
    "SharedNetworks",
    "load_network",
    "load_tokenizer",
    "quiet",
    "refuse_wrong_keys",
]

_ORIGINALS: dict[type[PreTrainedModel], Callable[[str], PreTrainedModel]] = {
    SamModel: load_original_sam,
    Dinov2Model: load_original_dinov2,
    ConvNextModel: load_openclip_convnext,
}
"""How the files are read in which the authors of a network published it."""


class SharedNetworks:
    """Networks that are in memory, by their files, so that two models share what both have.

    It keeps no network alive: one that no model uses any more is gone. A network whose files have
    changed is read anew. Whoever uses it must leave the networks as they are.
    """

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[object, ...], PreTrainedModel] = (
            WeakValueDictionary()
        )

    def load(
        self,
        cls: type[PreTrainedModel],
        name: str,
        dtype: torch.dtype,
        attention: str,
        device: torch.device,
    ) -> Any:
        """As `load_network`, on `device` and in evaluation mode, or the one that is there."""
        key = (cls, *_identity(name), dtype, attention, device)
        network = self._known.get(key)
        if network is None:
            network = load_network(cls, name, dtype, attention).to(device).eval()
            self._known[key] = network
        return network


def _identity(name: str) -> tuple[str, int]:
    """What tells the network `name` from others: its path, and when that last changed."""
    path = Path(name)
    files = [path] if path.is_file() else list(path.glob("*"))
    if not files:
        return name, 0
    return str(path.resolve()), max(file.stat().st_mtime_ns for file in files)


def load_network(
    cls: type[PreTrainedModel],
    name: str,
    dtype: torch.dtype | None,
    attention: str,
    others_allowed: bool = False,
    **options: Any,
) -> Any:
    """A transformers model, every weight from the files.

    Args:
        cls: its class.
        name: folder, name in the local Hugging Face cache, or file as SAM, DINOv2 or OpenCLIP
            published it, which is converted.
        dtype: number format; None keeps the files'.
        attention: implementation: "sdpa", "eager" or "flash_attention_2".
        others_allowed: whether the files may hold weights that the class has no use for.
        options: more for transformers' `from_pretrained`.

    Raises:
        FileNotFoundError: if there is no such model.
        ValueError: if the files are damaged, or names are missing, too many, or of another shape.
    """
    if cls in _ORIGINALS and Path(name).is_file():
        network = _ORIGINALS[cls](name)
        network.set_attn_implementation(attention)
        return network if dtype is None else network.to(dtype)
    try:
        with quiet():
            network, info = cls.from_pretrained(
                name,
                dtype="auto" if dtype is None else dtype,
                attn_implementation=attention,
                local_files_only=True,
                output_loading_info=True,
                **options,
            )
    except OSError as error:
        raise FileNotFoundError(
            f"no {cls.__name__} can be read from {name}: {error} (nothing is ever downloaded: give "
            f"a folder, or a name that is in the local Hugging Face cache)"
        ) from error
    except (RuntimeError, SafetensorError) as error:  # shapes differ, or a file is damaged
        raise ValueError(f"the weights in {name} cannot be loaded: {error}") from error
    refuse_wrong_keys(name, info["missing_keys"], () if others_allowed else info["unexpected_keys"])
    return network


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder or name.

    Raises:
        FileNotFoundError: if there is none.
    """
    # A tokenizer.json says everything; AutoTokenizer would rebuild it as the model's usual class.
    cls = PreTrainedTokenizerFast if (Path(name) / "tokenizer.json").is_file() else AutoTokenizer
    try:
        return cls.from_pretrained(name, local_files_only=True)
    except OSError as error:
        raise FileNotFoundError(f"no tokenizer can be read from {name}: {error}") from error


def refuse_wrong_keys(where: object, missing: Any, unexpected: Any) -> None:
    """Raises ValueError with every missing and unexpected name, if there is one."""
    wrong = [
        f"{word} {', '.join(sorted(map(str, keys)))}"
        for word, keys in (("missing", missing), ("unexpected", unexpected))
        if keys
    ]
    if wrong:
        raise ValueError(f"the weights in {where} do not fit the configuration: {'; '.join(wrong)}")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' progress bars and reports out of the caller's output."""
    shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()
