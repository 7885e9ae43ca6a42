# SPDX-License-Identifier: Apache-2.0
"""Every method with random weights, to measure.

What random weights write means nothing: it is written, word by word, and a fixed answer goes on in
its stead, so that what comes after the words is measured too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from torch import nn
from transformers import (
    MMGroundingDinoForObjectDetection,
    PreTrainedTokenizerFast,
    Qwen3VLForConditionalGeneration,
    Sam3Model,
)

from llmseg_core.config import (
    BoxFormat,
    ConceptConfig,
    GroundingConfig,
    LisaConfig,
    MarksConfig,
    ProposalConfig,
    RuntimeConfig,
    SegTokenConfig,
    TwoStageConfig,
)
from llmseg_core.grounding.chat import SeenImage
from llmseg_core.grounding.conversation_chat import ConversationChat
from llmseg_core.grounding.grounding_dino import GroundingDinoLocator
from llmseg_core.grounding.locator import LocatedImage
from llmseg_core.grounding.namer import InstructionNamer
from llmseg_core.grounding.sam3 import Sam3Concepts
from llmseg_core.methods.concept import Concept
from llmseg_core.methods.grounding import GroundingMethod
from llmseg_core.methods.lisa import Lisa
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.methods.marks import Marks
from llmseg_core.methods.method import Method
from llmseg_core.methods.two_stage import TwoStage
from llmseg_core.model_dir.lisa_files import LisaParts
from llmseg_core.model_dir.network_files import quiet
from llmseg_core.model_dir.networks import build_selector
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.prompted.everything_mode import EverythingMode
from llmseg_core.prompted.sam2 import Sam2Masks
from llmseg_core.prompted.seg_prompt import SegPromptDecoder
from llmseg_core.prompted.target import Target
from llmseg_core.runtime.device import torch_device, torch_dtype
from llmseg_core.runtime.random_state import seeded
from llmseg_core.runtime.recorded import record_on_gpu
from llmseg_core.vlm.families import conversation_of
from llmseg_core.vlm.tokenizer import build_tokenizer

from .method_sizes import MethodSizes
from .models import INSTRUCTIONS, made_on, natural_filters

__all__ = ["METHODS", "MeasuredMethod", "random_method"]

WRITTEN = 32
"""tokens that a VLM writes"""
SHOWN = [{"bbox_2d": [300, 300, 500, 500], "label": "thing"}]
"""what stands in the place of a grounding VLM's words"""
NAMED = "[1]"
"""what stands in the place of the words of a VLM that names numbers"""
FOUND = (Target((200.0, 150.0, 300.0, 250.0), score=0.5),)
"""what stands in the place of a detector's boxes"""


@dataclass(frozen=True)
class MeasuredMethod:
    """A method, and what of it is watched.

    Attributes:
        method: with random weights.
        networks: all of its networks.
        image_encoders: the parts of them that look at images.
    """

    method: Method
    networks: tuple[nn.Module, ...]
    image_encoders: tuple[nn.Module, ...]


class _FixedWords(ConversationChat):
    """Writes, and answers with fixed words."""

    words = ""

    def answer(self, image: SeenImage, question: str) -> str:
        """See `ChatVlm`."""
        super().answer(image, question)
        return self.words

    def _end_ids(self) -> set[int]:
        """Nothing ends it before its most tokens."""
        return set()


class _FixedBoxes(GroundingDinoLocator):
    """Looks for boxes, and finds fixed ones."""

    def locate(self, image: LocatedImage, phrase: str) -> tuple[Target, ...]:
        """See `PhraseLocator`."""
        super().locate(image, phrase)
        return FOUND


def random_method(
    name: str, sizes: MethodSizes, runtime: RuntimeConfig, frame: np.ndarray
) -> MeasuredMethod:
    """A method with random weights, on the device and in the number format of `runtime`.

    Args:
        name: one of `METHODS`.
        sizes: of its networks.
        runtime: device and number format.
        frame: an image on which a natural share of proposals shall pass.
    """
    with seeded(0, torch_device(runtime)), quiet():
        made = METHODS[name](sizes, torch_device(runtime), torch_dtype(runtime), frame)
    if runtime.cuda_graphs and torch_device(runtime).type == "cuda":
        record_on_gpu(made.method)
    return made


def _llm_seg(
    sizes: MethodSizes, device: torch.device, dtype: torch.dtype, frame: np.ndarray
) -> MeasuredMethod:
    config, tokenizer = sizes.config(), _instruction_tokenizer(sizes.config().seg_token)
    with made_on(device, dtype):
        sam, dinov2, llava = sizes.sam(), sizes.dinov2(), sizes.llava(tokenizer)
        selector = build_selector(config.selector)
    config = replace(config, proposals=natural_filters(sam, config.proposals, frame))
    parts = ModelParts(config, sam, dinov2, llava, tokenizer, selector)
    method = LLMSegPipeline.from_parts(parts, RuntimeConfig(cuda_graphs=False))  # as yet
    networks = (sam, dinov2, llava, selector)
    return MeasuredMethod(
        method,
        networks,
        (sam.vision_encoder.patch_embed.projection, dinov2, llava.model.vision_tower),
    )


def _lisa(
    sizes: MethodSizes, device: torch.device, dtype: torch.dtype, frame: np.ndarray
) -> MeasuredMethod:
    words = sizes.config().seg_token
    tokenizer = _instruction_tokenizer(words)
    with made_on(device, dtype):
        sam, llava = sizes.sam(), sizes.llava(tokenizer)
        decoder = SegPromptDecoder(sam, llava.config.text_config.hidden_size).eval()
    config = LisaConfig(seg_token=words)
    method = Lisa(LisaParts(config, sam, llava, tokenizer, decoder))
    encoders = (sam.vision_encoder.patch_embed.projection, llava.model.vision_tower)
    return MeasuredMethod(method, (sam, llava, decoder), encoders)


def _grounding(
    sizes: MethodSizes, device: torch.device, dtype: torch.dtype, frame: np.ndarray
) -> MeasuredMethod:
    chat = _chat(sizes, device, dtype)
    chat.words = str(SHOWN).replace("'", '"')
    with made_on(device, dtype):
        sam2 = sizes.sam2()
    method = GroundingMethod(chat, Sam2Masks(sam2), GroundingConfig(), BoxFormat.THOUSAND)
    encoders = (sam2.vision_encoder, chat.model.model.visual)
    return MeasuredMethod(method, (sam2, chat.model), encoders)


def _two_stage(
    sizes: MethodSizes, device: torch.device, dtype: torch.dtype, frame: np.ndarray
) -> MeasuredMethod:
    tokenizer = _word_tokenizer("[CLS]", "[SEP]")
    with made_on(device, dtype):
        sam2 = sizes.sam2()
    with made_on(device, torch.float32):  # its boxes need that
        detector = MMGroundingDinoForObjectDetection(sizes.detector(len(tokenizer))).eval()
    detector.to(device)  # transformers makes its `level_embed` on the CPU whatever is said
    locator = _FixedBoxes(detector, tokenizer)
    method = TwoStage(InstructionNamer(), locator, Sam2Masks(sam2), TwoStageConfig())
    encoders = (sam2.vision_encoder, detector.model.backbone)
    return MeasuredMethod(method, (sam2, detector), encoders)


def _concept(
    sizes: MethodSizes, device: torch.device, dtype: torch.dtype, frame: np.ndarray
) -> MeasuredMethod:
    tokenizer = _word_tokenizer("<s>", "</s>")
    with made_on(device, dtype):
        sam3 = Sam3Model(sizes.sam3(len(tokenizer))).eval()
    concepts = Sam3Concepts(sam3, tokenizer)
    method = Concept(InstructionNamer(), concepts, ConceptConfig())
    return MeasuredMethod(method, (sam3,), (sam3.vision_encoder,))


def _marks(
    sizes: MethodSizes, device: torch.device, dtype: torch.dtype, frame: np.ndarray
) -> MeasuredMethod:
    chat = _chat(sizes, device, dtype)
    chat.words = NAMED
    with made_on(device, dtype):
        sam2 = sizes.sam2()
    # Random weights' scores say nothing: nothing is dropped but what is beyond the most numbers.
    proposals = ProposalConfig(
        sizes.points_per_side,
        pred_iou_thresh=-1e9,
        stability_score_thresh=0.0,
        box_nms_thresh=1.0,
        max_proposals=30,
    )
    generator = EverythingMode(Sam2Masks(sam2), proposals)
    method = Marks(chat, generator, MarksConfig(proposals=proposals), device)
    encoders = (sam2.vision_encoder, chat.model.model.visual)
    return MeasuredMethod(method, (sam2, chat.model), encoders)


METHODS: dict[str, Callable[[MethodSizes, torch.device, torch.dtype, Any], MeasuredMethod]] = {
    "llm_seg": _llm_seg,
    "lisa": _lisa,
    "grounding": _grounding,
    "two_stage": _two_stage,
    "concept": _concept,
    "marks": _marks,
}
"""How each is put together."""


def _chat(sizes: MethodSizes, device: torch.device, dtype: torch.dtype) -> _FixedWords:
    """A Qwen3-VL that writes `WRITTEN` tokens."""
    tokenizer = _byte_tokenizer()
    with made_on(device, dtype):
        model = Qwen3VLForConditionalGeneration(sizes.qwen3_vl(tokenizer)).eval()
    conversation = conversation_of(model.config, SegTokenConfig(), sizes.pixels)
    return _FixedWords(model, tokenizer, conversation, WRITTEN)


def _instruction_tokenizer(words: SegTokenConfig) -> PreTrainedTokenizerFast:
    """One that has a token for each word that is asked."""
    texts = (words.system, words.question, words.assistant)
    return build_tokenizer([*INSTRUCTIONS, *texts] * 4)


def _byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, and the marks of Qwen's conversation."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({each: index for index, each in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = ("im_start", "im_end", "vision_start", "vision_end", "image_pad", "video_pad")
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in names])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|im_end|>"
    )


def _word_tokenizer(start: str, end: str) -> PreTrainedTokenizerFast:
    """One token a word of the instructions, between two marks."""
    words = sorted({word for text in INSTRUCTIONS for word in text.strip("?").split()})
    known = ["!", start, "<pad>", end, "<unk>", ".", "?", *words]
    tokenizer = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(known)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing((end, 3), (start, 1))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token=start,
        eos_token=end,
    )
