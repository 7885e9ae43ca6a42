# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from helpers.tiny_model import tiny_llava_config
from llmseg_core import SEG_TOKEN
from llmseg_core.config import SegTokenConfig
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.prompts import IMAGE_END, IMAGE_START, IMAGE_TOKEN
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_core.vlm.tokenizer import add_special_tokens, build_tokenizer


def test_special_tokens_are_one_id_each(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = ["<s>", "</s>", "<pad>", "<unk>", "<image>", "<im_start>", "<im_end>", SEG_TOKEN]
    ids = tokenizer.encode("".join(tokens), add_special_tokens=False)
    assert tokenizer.convert_ids_to_tokens(ids) == tokens
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == tuple(tokens[:3])


def test_case_does_not_matter_but_for_special_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.encode("The RED Cup") == tokenizer.encode("the red cup")
    assert len(tokenizer.encode("[seg]")) > 1


def test_any_text_can_be_written(tokenizer: PreTrainedTokenizerFast) -> None:
    for text in ("größere tasse", "杯子", "🍎 ½"):
        ids = tokenizer.encode(text)
        assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(tokenizer.encode("größere tasse 杯子")) == "größere tasse 杯子"


def test_known_words_are_short(tokenizer: PreTrainedTokenizerFast) -> None:
    assert len(tokenizer.encode(" cup")) < len(" cup")


def test_same_corpus_gives_the_same_tokenizer() -> None:
    corpus = ["one cup", "two cups", "a red mug"] * 3
    first, second = (build_tokenizer(corpus, 290) for _ in range(2))
    assert first.get_vocab() == second.get_vocab()


def test_files_on_disk(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    text = "USER: The cup ASSISTANT: [SEG].</s>"
    assert loaded.encode(text) == tokenizer.encode(text)


def plain_tokenizer() -> PreTrainedTokenizerFast:
    """As a text model has it: without the tokens of the method."""
    words = {"<unk>": 0, "<s>": 1, "</s>": 2, "the": 3, "cup": 4, ":": 5}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def test_existing_model_gets_the_tokens_that_it_lacks(image: np.ndarray) -> None:
    tokenizer = plain_tokenizer()
    llava = LlavaForConditionalGeneration(tiny_llava_config(tokenizer)).eval()
    before = llava.get_input_embeddings().weight.clone()
    assert add_special_tokens(tokenizer, llava) == 4
    assert tokenizer.convert_tokens_to_ids([IMAGE_TOKEN, IMAGE_START, IMAGE_END, SEG_TOKEN]) == [
        6, 7, 8, 9,
    ]  # fmt: skip
    assert tokenizer.pad_token == "<unk>"
    after = llava.get_input_embeddings().weight
    torch.testing.assert_close(after[:6], before)
    torch.testing.assert_close(after[9], before.mean(0))
    assert llava.get_output_embeddings().weight.shape == after.shape
    encoder = SegTokenEncoder(llava, tokenizer, SegTokenConfig(system="the"))
    assert encoder.encode_instructions(encoder.encode_image(image), ["the cup"]).shape == (1, 24)


def test_tokens_that_are_there_stay(parts: ModelParts) -> None:
    tokenizer, llava = parts.tokenizer, parts.llava
    before = llava.get_input_embeddings().weight.clone()
    assert add_special_tokens(tokenizer, llava) == 0
    torch.testing.assert_close(llava.get_input_embeddings().weight, before, atol=0, rtol=0)
