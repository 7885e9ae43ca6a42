# SPDX-License-Identifier: Apache-2.0
"""SAM's image encoder, arranged so that the bias of its attention stays in the CPU's cache.

`SamImageEncoder` computes what `transformers`' `SamVisionEncoder` computes, with the same weights:

- where two tokens lie to each other biases every score of an attention (decomposed relative
  positions). For a global layer of ViT-B that is 800 MB in float32, which would be written, copied
  and read again. Here it is made for a few tokens at a time, right before they need it;
- windows that reach over the image's edge hold padding, whose query, key and value are the bias of
  their projection: padding is not multiplied through, neither before the attention nor after it.

Letters: B images of h x w tokens with C channels; n heads of all windows of a layer, each with
L = rows x columns tokens and d channels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SamModel, SamVisionConfig
from transformers.models.sam.modeling_sam import SamVisionAttention, SamVisionLayer

from llmseg_core.runtime.recorded import Recorded

__all__ = ["CACHED_BYTES", "SamImageEncoder", "recorded_encoder", "without_padding"]

CACHED_BYTES = 2**22
"""How much bias to make at once on a CPU: what its cache holds."""


class SamImageEncoder(nn.Module):
    """The image encoder of a `SamModel`.

    Args:
        model: its vision encoder is used as it is.
        bias_bytes: how much bias to make at once; None makes that of a whole layer, as is best
            where a step costs more to start than to do.
    """

    def __init__(self, model: SamModel, bias_bytes: int | None = None) -> None:
        super().__init__()
        self.vision = model.vision_encoder
        self.heads = int(model.config.vision_config.num_attention_heads)
        self.bias_bytes = bias_bytes
        vision = model.config.vision_config
        sizes = {vision.window_size, vision.image_size // vision.patch_size}
        self.offsets = {size: _offsets(size, model.device) for size in sizes}

    def forward(self, pixel_values: Tensor) -> Tensor:
        """The image embedding.

        Args:
            pixel_values: (B, 3, S, S) float in SAM's dtype, normalised and padded; or their first
                rows and columns, whole patches of them, where padding is left out.

        Returns:
            (B, C', h, w) float in SAM's dtype.
        """
        patches = self.vision.patch_embed
        if pixel_values.shape[2:] == tuple(patches.image_size):
            hidden = patches(pixel_values)  # (B, h, w, C); what hooks see is all of the input
        else:
            hidden = patches.projection(pixel_values).permute(0, 2, 3, 1)
        if self.vision.pos_embed is not None:
            hidden = hidden + self.vision.pos_embed[:, : hidden.shape[1], : hidden.shape[2]]
        for layer in self.vision.layers:
            hidden = hidden + self._attend(layer, layer.layer_norm1(hidden))
            hidden = hidden + layer.mlp(layer.layer_norm2(hidden))
        embedding: Tensor = self.vision.neck(hidden)
        return embedding

    def _attend(self, layer: SamVisionLayer, hidden: Tensor) -> Tensor:
        """(B, h, w, C), the attention of a layer within its windows; no window is the image."""
        attention = layer.attn
        images, height, width, channels = hidden.shape
        rows, columns = layer.window_size or height, layer.window_size or width
        down, across = -(-height // rows), -(-width // columns)
        qkv = _padded(attention.qkv(hidden), attention.qkv.bias, down * rows, across * columns)
        qkv = qkv.view(images, down, rows, across, columns, 3, self.heads, -1)
        qkv = qkv.permute(5, 0, 1, 3, 6, 2, 4, 7)  # (3, B, down, across, heads, rows, columns, d)
        query, key, value = qkv.flatten(1, 4).unbind()
        mixed = self._mixed(attention, query, key, value)
        mixed = mixed.view(images, down, across, self.heads, rows, columns, -1)
        mixed = mixed.permute(0, 1, 4, 2, 5, 3, 6)
        mixed = mixed.reshape(images, down * rows, across * columns, channels)
        result: Tensor = attention.proj(mixed[:, :height, :width])
        return result

    def _mixed(
        self, attention: SamVisionAttention, query: Tensor, key: Tensor, value: Tensor
    ) -> Tensor:
        """Values mixed by scores with their bias; all are (n, rows, columns, d).

        What is asked of PyTorch has four dimensions: its fast kernels for CPUs take nothing else.
        """
        key, value = key.flatten(1, 2), value.flatten(1, 2)
        if not attention.use_rel_pos:
            mixed = F.scaled_dot_product_attention(
                query.flatten(1, 2)[None], key[None], value[None]
            )
            return mixed.view_as(query)
        count, rows, columns, _ = query.shape
        vertical = query @ self._table(attention, rows, attention.rel_pos_h).mT
        table = self._table(attention, columns, attention.rel_pos_w)
        horizontal = (query.transpose(1, 2) @ table.mT).transpose(1, 2)
        heads_at_once, rows_at_once = self._at_once(query)
        mixed = torch.empty_like(query)
        for head in range(0, count, heads_at_once):
            heads = slice(head, head + heads_at_once)
            for row in range(0, rows, rows_at_once):
                some = heads, slice(row, row + rows_at_once)
                bias = vertical[some][..., :, None] + horizontal[some][..., None, :]
                found = F.scaled_dot_product_attention(
                    query[some].flatten(1, 2)[None],
                    key[heads][None],
                    value[heads][None],
                    bias.flatten(3).flatten(1, 2)[None],
                )
                mixed[some] = found[0].unflatten(1, (-1, columns))
        return mixed

    def _table(self, attention: SamVisionAttention, size: int, biases: Tensor) -> Tensor:
        """(size, size, d), the bias of each place in a row for each other one.

        As `get_rel_pos` has it, which makes its indices on the CPU each time: a GPU waits for them.
        Where padding is left out, places lie to each other as they did.
        """
        offsets = self.offsets.get((len(biases) + 1) // 2)
        if offsets is None or len(offsets) < size:
            return attention.get_rel_pos(size, size, biases)
        return biases[offsets[:size, :size]]

    def _at_once(self, query: Tensor) -> tuple[int, int]:
        """How many of the n heads, and of the rows of each, have their bias made at once."""
        count, rows, columns, _ = query.shape
        if self.bias_bytes is None:
            return count, rows
        fitting = self.bias_bytes // (columns * rows * columns * query.itemsize)
        return max(1, fitting // rows), min(rows, max(1, fitting))


def without_padding(
    square: Tensor, rows: int, columns: int, config: SamVisionConfig, cell: int = 1
) -> Tensor:
    """What of SAM's input has more in it than padding, in whole windows of its attention.

    Args:
        square: (..., S / cell, S / cell), the input or a map of it.
        rows: of the image in it, pixels or cells of `cell` pixels.
        columns: the same.
        config: of SAM's image encoder.
        cell: pixels along a side of one cell of the map.

    Returns:
        (..., h, w), a view.
    """
    window = config.patch_size * max(1, config.window_size) // cell
    down, across = (-(-side // window) * window for side in (rows, columns))
    return square[..., :down, :across]


def recorded_encoder(encoder: SamImageEncoder) -> Callable[[Tensor], Tensor]:
    """The encoder, whose pass a GPU records and plays back, see `Recorded`."""
    recorded = Recorded(lambda pixels: (encoder(pixels),), encoder)
    return lambda pixels: recorded(pixels)[0]


def _offsets(size: int, device: torch.device) -> Tensor:
    """(size, size) int64, in a table of 2 size - 1 rows that of each place for each other one."""
    places = torch.arange(size, device=device)
    return places[:, None] - places + size - 1


def _padded(qkv: Tensor, bias: Tensor | None, height: int, width: int) -> Tensor:
    """(B, h, w, 3 C) to (B, height, width, 3 C), with what the projection makes of zeros."""
    if qkv.shape[1:3] == (height, width):
        return qkv
    padding = qkv.new_zeros(1) if bias is None else bias
    padded = padding.expand(len(qkv), height, width, qkv.shape[3]).clone()
    padded[:, : qkv.shape[1], : qkv.shape[2]] = qkv
    return padded
