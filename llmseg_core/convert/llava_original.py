# SPDX-License-Identifier: Apache-2.0
"""LLaVA-7B v1 on disk, in its original layout or in transformers', read into the same names.

The original folder holds a `LlamaForCausalLM` with one more layer, `mm_projector`; CLIP is apart.
In transformers' layout the folder is one that `LlavaV1ForConditionalGeneration` has written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    LlamaConfig,
    LlamaTokenizer,
    LlavaConfig,
    PreTrainedTokenizerBase,
)

from llmseg_core.model_dir.network_files import load_network, load_tokenizer, local_place
from llmseg_core.model_dir.networks import clip_vit_l_config
from llmseg_core.vlm.llava import LlavaV1ForConditionalGeneration, image_token_count, llava_class

from .released_checkpoint import CLIP, llava_name, plain_name, read_weights

__all__ = ["PUBLISHED_CLIP", "LlavaFolder"]

PUBLISHED_CLIP = "openai/clip-vit-large-patch14"


class LlavaFolder:
    """A folder with LLaVA-7B v1.

    Args:
        folder: the original layout (`config.json` with `mm_hidden_size`, `tokenizer.model`), or
            transformers' (`config.json` with `text_config`).
        clip: folder of CLIP, or its name in the local Hugging Face cache; None is what the original
            configuration names. Not needed for transformers' layout.

    Raises:
        FileNotFoundError: if the folder or its configuration is missing.
        ValueError: if it is another LLaVA than v1.
    """

    def __init__(self, folder: str | Path, clip: str | Path | None = None) -> None:
        self.folder = Path(folder).expanduser()
        file = self.folder / "config.json"
        if not file.is_file():
            raise FileNotFoundError(f"{self.folder} is no LLaVA folder: it has no config.json")
        self._values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        self.is_original = "text_config" not in self._values
        self._clip = str(clip or self._values.get("mm_vision_tower") or PUBLISHED_CLIP)
        if self.is_original and "mm_hidden_size" not in self._values:
            raise ValueError(f"{file} describes no LLaVA: it has no mm_hidden_size")

    def config(self, vocabulary: int, image_token: int) -> LlavaConfig:
        """The configuration of the whole VLM.

        Args:
            vocabulary: rows of the embeddings.
            image_token: id of the image token.

        Raises:
            ValueError: if the projector is not LLaVA v1's.
        """
        if self.is_original:
            config = LlavaConfig(
                vision_config=self._vision_config(),
                text_config=self._text_config(),
                vision_feature_layer=int(self._values.get("mm_vision_select_layer", -2)),
            )
        else:
            config = LlavaConfig.from_pretrained(self.folder, local_files_only=True)
            if llava_class(config) is not LlavaV1ForConditionalGeneration:
                raise ValueError(
                    f"{self.folder} holds a LLaVA with a projector of two layers (1.5 or later), "
                    "it must be LLaVA-7B v1 with its one linear layer"
                )
        config.image_token_index = image_token
        config.tie_word_embeddings = config.text_config.tie_word_embeddings = False
        config.text_config.vocab_size = vocabulary
        config.image_seq_length = image_token_count(config)
        return config

    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer as the folder has it, without the tokens of the method."""
        if (self.folder / "tokenizer.model").is_file():
            # `legacy`: a blank before every piece between added tokens, as when it was trained.
            tokenizer: PreTrainedTokenizerBase = LlamaTokenizer.from_pretrained(
                self.folder, local_files_only=True, legacy=True
            )
            return tokenizer
        return load_tokenizer(str(self.folder))

    def weights(self, with_clip: bool = True) -> dict[str, Tensor]:
        """All weights under their plain released names.

        Args:
            with_clip: whether CLIP's are needed.

        Raises:
            FileNotFoundError: if there are no weights, or CLIP is not there.
        """
        if not self.is_original:
            config = LlavaConfig.from_pretrained(self.folder, local_files_only=True)
            network = load_network(llava_class(config), str(self.folder), None, "sdpa")
            return {llava_name(name): value for name, value in network.state_dict().items()}
        weights = self._original_weights()
        if with_clip and not any(name.startswith(CLIP) for name in weights):
            weights.update(self._clip_weights())
        return weights

    def _original_weights(self) -> dict[str, Tensor]:
        tensors = sorted(self.folder.glob("*.safetensors"))
        files = tensors or sorted(self.folder.glob("pytorch_model*.bin"))
        if not files:
            raise FileNotFoundError(
                f"{self.folder} holds no weights: neither *.safetensors nor pytorch_model*.bin"
            )
        weights: dict[str, Tensor] = {}
        for file in files:
            if tensors:
                weights.update({plain_name(k): v for k, v in load_file(file).items()})
            else:
                weights.update(read_weights(file))
        return weights

    def _clip_weights(self) -> dict[str, Tensor]:
        try:
            source = self._clip_source()
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{error}; give CLIP's folder with --clip") from None
        network = load_network(CLIPVisionModel, source, None, "sdpa", others_allowed=True)
        return {
            CLIP + name.removeprefix("vision_model."): value
            for name, value in network.state_dict().items()
        }

    def _text_config(self) -> LlamaConfig:
        names = (
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads", "max_position_embeddings", "rms_norm_eps", "rope_theta",
            "hidden_act", "bos_token_id", "eos_token_id",
        )  # fmt: skip
        return LlamaConfig(**{name: self._values[name] for name in names if name in self._values})

    def _vision_config(self) -> CLIPVisionConfig:
        try:
            config: CLIPVisionConfig = CLIPVisionConfig.from_pretrained(
                self._clip_source(), local_files_only=True
            )
        except OSError as error:
            if Path(self._clip).name != Path(PUBLISHED_CLIP).name:
                raise FileNotFoundError(
                    f"no CLIP configuration can be read from {self._clip}: {error}; give its "
                    "folder with --clip"
                ) from error
            return clip_vit_l_config()
        return config

    def _clip_source(self) -> str:
        """Where CLIP is: a path as it is or inside the LLaVA folder, or a name in the cache.

        Raises:
            FileNotFoundError: if it is nowhere here.
        """
        inside = self.folder / self._clip
        return str(inside) if inside.is_dir() else local_place(self._clip)
