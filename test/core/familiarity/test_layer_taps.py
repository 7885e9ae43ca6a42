# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from helpers.tiny_model import tiny_parts
from llmseg_core import LLMSegPipeline
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.familiarity.layer_taps import LayerTaps, channel_statistics, tapped_layers
from llmseg_core.model_dir.parts import ModelParts


@pytest.fixture(scope="module")
def parts() -> ModelParts:
    return tiny_parts()


def image(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def size_of(parts: ModelParts) -> int:
    return parts.config.image_encoder.image_size


def test_what_is_told_is_what_the_networks_give_within_the_image(parts: ModelParts) -> None:
    taps = LayerTaps(tapped_layers(parts.sam, parts.dinov2, size_of(parts)))
    picture, pipeline = image(24, 48), LLMSegPipeline.from_parts(parts)
    with taps.watching((24, 48)) as seen:
        pipeline.encode_frame(picture)
    assert parts.dinov2 is not None
    encoder = pipeline.mask_embedder.image_encoder  # type: ignore[attr-defined]
    with torch.inference_mode():
        hidden = parts.dinov2(
            pixel_values=encoder.preprocess(picture)[None], output_hidden_states=True
        ).hidden_states
    for layer in taps.layers:
        if not layer.name.startswith("dinov2"):
            continue
        number = int(layer.name.rpartition(".")[2])
        cells = hidden[number][0, 1:].unflatten(0, encoder.feature_size)
        inside = cells[: encoder.cells // 2].flatten(0, 1)  # the lower half is padding
        mean = inside.mean(0)
        spans = (inside.std(0, correction=0), mean - inside.amin(0), inside.amax(0) - mean)
        expected = torch.cat((mean, *((span + 1e-3).log() for span in spans)))
        torch.testing.assert_close(seen[layer.name], expected)
    assert {"sam.neck", *seen} == {layer.name for layer in taps.layers}


def test_what_is_told_does_not_depend_on_how_padding_is_left_out(parts: ModelParts) -> None:
    assert parts.dinov2 is not None
    picture, side = image(24, 48), size_of(parts)
    encoder = Dinov2Encoder(parts.dinov2, side, skip_padding=True)
    taps = LayerTaps(tapped_layers(parts.sam, parts.dinov2, side))
    with taps.watching((24, 48)) as seen:
        encoder.encode(picture)
    first = parts.dinov2.embeddings(encoder.preprocess(picture)[None])[0, 1:]
    cells = first.unflatten(0, encoder.feature_size)[: encoder.cells // 2]
    if "dinov2.layer.0" in seen:  # what goes into the first layer nothing has changed yet
        torch.testing.assert_close(seen["dinov2.layer.0"], channel_statistics(cells))
    assert seen
    assert all(value.isfinite().all() for value in seen.values())


def test_nothing_is_told_of_images_that_are_not_watched(parts: ModelParts) -> None:
    taps, pipeline = LayerTaps(tapped_layers(parts.sam, None, 0)), LLMSegPipeline.from_parts(parts)
    with taps.watching((32, 32)) as seen:
        pass
    pipeline.encode_frame(image(32, 32))
    assert seen == {}
    hooked = [layer.module for layer in taps.layers]
    assert all(module._forward_hooks for module in hooked)
    del taps
    gc.collect()
    assert not any(module._forward_hooks for module in hooked)
