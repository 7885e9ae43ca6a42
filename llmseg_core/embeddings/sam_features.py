# SPDX-License-Identifier: Apache-2.0
"""The image encoder of the paper's Table 4: SAM's own encoder, paid for by the proposals."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import SamModel

from llmseg_core.images.image_ops import check_image, normalize_and_pad, resize_longest_side

__all__ = ["SamFeatureEncoder"]


class SamFeatureEncoder(nn.Module):
    """SAM's image embedding as a feature map: 256 channels, 64 x 64 cells in the published sizes.

    It looks at what passes through SAM's encoder: where the proposals have just been made from the
    same pixels, in the same thread, the encoder does not run again. Nothing of an image stays
    behind once its features are given, and nothing of this object on SAM once it is gone, so
    several may share one SAM, in several threads.

    Args:
        model: SAM; the same object that proposes.
    """

    def __init__(self, model: SamModel) -> None:
        super().__init__()
        self.model = model
        config = model.config.vision_config
        self.image_size = int(config.image_size)
        self.cells = self.image_size // config.patch_size
        self._passing = _PassingImage(model)

    @property
    def feature_dim(self) -> int:
        """C, channels of the feature map."""
        return int(self.model.config.vision_config.output_channels)

    @property
    def feature_size(self) -> tuple[int, int]:
        """(h, w), cells of the feature map."""
        return self.cells, self.cells

    def preprocess(self, image: np.ndarray) -> Tensor:
        """(H, W, 3) uint8 RGB to (3, S, S) float32, S = `image_size`, normalised as SAM does."""
        resized = resize_longest_side(check_image(image), self.image_size)
        return normalize_and_pad(resized, self.image_size, self.model.device)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """(B, 3, S, S) float32 from `preprocess` to (B, C, h, w) in SAM's dtype."""
        pixel_values = pixel_values.to(self.model.dtype)
        embedding = self._passing.embedding_of(pixel_values)
        if embedding is None:
            embedding = self.model.vision_encoder(pixel_values).last_hidden_state
        self._passing.forget()
        return embedding

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> Tensor:
        """The feature map (C, h, w) of one image, (H, W, 3) uint8 RGB."""
        return self(self.preprocess(image)[None])[0]


class _PassingImage:
    """The last image that went through SAM's encoder, for each thread its own.

    SAM's hooks know this object by a weak reference alone and go when it does.

    Args:
        model: SAM.
    """

    def __init__(self, model: SamModel) -> None:
        self._seen = _Seen()
        # A copy of SAM takes the hooks with it; what passes through the copy is not meant.
        first, last = model.vision_encoder.patch_embed, model.vision_encoder.neck
        own_first, own_last, own = weakref.ref(first), weakref.ref(last), weakref.ref(self)

        @torch.compiler.disable
        def see_pixels(module: nn.Module, args: tuple[Tensor], _: Tensor) -> None:
            if (image := own()) is not None and module is own_first():
                image._seen.pixels, image._seen.embedding = args[0].detach(), None

        @torch.compiler.disable
        def see_embedding(module: nn.Module, _: tuple[Tensor], embedding: Tensor) -> None:
            if (image := own()) is not None and module is own_last():
                image._seen.embedding = embedding.detach()

        handles = first.register_forward_hook(see_pixels), last.register_forward_hook(see_embedding)
        weakref.finalize(self, _remove, handles)

    def embedding_of(self, pixel_values: Tensor) -> Tensor | None:
        """What SAM made of these pixels, if they were the last that it saw in this thread."""
        pixels = self._seen.pixels
        if pixels is None or pixels.dtype != pixel_values.dtype:
            return None
        return self._seen.embedding if torch.equal(pixels, pixel_values) else None

    def forget(self) -> None:
        """Let go of the image."""
        self._seen.pixels = self._seen.embedding = None


class _Seen(threading.local):
    """What went into SAM's encoder last in this thread, and what came out of it.

    Attributes:
        pixels: (B, 3, S, S) float.
        embedding: (B, C, h, w) float; None until the pixels are through.
    """

    pixels: Tensor | None = None
    embedding: Tensor | None = None


def _remove(handles: Sequence[RemovableHandle]) -> None:
    for handle in handles:
        handle.remove()
