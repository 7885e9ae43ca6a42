# SPDX-License-Identifier: Apache-2.0
"""Tokenizers with a seg token: a small one built from a corpus, or an existing one extended."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers import PreTrainedTokenizerFast as FastTokenizer

from .prompts import CONTROL_TOKENS, IMAGE_TOKEN, SEG_TOKEN

__all__ = ["add_special_tokens", "build_tokenizer", "name_special_tokens"]


LLAVA = "llava"


def build_tokenizer(corpus: Iterable[str], vocab_size: int = 1500) -> FastTokenizer:
    """A lower-casing byte-level BPE tokenizer: it can write any text, and knows the corpus well.

    Args:
        corpus: texts of the kind that will be asked.
        vocab_size: most entries, the 256 bytes and the special tokens among them.

    Returns:
        A tokenizer that adds no token of its own to a text; ids of the special tokens come first.
    """
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(CONTROL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(corpus, trainer)
    return FastTokenizer(
        tokenizer_object=bpe,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=list(CONTROL_TOKENS[4:]),
    )


def add_special_tokens(tokenizer: PreTrainedTokenizerBase, llava: PreTrainedModel) -> int:
    """Give a tokenizer the tokens that the method needs, and the VLM room for them.

    New rows of the embeddings start as the mean of the old ones, so that the text model is not
    thrown off. Tokens that are already there stay as they are.

    Args:
        tokenizer: of the VLM.
        llava: the VLM.

    Returns:
        How many tokens were new.
    """
    kind = llava.config.model_type
    added = name_special_tokens(tokenizer, kind)
    if len(tokenizer) > llava.get_input_embeddings().num_embeddings:
        _grow(llava, len(tokenizer))
    if kind == LLAVA:
        llava.config.image_token_index = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
    return added


def name_special_tokens(tokenizer: PreTrainedTokenizerBase, kind: str = LLAVA) -> int:
    """Give a tokenizer those of the method's tokens that it lacks; returns how many were new.

    Args:
        tokenizer: of a VLM.
        kind: its `model_type`; all but LLaVA have tokens of their own for images.
    """
    wanted = CONTROL_TOKENS[4:] if kind == LLAVA else (SEG_TOKEN,)
    missing = [token for token in wanted if token not in tokenizer.get_vocab()]
    added = tokenizer.add_tokens(missing, special_tokens=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return added


def _grow(llava: PreTrainedModel, rows: int) -> None:
    """Enlarge input and output embeddings to `rows`, new ones the mean of the old."""
    old = llava.get_input_embeddings().num_embeddings
    llava.resize_token_embeddings(rows, mean_resizing=False)
    with torch.no_grad():
        for layer in (llava.get_input_embeddings(), llava.get_output_embeddings()):
            layer.weight[old:] = layer.weight[:old].float().mean(0).to(layer.weight.dtype)
