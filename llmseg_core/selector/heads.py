# SPDX-License-Identifier: Apache-2.0
"""The two selection heads (paper section 3.3, figure 3)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["IoPHead", "IoUHead"]


class IoUHead(nn.Module):
    """Maps mask embeddings into the space of the seg embedding and compares them there.

    Args:
        width: D, width of the embeddings.
        hidden_dim: hidden width of the MLP.
    """

    def __init__(self, width: int, hidden_dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, width)
        )

    def forward(self, masks: Tensor, seg_embedding: Tensor) -> Tensor:
        """Cosine similarity of each mask to the instruction.

        Args:
            masks: (N, K, D) after the fusion module.
            seg_embedding: (N, D) before the fusion module.

        Returns:
            (N, K) float32 in [-1, 1]; half precision would make ties of near scores.
        """
        return F.cosine_similarity(self.mlp(masks).float(), seg_embedding[:, None].float(), dim=2)


class IoPHead(nn.Module):
    """Predicts which share of each proposal lies on the target.

    Args:
        width: D, width of the embeddings.
        hidden_dim: hidden width of the MLP.
    """

    def __init__(self, width: int, hidden_dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 1))

    def forward(self, masks: Tensor) -> Tensor:
        """(N, K, D) after the fusion module to (N, K) logits; their sigmoid is the IoP."""
        return self.mlp(masks).squeeze(2)
