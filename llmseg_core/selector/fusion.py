# SPDX-License-Identifier: Apache-2.0
"""The fusion module: two-way attention between mask embeddings and the seg embedding.

Paper section 3.3 and figure 3. Unlike in SAM's decoder there is no positional encoding: the
proposals are a set.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Attention", "FusionModule"]


class Attention(nn.Module):
    """Multi-head attention whose inner width may be smaller than its outer one, as in SAM.

    Args:
        width: D, width of queries, keys and output.
        num_heads: heads.
        downsample: factor by which the inner width is smaller.
    """

    def __init__(self, width: int, num_heads: int, downsample: int = 1) -> None:
        super().__init__()
        inner = width // downsample
        if inner % num_heads:
            raise ValueError(f"num_heads is {num_heads}, it must divide the inner width {inner}")
        self.num_heads = num_heads
        self.q_proj = nn.Linear(width, inner)
        self.k_proj = nn.Linear(width, inner)
        self.v_proj = nn.Linear(width, inner)
        self.out_proj = nn.Linear(inner, width)

    def forward(self, queries: Tensor, keys: Tensor, valid: Tensor | None = None) -> Tensor:
        """What each query reads from the keys.

        Args:
            queries: (N, Q, D).
            keys: (N, S, D); they are the values too.
            valid: (N, S) bool, keys that may be read, at least one a row; None means all.

        Returns:
            (N, Q, D).
        """
        if keys.shape[1] == 1 and valid is None and not torch.is_grad_enabled():
            # The softmax of one number is 1: a single key is read whole, whatever is asked.
            return self.out_proj(self.v_proj(keys)).expand(-1, queries.shape[1], -1)
        q, k, v = (
            projection(tokens).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for projection, tokens in (
                (self.q_proj, queries),
                (self.k_proj, keys),
                (self.v_proj, keys),
            )
        )
        mask = None if valid is None else valid[:, None, None, :]
        read = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out_proj(read.transpose(1, 2).flatten(2))


class FusionBlock(nn.Module):
    """Self-attention of the masks, masks read the seg token, MLP, the seg token reads the masks.

    A residual and a LayerNorm follow each of the four.
    """

    def __init__(self, width: int, num_heads: int, mlp_dim: int, downsample: int) -> None:
        super().__init__()
        self.self_attention = Attention(width, num_heads)
        self.masks_to_seg = Attention(width, num_heads, downsample)
        self.mlp = nn.Sequential(nn.Linear(width, mlp_dim), nn.ReLU(), nn.Linear(mlp_dim, width))
        self.seg_to_masks = Attention(width, num_heads, downsample)
        self.norm1, self.norm2, self.norm3, self.norm4 = (nn.LayerNorm(width) for _ in range(4))

    def mix(self, masks: Tensor, valid: Tensor | None) -> Tensor:
        """The masks' self-attention, (N, K, D) to (N, K, D): the part without the seg token."""
        return self.norm1(masks + self.self_attention(masks, masks, valid))

    def exchange(self, masks: Tensor, seg: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        """What follows `mix`, for (N, K, D) mask embeddings and the (N, 1, D) seg embedding."""
        masks = self.norm2(masks + self.masks_to_seg(masks, seg))
        masks = self.norm3(masks + self.mlp(masks))
        seg = self.norm4(seg + self.seg_to_masks(seg, masks, valid))
        return masks, seg


class FusionModule(nn.Module):
    """Blocks of two-way attention, then a last look of the masks at the seg token.

    Args:
        width: D, width of all embeddings.
        num_blocks: blocks.
        num_heads: attention heads.
        mlp_dim: hidden width of the blocks' MLP.
        downsample: factor by which cross-attention is narrower than `width`.
    """

    def __init__(
        self, width: int, num_blocks: int, num_heads: int, mlp_dim: int, downsample: int = 1
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            FusionBlock(width, num_heads, mlp_dim, downsample) for _ in range(num_blocks)
        )
        self.final_attention = Attention(width, num_heads, downsample)
        self.final_norm = nn.LayerNorm(width)

    def forward(self, masks: Tensor, seg: Tensor, valid: Tensor | None = None) -> Tensor:
        """Mask embeddings that know of each other and of the instruction.

        Args:
            masks: (N, K, D) mask embeddings, K at least 1.
            seg: (N, 1, D) seg embedding.
            valid: (N, K) bool, False where a row of `masks` is padding; None if there is none.

        Returns:
            (N, K, D); rows of padding hold no meaning.
        """
        return self.finish(self.begin(masks, valid), seg, valid)

    def begin(self, masks: Tensor, valid: Tensor | None = None) -> Tensor:
        """The part of `forward` that no instruction changes, (N, K, D) to (N, K, D)."""
        return self._block(0).mix(masks, _readable(valid))

    def finish(self, masks: Tensor, seg: Tensor, valid: Tensor | None = None) -> Tensor:
        """What follows `begin`; arguments and result as those of `forward`."""
        valid = _readable(valid)
        masks, seg = self._block(0).exchange(masks, seg, valid)
        for number in range(1, len(self.blocks)):
            block = self._block(number)
            masks, seg = block.exchange(block.mix(masks, valid), seg, valid)
        return self.final_norm(masks + self.final_attention(masks, seg))

    def _block(self, number: int) -> FusionBlock:
        block = self.blocks[number]
        assert isinstance(block, FusionBlock)
        return block


def _readable(valid: Tensor | None) -> Tensor | None:
    """A sample of nothing but padding may read itself, so that no softmax is empty."""
    return None if valid is None else valid | ~valid.any(1, keepdim=True)
