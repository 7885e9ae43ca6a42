# SPDX-License-Identifier: Apache-2.0
"""Networks and tokenizers as transformers writes them: read strictly, never downloaded."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import torch
from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
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

from llmseg_core.runtime.whole_file import whole_file
from llmseg_core.runtime.whole_folder import written_whole

from .original.convnext import load_openclip_convnext
from .original.dinov2 import load_original_dinov2
from .original.sam import load_original_sam

__all__ = [
    "ADAPTER_CONFIG",
    "READING",
    "SharedNetworks",
    "as_dtype",
    "image_settings",
    "load_network",
    "load_tokenizer",
    "local_place",
    "module_weights",
    "part_folder",
    "part_kind",
    "quiet",
    "read_config",
    "refuse_not_finite",
    "refuse_wrong_keys",
    "save_network",
    "save_weights",
]

READING = Lock()
"""Held while transformers reads a model: its classes and its logging are changed for the whole
process then."""
ADAPTER_CONFIG = "adapter_config.json"
"""Name of the file that makes a folder an adapter of peft."""

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
        name = local_place(name)
        key = (cls, *_identity(name), dtype, attention, device)
        network = self._known.get(key)
        if network is None:
            network = load_network(cls, name, dtype, attention).to(device).eval()
            self._known[key] = network
        return network


def _identity(place: str) -> tuple[str, int]:
    """What tells the network in `place` from others: its path, and when that last changed."""
    path = Path(place)
    files = [path, *path.glob("*")]
    return str(path.resolve()), max(file.stat().st_mtime_ns for file in files)


def local_place(name: str, config_file: str = "config.json") -> str:
    """Where something that transformers or peft has written is on this machine.

    Every name passes here before a library gets it: peft would ask the hub for a name that is no
    folder, and transformers asks it for a list of programs even where it may use local files only.

    Args:
        name: folder or file, or a name in the local Hugging Face cache.
        config_file: what its folder must hold to be found in the cache.

    Returns:
        A folder or a file.

    Raises:
        FileNotFoundError: if it is neither here nor in the cache.
    """
    path = Path(name).expanduser()
    if path.exists():
        return str(path)
    try:
        cached = try_to_load_from_cache(name, config_file)
    except HFValidationError:  # no name that the hub would take
        cached = None
    if not isinstance(cached, str):
        raise FileNotFoundError(
            f"{name} is no folder, and the local Hugging Face cache has no {config_file} of that "
            f"name; nothing is ever downloaded"
        )
    return str(Path(cached).parent)


def part_folder(path: Path, name: str, config_file: str = "config.json") -> str:
    """The sub-folder `name` of `path`, else `name` itself: a folder, or a name on the hub.

    Either may be a file instead: SAM, DINOv2 or an OpenCLIP ConvNeXt as published. What has a name
    on the hub is in the local Hugging Face cache; nothing is ever downloaded.

    Raises:
        FileNotFoundError: if it is none of these, or has no `config_file`.
    """
    for folder in (path / name, Path(name).expanduser()):
        if folder.is_file():
            return str(folder)
        if folder.is_dir():
            # Without it transformers would silently take the sizes of its default model.
            if not (folder / config_file).is_file():
                raise FileNotFoundError(f"{folder} is not whole: it has no {config_file}")
            return str(folder)
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise FileNotFoundError(f"{path} is no whole model directory: {path / name} is missing")
    try:
        local_place(name, config_file)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is no whole model directory: {error}") from None
    return name


def part_kind(place: str, kinds: Any, setting: str) -> str:
    """Which of some kinds of network a folder holds, as its `config.json` says.

    Raises:
        FileNotFoundError: if it holds no network; the message names `setting`, as in
        ValueError: if it is none of them.
    """
    file = Path(local_place(place)) / "config.json"
    if not file.is_file():
        raise FileNotFoundError(
            f"{setting} is {place}, which has no config.json; it must be the folder of a network "
            f"of the kind {' or '.join(sorted(kinds))}, as transformers writes it"
        )
    kind = read_config(file).get("model_type")
    if kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise ValueError(
            f"{setting} is {place}, whose config.json has the model_type {kind!r}; it must be one "
            f"of {known}"
        )
    return str(kind)


def read_config(file: Path) -> dict[str, Any]:
    """A file of JSON that holds a mapping.

    Raises:
        ValueError: if it holds something else.
    """
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is no JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{file} holds {type(values).__name__}, it must be a mapping")
    return values


def image_settings(place: str) -> dict[str, Any]:
    """What a folder says of its images, in either file that transformers has written.

    Raises:
        FileNotFoundError: if it has neither.
    """
    folder = Path(local_place(place))
    first, second = folder / "preprocessor_config.json", folder / "processor_config.json"
    if first.is_file():
        return read_config(first)
    if second.is_file():
        inner = read_config(second).get("image_processor")
        if isinstance(inner, dict):
            return inner
    raise FileNotFoundError(f"{folder} is not whole: it has no {first.name}")


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
        ValueError: if the files are damaged, a weight is not finite, or names are missing, too
            many, or of another shape; if the folder holds an adapter besides, which transformers
            would put on without a check; or if the package for `attention` is not there.
    """
    place = local_place(name)
    # Without the package transformers would take such a kernel from the hub.
    if attention == "flash_attention_2" and find_spec("flash_attn") is None:
        raise ValueError(
            'attention is "flash_attention_2", which needs the package flash-attn: '
            'pip install flash-attn, or take "sdpa"'
        )
    if cls in _ORIGINALS and Path(place).is_file():
        network = _ORIGINALS[cls](place)
        network.set_attn_implementation(attention)
        refuse_not_finite(place, network.named_parameters())
        return network if dtype is None else network.to(dtype)
    if (Path(place) / ADAPTER_CONFIG).is_file():
        raise ValueError(
            f"{place} holds an adapter ({ADAPTER_CONFIG}), it must be a whole network: give the "
            f"network's own folder, and name the adapter under `adapter`"
        )
    try:
        with quiet():
            network, info = cls.from_pretrained(
                place,
                dtype="auto" if dtype is None else dtype,
                attn_implementation=attention,
                local_files_only=True,
                output_loading_info=True,
                **options,
            )
    except OSError as error:
        raise FileNotFoundError(f"no {cls.__name__} can be read from {place}: {error}") from error
    except (RuntimeError, SafetensorError) as error:  # shapes differ, or a file is damaged
        raise ValueError(f"the weights in {place} cannot be loaded: {error}") from error
    surplus = () if others_allowed else info["unexpected_keys"]
    refuse_wrong_keys(place, info["missing_keys"], surplus)
    refuse_not_finite(place, network.named_parameters())
    return network


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder, or of a name in the local Hugging Face cache.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if its files are wrong, or it needs code of its own, which is never run.
    """
    place = local_place(name)
    # A tokenizer.json says everything; AutoTokenizer would rebuild it as the model's usual class.
    cls = PreTrainedTokenizerFast if (Path(place) / "tokenizer.json").is_file() else AutoTokenizer
    try:
        return cls.from_pretrained(place, local_files_only=True, trust_remote_code=False)
    except OSError as error:
        raise FileNotFoundError(f"no tokenizer can be read from {place}: {error}") from error
    except ValueError as error:
        raise ValueError(f"the tokenizer in {place} cannot be read: {error}") from error


def module_weights(file: Path, module: nn.Module) -> dict[str, Tensor]:
    """What fills `module`, from a file in safetensors' format.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, keys are missing or too many, a shape differs, or a
            weight is not finite; the message names them.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file.parent} is no model directory: it has no {file.name}")
    try:
        found, wanted = load_file(file), module.state_dict()
    except SafetensorError as error:
        raise ValueError(f"{file} is damaged: {error}") from error
    refuse_wrong_keys(file, wanted.keys() - found.keys(), found.keys() - wanted.keys())
    for key, value in found.items():
        if value.shape != wanted[key].shape:
            raise ValueError(
                f"{file}: {key} has shape {tuple(value.shape)}, the configuration says "
                f"{tuple(wanted[key].shape)}"
            )
    refuse_not_finite(file, found.items())
    return found


def refuse_wrong_keys(where: object, missing: Any, unexpected: Any) -> None:
    """Raises ValueError with every missing and unexpected name, if there is one."""
    wrong = [
        f"{word} {', '.join(sorted(map(str, keys)))}"
        for word, keys in (("missing", missing), ("unexpected", unexpected))
        if keys
    ]
    if wrong:
        raise ValueError(f"the weights in {where} do not fit the configuration: {'; '.join(wrong)}")


def refuse_not_finite(where: object, weights: Iterable[tuple[str, Tensor]]) -> None:
    """Raises ValueError with the first name of a weight that holds NaN or infinity, if one does."""
    for name, values in weights:
        if values.numel() and not all(map(torch.isfinite, torch.aminmax(values.detach()))):
            raise ValueError(f"the weights in {where} are damaged: {name} holds NaN or infinity")


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


def save_network(part: PreTrainedModel | PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a network or a tokenizer as transformers does, whole or not at all.

    Args:
        part: it is not changed.
        folder: made, or replaced where it holds such a part.
    """
    mark = "config.json" if isinstance(part, PreTrainedModel) else "tokenizer_config.json"
    with written_whole(folder, mark) as new:
        part.save_pretrained(new)


def save_weights(weights: Mapping[str, Tensor], file: Path) -> None:
    """Write tensors by name, in safetensors' format, whole or not at all."""
    with whole_file(file) as temporary:
        save_file({key: value.contiguous().cpu() for key, value in weights.items()}, temporary)


def as_dtype(module: Any, dtype: torch.dtype | None) -> Any:
    """The module in a number format, a copy where it has another; None leaves it."""
    if dtype is None or all(parameter.dtype == dtype for parameter in module.parameters()):
        return module
    return copy.deepcopy(module).to(dtype)
