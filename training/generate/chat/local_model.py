# SPDX-License-Identifier: Apache-2.0
"""A language model in this process, as transformers has it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from llmseg_core.config import RuntimeConfig, VlmConfig
from llmseg_core.model_dir.method_parts import load_chat
from llmseg_core.model_dir.network_files import SharedNetworks, local_place
from llmseg_core.runtime.device import torch_device, torch_dtype
from llmseg_core.runtime.random_state import seeded

from ...data.plain_json import read_json
from .model_config import ModelConfig
from .request import ChatReply, ChatRequest

__all__ = ["LocalText", "LocalVlm", "load_local"]


class LocalText:
    """See `ChatModel`; it sees no image. A schema is not forced on it.

    Args:
        model: a causal language model.
        tokenizer: with a chat template.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        self._turn = threading.Lock()

    def ask(self, request: ChatRequest) -> ChatReply:
        """See `ChatModel`."""
        if request.images:
            raise ValueError(
                f"{request.model} sees no images: name a model that does (LLaVA, Qwen-VL)"
            )
        said = [{"role": "system", "content": request.system}] if request.system else []
        said.append({"role": "user", "content": request.text})
        given = self.tokenizer.apply_chat_template(
            said, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        sampled: dict[str, Any] = {"do_sample": False}
        if request.temperature > 0:
            sampled = {"do_sample": True, "temperature": request.temperature}
        with self._turn, torch.inference_mode(), seeded(request.seed, self.model.device):
            tokens = self.model.generate(
                **given.to(self.model.device), max_new_tokens=request.max_tokens, **sampled
            )
        asked = int(given["input_ids"].shape[1])
        written = tokens[0, asked:]
        text = self.tokenizer.decode(written, skip_special_tokens=True)
        whole = len(written) < request.max_tokens
        return ChatReply(str(text).strip(), asked, len(written), whole)


class LocalVlm:
    """See `ChatModel`; sees one image, and always takes the likeliest words.

    Args:
        config: names a folder of LLaVA, Qwen2.5-VL or Qwen3-VL.
        runtime: device and number format.
    """

    def __init__(self, config: ModelConfig, runtime: RuntimeConfig) -> None:
        assert config.path is not None
        vlm = VlmConfig(path=config.path, max_tokens=config.max_tokens)
        self.chat = load_chat(Path(), vlm, runtime, SharedNetworks())
        self._turn = threading.Lock()

    def ask(self, request: ChatRequest) -> ChatReply:
        """See `ChatModel`."""
        if len(request.images) != 1:
            raise ValueError(
                f"{request.model} sees one image, the request has {len(request.images)}"
            )
        text = "\n".join(filter(None, (request.system, request.text)))
        with self._turn:
            seen = self.chat.look(request.images[0])
            said = self.chat.answer(seen, text)
        return ChatReply(said, len(text) // 4, len(said) // 4 + 1)


def load_local(config: ModelConfig, runtime: RuntimeConfig) -> LocalText | LocalVlm:
    """The model of a folder; nothing is downloaded.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is no model of either kind.
    """
    assert config.path is not None
    place = local_place(config.path)
    known = _settings(place)
    if "vision_config" in known:
        return LocalVlm(config, runtime)
    device, dtype = torch_device(runtime), torch_dtype(runtime)
    tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
    if tokenizer.chat_template is None:
        raise ValueError(f"{config.path} has no chat template, so it is no model for conversations")
    model = AutoModelForCausalLM.from_pretrained(place, dtype=dtype, local_files_only=True)
    return LocalText(model.to(device), tokenizer)


def _settings(place: str) -> dict[str, Any]:
    settings = read_json(Path(place) / "config.json")
    if not isinstance(settings, dict):
        raise ValueError(f"{place}/config.json must be a mapping")
    return settings
