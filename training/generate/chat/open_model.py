# SPDX-License-Identifier: Apache-2.0
"""Opens the model that a recipe names."""

from __future__ import annotations

from llmseg_core.config import RuntimeConfig

from .local_model import load_local
from .model_config import ModelConfig
from .request import ChatModel
from .server_model import ServerModel

__all__ = ["open_model"]


def open_model(config: ModelConfig, runtime: RuntimeConfig) -> ChatModel:
    """A server is not called yet; a model in this process is loaded.

    Raises:
        OSError, ValueError: if it cannot be opened.
    """
    return ServerModel(config) if config.url is not None else load_local(config, runtime)
