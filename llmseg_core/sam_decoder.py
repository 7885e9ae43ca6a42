"""SAM's mask decoder, arranged for many point prompts on one image.

`SamPointDecoder` computes what `transformers`' `SamMaskDecoder` computes, with the same weights, but
never copies the image tokens once a prompt more often than it must:

- the first layer sees the same image tokens for every prompt, so its image-side products are made
  once (they do not depend on the prompt);
- keys and values of the image tokens are never written out: the projections of a cross-attention are
  folded into its few token-side vectors instead, `q (W x) = (q W) x`, which is the same number;
- predicted IoUs are read before anything is upscaled, so that only masks that will be kept are.

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

__all__ = ["DecodedPoints", "SamPointDecoder"]


@dataclass(frozen=True)
class DecodedPoints:
    """What the decoder knows of N point prompts before any mask is drawn.

    Attributes:
        iou: (N, 3) float, the predicted IoU of each prompt's three masks.
        mask_tokens: (N, 3, C) float, one token a mask.
        image_tokens: (N, T, C) float, image tokens as each prompt sees them.
    """

    iou: Tensor
    mask_tokens: Tensor
    image_tokens: Tensor


@dataclass(frozen=True)
class _ImageSide:
    """Products of one image that every prompt shares."""

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

    def image_side(self, embedding: Tensor, position: Tensor | None = None) -> _ImageSide:
        """The prompt-independent part, once an image.

        Args:
            embedding: (C, h, w) float, output of SAM's image encoder.
            position: (T, C) float, `dense_position()` if the caller keeps it.
        """
        layer = self.decoder.transformer.layers[0]
        no_mask = self.model.prompt_encoder.no_mask_embed.weight
        tokens = embedding.flatten(1).T + no_mask
        position = self.dense_position() if position is None else position
        to_image, to_token = layer.cross_attn_token_to_image, layer.cross_attn_image_to_token
        placed = tokens + position
        return _ImageSide(
            tokens=tokens,
            position=position,
            first_keys=self._heads(to_image.k_proj(placed)),
            first_values=self._heads(to_image.v_proj(tokens)),
            first_queries=self._heads(to_token.q_proj(placed)) * to_token.scaling,
        )

    def dense_position(self) -> Tensor:
        """(T, C) float, the positional encoding of the image tokens."""
        return self.model.get_image_wide_positional_embeddings()[0].flatten(1).T

    def decode(self, image: _ImageSide, points: Tensor) -> DecodedPoints:
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
        tokens = second.layer_norm2(
            tokens + self._to_image(attention, tokens + prompt, keys, image.position)
        )
        tokens = second.layer_norm3(tokens + second.mlp(tokens))
        keys = second.layer_norm4(self._to_token(second, tokens, tokens + prompt, keys, image))

        attention = self.decoder.transformer.final_attn_token_to_image
        tokens = tokens + self._to_image(attention, tokens + prompt, keys, image.position)
        tokens = self.decoder.transformer.layer_norm_final_attn(tokens)
        return DecodedPoints(
            iou=self.decoder.iou_prediction_head(tokens[:, 0])[:, 1:],
            mask_tokens=tokens[:, 2:5],
            image_tokens=keys,
        )

    def draw(self, decoded: DecodedPoints, prompt: Tensor, mask: Tensor) -> Tensor:
        """Low-resolution logits of chosen masks.

        Args:
            decoded: from `decode`.
            prompt: (n,) int64, the prompt of each mask, rising.
            mask: (n,) int64 in 0..2, which of the prompt's three masks.

        Returns:
            (n, 4 h, 4 w) float logits; above 0 is inside.
        """
        decoder = self.decoder
        unique, where = torch.unique_consecutive(prompt, return_inverse=True)
        features = self._upscale(decoded.image_tokens[unique])  # (u, T, 16, C / 8)
        networks = decoder.output_hypernetworks_mlps[1:]
        weights = torch.stack(
            [network(decoded.mask_tokens[:, i]) for i, network in enumerate(networks)], 1
        )[prompt, mask]  # (n, C / 8)
        flat = features.flatten(1, 2)[where] if len(where) != len(unique) else features.flatten(1, 2)
        logits = torch.bmm(flat, weights[:, :, None])
        height, width = self.grid
        # each image token holds 2 x 2 cells of 2 x 2 pixels: (y, x, y1, x1, y2, x2)
        logits = logits.view(-1, height, width, 2, 2, 2, 2).permute(0, 1, 3, 5, 2, 4, 6)
        return logits.reshape(-1, 4 * height, 4 * width)

    def _upscale(self, tokens: Tensor) -> Tensor:
        """(u, T, C) to (u, T, 16, C / 8): both transposed convolutions, channels last."""
        decoder = self.decoder
        hidden = _spread(decoder.upscale_conv1, tokens)  # (u, T, 4, C / 4)
        norm = decoder.upscale_layer_norm
        hidden = F.layer_norm(hidden, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
        hidden = decoder.activation(hidden)
        return decoder.activation(_spread(decoder.upscale_conv2, hidden)).flatten(2, 3)

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
        self, layer: SamTwoWayAttentionBlock, placed: Tensor, image: _ImageSide
    ) -> Tensor:
        """Layer 0, tokens attend to image tokens: keys and values are shared by all prompts."""
        attention = layer.cross_attn_token_to_image
        count, tokens, _ = placed.shape
        query = self._heads(attention.q_proj(placed).flatten(0, 1))  # (m, N t, d)
        weights = (query * attention.scaling) @ image.first_keys.transpose(1, 2)
        mixed = weights.softmax(-1) @ image.first_values  # (m, N t, d)
        return attention.out_proj(mixed.transpose(0, 1).reshape(count, tokens, -1))

    def _first_to_token(
        self, layer: SamTwoWayAttentionBlock, tokens: Tensor, placed: Tensor, image: _ImageSide
    ) -> Tensor:
        """Layer 0, image tokens attend to tokens: queries are shared by all prompts."""
        attention = layer.cross_attn_image_to_token
        count, length, _ = tokens.shape
        key = self._heads(attention.k_proj(placed).flatten(0, 1))  # (m, N t, d)
        scores = key @ image.first_queries.transpose(1, 2)  # (m, N t, T)
        weights = scores.unflatten(1, (count, length)).softmax(2)
        weights = weights.transpose(0, 1).flatten(1, 2)  # (N, m t, T)
        values = self._folded_values(attention, tokens)
        return torch.baddbmm(image.tokens.expand(count, -1, -1), weights.transpose(1, 2), values)

    def _to_image(
        self, attention: SamAttention, placed: Tensor, keys: Tensor, position: Tensor
    ) -> Tensor:
        """Tokens attend to each prompt's own image tokens; keys and values stay folded."""
        count, length, width = placed.shape
        query = self._split(attention.q_proj(placed)) * attention.scaling  # (N, m, t, d)
        weight = attention.k_proj.weight.view(self.heads, -1, width)
        folded = (query @ weight).flatten(1, 2)  # (N, m t, C); the key's bias shifts all alike
        scores = torch.baddbmm(folded @ position.T, folded, keys.transpose(1, 2))  # (N, m t, T)
        mixed = (scores.softmax(-1) @ keys).view(count, self.heads, length, width)
        value = attention.v_proj
        mixed = mixed @ value.weight.view(self.heads, -1, width).transpose(1, 2)  # (N, m, t, d)
        mixed = mixed.transpose(1, 2).flatten(2) + value.bias
        return attention.out_proj(mixed)

    def _to_token(
        self,
        layer: SamTwoWayAttentionBlock,
        tokens: Tensor,
        placed: Tensor,
        keys: Tensor,
        image: _ImageSide,
    ) -> Tensor:
        """Each prompt's image tokens attend to its tokens; queries stay folded."""
        attention = layer.cross_attn_image_to_token
        count, length, width = tokens.shape
        key = self._split(attention.k_proj(placed)) * attention.scaling  # (N, m, t, d)
        query = attention.q_proj
        folded = (key @ query.weight.view(self.heads, -1, width)).flatten(1, 2)  # (N, m t, C)
        constant = (key @ query.bias.view(self.heads, -1, 1)).flatten(1, 2)  # (N, m t, 1)
        shared = folded @ image.position.T + constant  # (N, m t, T)
        scores = torch.baddbmm(shared, folded, keys.transpose(1, 2))
        weights = scores.unflatten(1, (self.heads, length)).softmax(2).flatten(1, 2)
        values = self._folded_values(attention, tokens)
        return torch.baddbmm(keys, weights.transpose(1, 2), values)

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


def _spread(conv: nn.ConvTranspose2d, tokens: Tensor) -> Tensor:
    """A 2 x 2 transposed convolution of stride 2 as a linear map: (..., C) to (..., 4, C')."""
    weight = conv.weight.permute(2, 3, 1, 0).flatten(0, 2)  # (4 C', C): kernel y, kernel x, channel
    assert conv.bias is not None
    return F.linear(tokens, weight, conv.bias.repeat(4)).unflatten(-1, (4, -1))
