# SPDX-License-Identifier: Apache-2.0
"""What of recorded passes needs no GPU; test/core/test_gpu.py has the rest."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from llmseg_core import LLMSegPipeline
from llmseg_core.runtime.recorded import Recordable, Recorded, record_on_gpu
from llmseg_core.runtime.sending import sent
from llmseg_core.vlm.llava_vlm import LlavaVlm


def test_on_a_cpu_a_pass_goes_as_it_stands() -> None:
    layer, calls = nn.Linear(3, 2), []

    def work(values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        calls.append(values)
        return (layer(values),)

    recorded, values = Recorded(work, layer), torch.rand(4, 3)
    for _ in range(3):
        assert torch.equal(recorded(values)[0], layer(values))
    assert len(calls) == 3
    assert all(each is values for each in calls)


def test_what_is_recorded_gives_the_same() -> None:
    plain, recorded = LLMSegPipeline.from_pretrained(), LLMSegPipeline.from_pretrained()
    assert isinstance(recorded, Recordable)
    record_on_gpu(recorded, "what cannot be")
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    one, other = plain.encode_frame(image), recorded.encode_frame(image)
    assert torch.equal(one.mask_embeddings, other.mask_embeddings)
    for text in ("the red cup", "what could I write with?"):
        prefix, same = one.prefix, other.prefix
        wanted = plain.seg_token_encoder.encode_instructions(prefix, [text, "a cup"])
        found = recorded.seg_token_encoder.encode_instructions(same, [text, "a cup"])
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_sent_to_where_it_is() -> None:
    values = torch.arange(3)
    assert sent(values, "cpu") is values


def test_hooks_of_others_are_called() -> None:
    """A recording would not call them, so that what they watch is not recorded."""
    network = nn.Sequential(nn.Linear(2, 2))
    recorded = Recorded(lambda values: (network(values),), network)
    assert not recorded._watched()
    handle = network[0].register_forward_hook(lambda *_: None)
    assert recorded._watched()
    handle.remove()

    def theirs(*_: object) -> None:
        """As transformers collects hidden states."""

    theirs.__module__ = "transformers.utils.output_capturing"
    network[0].register_forward_hook(theirs)
    assert not recorded._watched()


def test_hooks_of_the_vlm_are_its_own() -> None:
    """It takes CLIP's last layer but one, which transformers collects by hooks."""
    encoder = LLMSegPipeline.from_pretrained().seg_token_encoder
    vlm = encoder.vlm
    record_on_gpu(vlm)
    image = np.zeros((40, 50, 3), np.uint8)
    seen = encoder.pixels.see(image)
    assert isinstance(vlm, LlavaVlm)
    vlm.image_features(seen.pixels, [seen.grid])
    assert vlm._recorded_take_in is not None
    assert not vlm._recorded_take_in._watched()
