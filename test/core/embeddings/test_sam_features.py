# SPDX-License-Identifier: Apache-2.0
"""SAM's features on a SAM that several share: nothing stays behind, nobody gets another's."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import SamModel

from helpers.counting import count_calls
from helpers.tiny_model import tiny_sam
from llmseg_core.embeddings.sam_features import SamFeatureEncoder


@pytest.fixture(scope="module")
def sam() -> Iterator[SamModel]:
    """Shared by all tests; none may leave anything on it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = tiny_sam()
    yield model
    assert hooks(model) == 0


@pytest.fixture
def other(image: np.ndarray) -> np.ndarray:
    return 255 - image


def hooks(model: SamModel) -> int:
    """How many there are on SAM and all of its parts."""
    return sum(
        len(hooks)
        for module in model.modules()
        for hooks in (module._forward_hooks, module._forward_pre_hooks)
    )


@torch.inference_mode()
def propose(model: SamModel, encoder: SamFeatureEncoder, image: np.ndarray) -> None:
    """What a generator does before the features are asked for."""
    model.vision_encoder(encoder.preprocess(image)[None])


def features(model: SamModel, image: np.ndarray) -> Tensor:
    """Of a SAM that nobody shares."""
    return SamFeatureEncoder(copy.deepcopy(model)).encode(image)


def tensors(*shape: int) -> int:
    """How many of a shape are alive."""
    gc.collect()
    return sum(type(one) is Tensor and one.shape == shape for one in gc.get_objects())


def test_ten_that_came_and_went_leave_nothing(sam: SamModel, image: np.ndarray) -> None:
    before = hooks(sam), tensors(1, 3, 64, 64), tensors(1, 32, 8, 8)
    gone = []
    for _ in range(10):
        encoder = SamFeatureEncoder(sam)
        propose(sam, encoder, image)
        gone.append(weakref.ref(encoder))
        assert hooks(sam) <= before[0] + 4  # the one before may still be there
        del encoder
    gc.collect()
    assert [ref() for ref in gone] == [None] * 10
    assert (hooks(sam), tensors(1, 3, 64, 64), tensors(1, 32, 8, 8)) == before


def test_an_image_is_let_go_once_its_features_are_given(sam: SamModel, image: np.ndarray) -> None:
    encoder = SamFeatureEncoder(sam)
    before = tensors(1, 3, 64, 64), tensors(1, 32, 8, 8)
    propose(sam, encoder, image)
    assert tensors(1, 32, 8, 8) > before[1]
    encoder.encode(image)  # seen before
    assert (tensors(1, 3, 64, 64), tensors(1, 32, 8, 8)) == before
    encoder.encode(image)  # not seen before
    assert (tensors(1, 3, 64, 64), tensors(1, 32, 8, 8)) == before


def test_two_on_one_sam_each_give_the_features_of_their_image(
    sam: SamModel, image: np.ndarray, other: np.ndarray
) -> None:
    expected = {id(image): features(sam, image), id(other): features(sam, other)}
    assert (expected[id(image)] - expected[id(other)]).abs().max() > 0.1
    one, two = SamFeatureEncoder(sam), SamFeatureEncoder(sam)
    for first, second in ((image, other), (other, image), (image, image), (other, other)):
        propose(sam, one, first)
        propose(sam, two, second)
        assert torch.equal(two.encode(second), expected[id(second)])
        assert torch.equal(one.encode(first), expected[id(first)])
    with count_calls(sam.vision_encoder.neck) as calls:
        propose(sam, one, image)
        assert torch.equal(one.encode(image), expected[id(image)])
        assert torch.equal(two.encode(image), expected[id(image)])
    assert calls == [1]  # both had seen it


def test_two_threads_on_one_sam_do_not_mix_their_images(
    sam: SamModel, image: np.ndarray, other: np.ndarray
) -> None:
    """The first is inside of SAM while the second goes through, and comes out last."""
    expected = [features(sam, each) for each in (image, other)]
    encoders = SamFeatureEncoder(sam), SamFeatureEncoder(sam)
    inside, through, out = threading.Event(), threading.Event(), threading.Event()
    found: list[Tensor | None] = [None, None]

    def wait_inside(*_: object) -> None:
        if threading.current_thread().name == "first":
            inside.set()
            assert through.wait(60)

    def first() -> None:
        propose(sam, encoders[0], image)
        out.set()
        found[0] = encoders[0].encode(image)

    def second() -> None:
        assert inside.wait(60)
        propose(sam, encoders[1], other)
        through.set()
        assert out.wait(60)
        found[1] = encoders[1].encode(other)

    threads = [threading.Thread(target=f, name=f.__name__) for f in (first, second)]
    handle = sam.vision_encoder.layers[0].register_forward_hook(wait_inside)
    try:
        with count_calls(sam.vision_encoder.neck) as calls:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        handle.remove()
    assert calls == [2]
    for got, wanted in zip(found, expected, strict=True):
        assert got is not None
        assert torch.equal(got, wanted)


def test_what_passes_through_a_copy_of_sam_is_not_meant(
    sam: SamModel, image: np.ndarray, other: np.ndarray
) -> None:
    encoder, expected = SamFeatureEncoder(sam), features(sam, image)
    half = copy.deepcopy(sam).to(torch.bfloat16)
    propose(sam, encoder, image)
    with torch.inference_mode():
        half.vision_encoder(encoder.preprocess(other)[None].to(torch.bfloat16))
    with count_calls(sam.vision_encoder.neck) as calls:
        assert torch.equal(encoder.encode(image), expected)
    assert calls == [0]


def test_another_number_format_is_another_image(sam: SamModel, image: np.ndarray) -> None:
    model = copy.deepcopy(sam)
    encoder = SamFeatureEncoder(model)
    propose(model, encoder, image)
    model.to(torch.bfloat16)
    found = encoder.encode(image)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), features(sam, image), atol=0.1, rtol=0.1)
