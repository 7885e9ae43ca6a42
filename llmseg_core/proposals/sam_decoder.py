# SPDX-License-Identifier: Apache-2.0
"""SAM's mask decoder, arranged for many point prompts on one image.

`SamPointDecoder` computes what `transformers`' `SamMaskDecoder` computes, with the same weights,
but never copies the image tokens once a prompt more often than it must:

- the first layer sees the same image tokens for every prompt, so its image-side products are made
  once (they do not depend on the prompt);
- keys and values of the image tokens are never written out: the projections of a cross-attention
  are folded into its few token-side vectors instead, `q (W x) = (q W) x`, which is the same number;
- predicted IoUs are read before anything is upscaled, so that only masks that will be kept are;
- a cell of the image is upscaled to a row of numbers; only the logits of the masks that are asked
  for are put where their pixels are;
- without gradients large results take the memory of what is no longer needed: on a CPU memory that
  is touched for the first time costs more than the arithmetic.

Letters: N prompts, t = 7 tokens a prompt (IoU, 4 masks, point, padding), T = h x w image tokens,
C decoder width, m heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SamModel
from transformers.models.sam.modeling_sam import SamAttention, SamTwoWayAttentionBlock

from llmseg_core.runtime.sending import sent

__all__ = ["DecodedPoints", "ImageSide", "SamPointDecoder"]

PROMPT_TOKENS = 7
"""t: the tokens of a point prompt: IoU, four masks, point, padding."""

OUTPUT_TOKENS = 4
"""Those of them that something is read from: IoU and a point's three masks."""


@dataclass(frozen=True)
class DecodedPoints:
    """What the decoder knows of N point prompts before any mask is drawn.

    Attributes:
        iou: (N, 3) float, the predicted IoU of each prompt's three masks.
        mask_tokens: (N, 3, C) float, what each of the masks is to be.
        image_tokens: (N, T, C) float, image tokens as each prompt sees them.
        grid: (h, w) of them.
    """

    iou: Tensor
    mask_tokens: Tensor
    image_tokens: Tensor
    grid: tuple[int, int]


@dataclass(frozen=True)
class ImageSide:
    """Products of one image that every prompt shares (see `SamPointDecoder.image_side`)."""

    grid: tuple[int, int]  # (h, w), T = h w
    tokens: Tensor  # (T, C)
    position: Tensor  # (T, C)
    first_keys: Tensor  # (m, T, C / m / 2), layer 0, token to image
    first_values: Tensor  # (m, T, C / m / 2)
    first_queries: Tensor  # (m, T, C / m / 2), layer 0, image to token


class SamPointDecoder:
    """Decodes point prompts on one image with the weights of a `SamModel`.

    Args:
        model: its prompt encoder and mask decoder are used as they are; gradients flow into them.
    """

    def __init__(self, model: SamModel) -> None:
        self.model = model
        self.decoder = model.mask_decoder
        config = model.config.mask_decoder_config
        self.heads = config.num_attention_heads
        self.grid = model.prompt_encoder.image_embedding_size

    @property
    def mask_size(self) -> tuple[int, int]:
        """(height, width) of the low-resolution logits."""
        return 4 * self.grid[0], 4 * self.grid[1]

    @property
    def token_bytes(self) -> int:
        """Bytes of one prompt's image tokens, T x C."""
        rows, columns = self.grid
        width: int = self.model.config.mask_decoder_config.hidden_size
        return rows * columns * width * self.model.dtype.itemsize

    def memory_of_points(self) -> tuple[int, int]:
        """Peak memory of `decode` and `draw` without gradients: bytes once, and for each point.

        A point: three times its image tokens (as keys, with their position, normalised) and three
        times its attention (scores, weights, transposed), E T (3 C + 3 m t) for numbers of E
        bytes. Once: a prompt that is drawn, its image tokens six times over (gathered, upscaled
        twice, activated) and the logits of its three masks twice, E T (6 C + 96). Drawing a
        quarter of the points at once needs no more than decoding all of them did.
        """
        config = self.model.config.mask_decoder_config
        image_tokens = self.grid[0] * self.grid[1] * self.model.dtype.itemsize
        attention = self.heads * PROMPT_TOKENS
        once = image_tokens * (6 * config.hidden_size + 96)
        return once, image_tokens * 3 * (config.hidden_size + attention)

    def image_side(self, embedding: Tensor, position: Tensor | None = None) -> ImageSide:
        """The prompt-independent part, once an image.

        Args:
            embedding: (C, h, w) float, output of SAM's image encoder; of its first rows and columns
                alone where padding is left out.
            position: `dense_position()`, if the caller keeps it.
        """
        down, across = embedding.shape[1:]
        layer = self.decoder.transformer.layers[0]
        no_mask = self.model.prompt_encoder.no_mask_embed.weight
        tokens = embedding.flatten(1).T + no_mask
        position = self.dense_position() if position is None else position
        position = position[:down, :across].flatten(0, 1)
        to_image, to_token = layer.cross_attn_token_to_image, layer.cross_attn_image_to_token
        placed = tokens + position
        return ImageSide(
            grid=(down, across),
            tokens=tokens,
            position=position,
            first_keys=self._heads(to_image.k_proj(placed)),
            first_values=self._heads(to_image.v_proj(tokens)),
            first_queries=self._heads(to_token.q_proj(placed)) * to_token.scaling,
        )

    def dense_position(self) -> Tensor:
        """(h, w, C) float, the positional encoding of all image tokens."""
        return self.model.get_image_wide_positional_embeddings()[0].permute(1, 2, 0)

    def decode(self, image: ImageSide, points: Tensor) -> DecodedPoints:
        """Run the two-way transformer for N single-point prompts.

        Args:
            image: from `image_side`.
            points: (N, 2) float, x and y in pixels of SAM's resized image.
        """
        prompt = self._prompt_tokens(points)  # (N, t, C)
        first, second = self.decoder.transformer.layers
        tokens = first.layer_norm1(_attend(first.self_attn, prompt, prompt, prompt))
        tokens = first.layer_norm2(tokens + self._first_to_image(first, tokens + prompt, image))
        tokens = first.layer_norm3(tokens + first.mlp(tokens))
        keys = first.layer_norm4(self._first_to_token(first, tokens, tokens + prompt, image))

        placed = tokens + prompt
        tokens = second.layer_norm1(tokens + _attend(second.self_attn, placed, placed, tokens))
        attention = second.cross_attn_token_to_image
        placed_keys = keys + image.position
        scores = self._folded_query(attention, tokens + prompt) @ placed_keys.transpose(1, 2)
        tokens = second.layer_norm2(tokens + self._mixed(attention, scores, keys))
        tokens = second.layer_norm3(tokens + second.mlp(tokens))
        keys = self._to_token(second, tokens, tokens + prompt, placed_keys, keys)
        del placed_keys, scores  # their memory is taken again
        keys = second.layer_norm4(keys)

        tokens, prompt = _output(tokens), _output(prompt)
        attention = self.decoder.transformer.final_attn_token_to_image
        query = self._folded_query(attention, tokens + prompt)
        scores = _add_product(query @ image.position.T, query, keys.transpose(1, 2))
        tokens = tokens + self._mixed(attention, scores, keys)
        tokens = self.decoder.transformer.layer_norm_final_attn(tokens)
        iou = self.decoder.iou_prediction_head(tokens[:, 0])[:, 1:]
        return DecodedPoints(iou, tokens[:, 1:], keys, image.grid)

    def draw(
        self,
        decoded: DecodedPoints,
        prompt: Tensor,
        mask: Tensor,
        at_once: int | None = None,
        needed: tuple[int, int] | None = None,
    ) -> Tensor:
        """Low-resolution logits of chosen masks.

        Args:
            decoded: from `decode`.
            prompt: (n,) int64, the prompt of each mask, rising; best on the CPU, since their
                number must be known.
            mask: (n,) int64 in 0..2, which of the prompt's three masks; where `prompt` is.
            at_once: prompts to draw at a time; None draws all.
            needed: how many of the first rows and columns of logits are needed, as
                `LogitResize.needed` has it; None needs all of the image's tokens.

        Returns:
            (n, 4 h, 4 w) float logits; above 0 is inside. Of the `needed` ones alone, rounded up
            to whole image tokens, 4 x 4 logits each; those of tokens that were left out are like
            the last before them.
        """
        down, across = needed or (4 * decoded.grid[0], 4 * decoded.grid[1])
        cells = -(-down // 4), -(-across // 4)
        unique, where = torch.unique_consecutive(prompt, return_inverse=True)
        if not len(unique):
            return decoded.iou.new_zeros((0, 4 * cells[0], 4 * cells[1]))
        step = at_once or len(unique)
        drawn = []
        for start in range(0, len(unique), step):
            some = unique[start : start + step]
            chosen = (where >= start) & (where < start + step)
            drawn.append(self._draw(decoded, some, where[chosen] - start, mask[chosen], cells))
        return drawn[0] if len(drawn) == 1 else torch.cat(drawn)

    def _draw(
        self,
        decoded: DecodedPoints,
        prompts: Tensor,
        where: Tensor,
        mask: Tensor,
        cells: tuple[int, int],
    ) -> Tensor:
        networks = self.decoder.output_hypernetworks_mlps[1:]
        tokens = _rows(decoded.mask_tokens, prompts)
        weights = torch.stack([network(tokens[:, i]) for i, network in enumerate(networks)], 1)
        down, across = (min(pair) for pair in zip(cells, decoded.grid, strict=True))
        image_tokens = _rows(decoded.image_tokens, prompts).unflatten(1, decoded.grid)
        upscaled = self._upscale(image_tokens[:, :down, :across].flatten(1, 2))
        where, mask = sent(where, weights.device), sent(mask, weights.device)
        logits = (weights @ upscaled.transpose(1, 2))[where, mask]
        # cells of h x w, each 2 x 2 cells of 2 x 2 pixels, to rows of pixels
        pixels = logits.view(-1, down, across, 2, 2, 2, 2).permute(0, 1, 3, 5, 2, 4, 6)
        pixels = pixels.reshape(-1, 4 * down, 4 * across)
        if (down, across) == cells:
            return pixels
        beyond = 0, 4 * (cells[1] - across), 0, 4 * (cells[0] - down)
        return F.pad(pixels[None], beyond, mode="replicate")[0]

    def _upscale(self, cells: Tensor) -> Tensor:
        """Both transposed convolutions; each takes a cell to its 2 x 2 cells.

        Args:
            cells: (u, T, C) float.

        Returns:
            (u, 16 T, C / 8) float, cell after cell, as (T, y, x, y', x') lie in memory.
        """
        decoder, norm = self.decoder, self.decoder.upscale_layer_norm
        hidden = _spread(decoder.upscale_conv1, cells)
        hidden = F.layer_norm(hidden, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
        hidden = decoder.activation(hidden)
        return decoder.activation(_spread(decoder.upscale_conv2, hidden))

    def _prompt_tokens(self, points: Tensor) -> Tensor:
        encoder = self.model.prompt_encoder
        labels = torch.ones((1, len(points), 1), dtype=torch.int64, device=points.device)
        sparse, _ = encoder(points[None, :, None], labels, None, None)  # (1, N, 2, C)
        output = torch.cat((self.decoder.iou_token.weight, self.decoder.mask_tokens.weight))
        output = output.expand(len(points), -1, -1)
        return torch.cat((output, sparse[0].to(output.dtype)), 1)

    def _heads(self, tensor: Tensor) -> Tensor:
        """(T, d) to (m, T, d / m)."""
        return tensor.view(len(tensor), self.heads, -1).transpose(0, 1)

    def _first_to_image(
        self, layer: SamTwoWayAttentionBlock, placed: Tensor, image: ImageSide
    ) -> Tensor:
        """Layer 0, tokens attend to image tokens: keys and values are shared by all prompts."""
        attention = layer.cross_attn_token_to_image
        count, tokens, _ = placed.shape
        query = self._heads(attention.q_proj(placed).flatten(0, 1))  # (m, N t, d)
        weights = (query * attention.scaling) @ image.first_keys.transpose(1, 2)
        mixed = weights.softmax(-1) @ image.first_values  # (m, N t, d)
        return attention.out_proj(mixed.transpose(0, 1).reshape(count, tokens, -1))

    def _first_to_token(
        self, layer: SamTwoWayAttentionBlock, tokens: Tensor, placed: Tensor, image: ImageSide
    ) -> Tensor:
        """Layer 0, image tokens attend to tokens: queries are shared by all prompts."""
        attention = layer.cross_attn_image_to_token
        count, length, _ = tokens.shape
        key = self._heads(attention.k_proj(placed).flatten(0, 1))  # (m, N t, d)
        scores = key @ image.first_queries.transpose(1, 2)  # (m, N t, T)
        weights = scores.unflatten(1, (count, length)).softmax(2)
        weights = weights.transpose(0, 1).flatten(1, 2)  # (N, m t, T)
        values = self._folded_values(attention, tokens)
        # each prompt's own copy, to add to
        base = image.tokens.expand(count, -1, -1).clone(memory_format=torch.contiguous_format)
        return _add_product(base, weights.transpose(1, 2), values)

    def _folded_query(self, attention: SamAttention, placed: Tensor) -> Tensor:
        """(N, m t, C): queries with the key's projection; its bias would shift all scores alike."""
        query = self._split(attention.q_proj(placed)) * attention.scaling  # (N, m, t, d)
        weight = attention.k_proj.weight.view(self.heads, -1, placed.shape[-1])
        return (query @ weight).flatten(1, 2)

    def _mixed(self, attention: SamAttention, scores: Tensor, keys: Tensor) -> Tensor:
        """(N, t, C): image tokens mixed by (N, m t, T) scores, then both projections."""
        mixed = (scores.softmax(-1) @ keys).unflatten(1, (self.heads, -1))  # (N, m, t, C)
        value = attention.v_proj
        weight = value.weight.view(self.heads, -1, keys.shape[-1]).transpose(1, 2)
        values = (mixed @ weight).transpose(1, 2).flatten(2) + value.bias
        return attention.out_proj(values)

    def _to_token(
        self,
        layer: SamTwoWayAttentionBlock,
        tokens: Tensor,
        placed: Tensor,
        placed_keys: Tensor,
        keys: Tensor,
    ) -> Tensor:
        """Each prompt's image tokens attend to its tokens; queries stay folded."""
        attention = layer.cross_attn_image_to_token
        length, width = placed.shape[1:]
        key = self._split(attention.k_proj(placed)) * attention.scaling  # (N, m, t, d)
        query = attention.q_proj
        folded = (key @ query.weight.view(self.heads, -1, width)).flatten(1, 2)  # (N, m t, C)
        constant = (key @ query.bias.view(self.heads, -1, 1)).flatten(1, 2)  # (N, m t, 1)
        scores = torch.baddbmm(constant, folded, placed_keys.transpose(1, 2))  # (N, m t, T)
        weights = scores.unflatten(1, (self.heads, length)).softmax(2).flatten(1, 2)
        values = self._folded_values(attention, tokens)
        return _add_product(keys, weights.transpose(1, 2), values)

    def _folded_values(self, attention: SamAttention, tokens: Tensor) -> Tensor:
        """(N, m t, C): values of the tokens with the output projection already applied.

        Each head's weights sum to 1, so each head brings its share of the projection's bias.
        """
        value = self._split(attention.v_proj(tokens))  # (N, m, t, d)
        projection = attention.out_proj
        weight = projection.weight.T.reshape(self.heads, value.shape[-1], -1)
        return (value @ weight + projection.bias / self.heads).flatten(1, 2)

    def _split(self, tensor: Tensor) -> Tensor:
        """(N, t, d) to (N, m, t, d / m)."""
        return tensor.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _attend(attention: SamAttention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """A plain attention of `transformers` on (N, t, C) tensors."""
    return attention(query[None], key[None], value[None])[0][0]


def _rows(tensor: Tensor, numbers: Tensor) -> Tensor:
    """Rows of a tensor by their rising numbers; those that lie together are not copied."""
    first, stop = int(numbers[0]), int(numbers[-1]) + 1
    if stop - first == len(numbers):
        return tensor[first:stop]
    return tensor[sent(numbers, tensor.device)]


def _output(tokens: Tensor) -> Tensor:
    """(N, t, C) to (N, 4, C); the first mask token is for prompts that leave no doubt."""
    return torch.cat((tokens[:, :1], tokens[:, 2:5]), 1)


def _spread(conv: nn.ConvTranspose2d, cells: Tensor) -> Tensor:
    """A 2 x 2 transposed convolution of stride 2 as a linear map, (u, n, C) to (u, 4 n, C')."""
    assert conv.bias is not None
    weight = conv.weight.permute(2, 3, 1, 0).flatten(0, 2)  # (4 C', C): y, x, channel
    return F.linear(cells, weight, conv.bias.repeat(4)).view(len(cells), -1, len(conv.bias))


def _add_product(base: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """`base + left @ right`; without gradients the sum takes the memory of `base`."""
    if torch.is_grad_enabled():
        return torch.baddbmm(base, left, right)
    return base.baddbmm_(left, right)
