# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from llmseg_core.images.clip_pixels import CLIP_MEAN, CLIP_STD, clip_input, clip_pixels


def smooth_images(height: int, width: int) -> torch.Tensor:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    fine = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(fine))[None]


@pytest.mark.parametrize(("height", "width"), [(96, 128), (128, 96), (50, 50), (30, 200)])
def test_crop_is_what_clip_does(height: int, width: int) -> None:
    images = smooth_images(height, width)
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}
    )
    expected = processor(Image.fromarray(images[0].numpy()), return_tensors="pt").pixel_values
    pixels = clip_pixels(images, 56, "crop")
    assert pixels.shape == (1, 3, 56, 56)
    # Pillow rounds to whole grey values twice, torch never does.
    torch.testing.assert_close(pixels, expected, atol=0.03, rtol=0)
    single = clip_input(images[0].numpy(), 56, "crop")
    torch.testing.assert_close(single, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("side", [55, 71, 83, 95])  # times 224 / side is a little less than 224
def test_crop_fills_the_square(side: int) -> None:
    white = torch.full((1, side, 2 * side, 3), 255, dtype=torch.uint8)
    assert (clip_pixels(white, 224, "crop") > 1).all()


def test_pad_keeps_everything_in_the_middle() -> None:
    pixels = clip_pixels(torch.full((2, 30, 60, 3), 255, dtype=torch.uint8), 20, "pad")
    assert pixels.shape == (2, 3, 20, 20)
    white = (1 - torch.tensor(CLIP_MEAN)) / torch.tensor(CLIP_STD)
    torch.testing.assert_close(pixels[0, :, 5:15], white[:, None, None].expand(-1, 10, 20))
    assert not pixels[:, :, :5].any()
    assert not pixels[:, :, 15:].any()


def test_stretch_uses_both_sides() -> None:
    images = torch.zeros(1, 10, 40, 3, dtype=torch.uint8)
    images[:, :, 20:] = 255
    pixels = clip_pixels(images, 8, "stretch")
    assert pixels.shape == (1, 3, 8, 8)
    assert (pixels[..., :3] < 0).all()
    assert (pixels[..., 5:] > 0).all()


def test_unknown_fit() -> None:
    with pytest.raises(ValueError, match="fit is 'squeeze'"):
        clip_pixels(torch.zeros(1, 4, 4, 3, dtype=torch.uint8), 8, "squeeze")
